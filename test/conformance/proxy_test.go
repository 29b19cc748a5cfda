package conformance

import (
	"context"
	"time"

	"github.com/serin-dev/serin/proxy"
	"github.com/serin-dev/serin/test/sim/node"

	"k8s.io/client-go/rest"
)

// adminPort is where a proxy's counters are on its pod's address.
const adminPort = 9102

// proxyProgram is the bundled proxy in a simulated pod: the real one, whose sockets lie on the simulated network.
type proxyProgram struct{ config *rest.Config }

// Run runs a proxy until its pod terminates.
func (p proxyProgram) Run(ctx context.Context, pod node.Pod) error {
	server, err := proxy.New(proxy.Options{
		RestConfig: p.config, PodName: pod.Name, PodNamespace: pod.Namespace, AdvertiseIP: pod.IP.String(),
		AdminAddress: "127.0.0.1:0", WithdrawGrace: 100 * time.Millisecond,
		Listen: pod.Network.Listen, Dial: pod.Network.DialFrom(pod.IP), Peer: pod.Network.Peer,
	})
	if err != nil {
		return err
	}
	hide, err := pod.Network.Expose(server.AdminAddr(), pod.IP, adminPort)
	if err != nil {
		return err
	}
	defer hide()
	running, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-pod.Terminating:
			stop()
		case <-running.Done():
		}
	}()
	pod.Ready()
	return server.Run(running)
}
