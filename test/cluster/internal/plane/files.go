package plane

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/serin-dev/serin/test/cluster/internal/pki"
)

const (
	// serviceRange is where the addresses of Services come from, and firstService is the one of the Service "kubernetes".
	serviceRange = "10.96.0.0/16"
	firstService = "10.96.0.1"
	// proxyUser is whom the API server is to the servers behind it.
	proxyUser = "front-proxy-client"
	// issuer is the name in service account tokens.
	issuer = "https://kubernetes.default.svc.cluster.local"
	// controllerManagerUser is the user that RBAC's default roles know the controller manager by.
	controllerManagerUser = "system:kube-controller-manager"
	// loopback is where all listens that has no reason to listen elsewhere.
	loopback = "127.0.0.1"
)

// layout gives the paths in the folder of a control plane.
type layout struct {
	root  string
	audit Audit
	// node is the address of the node, empty if there is none.
	node string
}

// host is the address that the API server listens on.
func (l layout) host() string { return cmp.Or(l.node, loopback) }

// at is the path of a file in the folder.
func (l layout) at(name string) string { return filepath.Join(l.root, name) }

// cert and key are the paths of a certificate and its key.
func (l layout) cert(name string) string { return l.at("pki/" + name + ".crt") }
func (l layout) key(name string) string  { return l.at("pki/" + name + ".key") }

// log is the path of a program's log.
func (l layout) log(program string) string { return l.at("logs/" + program + ".log") }

// socket is the path of the socket that etcd listens on; unlike a port, it cannot be taken by somebody else.
func (l layout) socket() string { return l.at("etcd.sock") }

// kubeconfig is the path of the administrator's kubeconfig.
func (l layout) kubeconfig() string { return l.at("kubeconfig") }

// credentials are what the control plane needs in memory to look after itself.
type credentials struct {
	authority *pki.Authority
	admin     pki.Pair
}

// writeCertificates makes all certificates and keys and writes those that a program reads.
func (l layout) writeCertificates() (credentials, error) {
	for _, folder := range []string{"pki", "logs"} {
		if err := os.MkdirAll(l.at(folder), 0o700); err != nil {
			return credentials{}, err
		}
	}
	authority, err := pki.NewAuthority("serin-test-ca")
	if err != nil {
		return credentials{}, err
	}
	front, err := pki.NewAuthority("serin-test-front-proxy-ca")
	if err != nil {
		return credentials{}, err
	}
	maker := &maker{layout: l}
	serving := maker.pair(authority.Server("kube-apiserver", append(servingHosts(), l.host())...))
	proxy := maker.pair(front.Client(proxyUser))
	admin := maker.pair(authority.Client("serin-admin", "system:masters"))
	kubelets := maker.pair(authority.Client("serin-kubelet-client", "system:masters"))
	maker.write("ca", authority.Pair)
	maker.write("front-proxy-ca", front.Pair)
	maker.write("serving", serving)
	maker.write("front-proxy-client", proxy)
	maker.write("kubelet-client", kubelets)
	private, public, err := pki.SigningKey()
	maker.note(err)
	maker.write("service-account", pki.Pair{Cert: public, Key: private})
	return credentials{authority: authority, admin: admin}, maker.err
}

// servingHosts are the names that the API server is reached by.
func servingHosts() []string {
	return []string{
		"127.0.0.1", "::1", "localhost", firstService,
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
	}
}

// writeKubeconfig writes a kubeconfig for a user of the API server.
func (l layout) writeKubeconfig(path, server string, authority, user pki.Pair) error {
	text := fmt.Sprintf(kubeconfigTemplate, server, encode(authority.Cert), encode(user.Cert), encode(user.Key))
	return os.WriteFile(path, []byte(text), 0o600)
}

// maker makes and writes pairs until something fails.
type maker struct {
	layout
	err error
}

// pair passes a pair on and notes an error.
func (m *maker) pair(pair pki.Pair, err error) pki.Pair {
	m.note(err)
	return pair
}

// write writes a pair to its two files.
func (m *maker) write(name string, pair pki.Pair) {
	if m.err == nil {
		m.note(os.WriteFile(m.cert(name), pair.Cert, 0o600))
	}
	if m.err == nil {
		m.note(os.WriteFile(m.key(name), pair.Key, 0o600))
	}
}

// note keeps the first error.
func (m *maker) note(err error) {
	if m.err == nil {
		m.err = err
	}
}
