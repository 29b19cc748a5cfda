//go:build unix

package plane

import (
	"context"
	"fmt"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
)

// ServiceRange is where the addresses of Services come from.
const ServiceRange = serviceRange

// schedulerUser is the user that RBAC's default roles know the scheduler by.
const schedulerUser = "system:kube-scheduler"

// apiServerNodeFlags are the flags of kube-apiserver that differ with a node and without. Without, there is no address that
// may stand in an EndpointSlice, and nobody takes the taint off a new Node object.
func (l layout) apiServerNodeFlags() []string {
	if l.node == "" {
		return []string{"--endpoint-reconciler-type=none", "--disable-admission-plugins=TaintNodesByCondition"}
	}
	return []string{
		"--kubelet-client-certificate=" + l.cert("kubelet-client"),
		"--kubelet-client-key=" + l.key("kubelet-client"),
		"--kubelet-certificate-authority=" + l.cert("ca"),
		"--kubelet-preferred-address-types=InternalIP",
	}
}

// controllerManagerNodeFlags are the flags of kube-controller-manager that differ with a node and without: a Node object
// that nobody renews must not be taken for a dead node.
func (l layout) controllerManagerNodeFlags() []string {
	if l.node == "" {
		return []string{"--controllers=*,-node-lifecycle-controller"}
	}
	return []string{"--controllers=*", "--horizontal-pod-autoscaler-sync-period=5s"}
}

// schedulerFlags are the flags of kube-scheduler on a port.
func (l layout) schedulerFlags(port int) []string {
	config := l.at("scheduler.kubeconfig")
	return []string{
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=" + loopback,
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + l.cert("serving"),
		"--tls-private-key-file=" + l.key("serving"),
		"--leader-elect=false",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	}
}

// startScheduler starts a scheduler if there is a node to choose.
func (p *Plane) startScheduler(ctx context.Context) error {
	if p.layout.node == "" {
		return nil
	}
	if _, err := p.WriteKubeconfig("scheduler", schedulerUser); err != nil {
		return err
	}
	_, err := p.serve(ctx, server{program: assets.Scheduler, flags: p.layout.schedulerFlags, health: "/healthz"})
	return err
}

// WriteKubeconfig writes a kubeconfig for a user in groups and returns its path.
func (p *Plane) WriteKubeconfig(name, user string, groups ...string) (string, error) {
	pair, err := p.keys.authority.Client(user, groups...)
	if err != nil {
		return "", err
	}
	path := p.layout.at(name + ".kubeconfig")
	return path, p.layout.writeKubeconfig(path, p.Server, p.keys.authority.Pair, pair)
}

// Serving are the files that a server shows itself with.
type Serving struct {
	// Cert and Key are its own, Authority is the certificate of who signed it, and of those whom it may trust.
	Cert, Key, Authority string
}

// WriteServing writes a certificate for a server that is reached by the hosts.
func (p *Plane) WriteServing(name string, hosts ...string) (Serving, error) {
	maker := &maker{layout: p.layout}
	pair := maker.pair(p.keys.authority.Server(name, hosts...))
	maker.write(name, pair)
	return Serving{Cert: p.layout.cert(name), Key: p.layout.key(name), Authority: p.layout.cert("ca")}, maker.err
}

// Get asks the API server for what lies at a path, as the administrator.
func (p *Plane) Get(ctx context.Context, path string) ([]byte, error) {
	return p.client.get(ctx, p.Server+path)
}
