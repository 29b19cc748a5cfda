package plane

import (
	"fmt"
	"slices"
)

// etcdFlags are the flags of etcd. It answers on a socket and, because it insists on a port for other members, on one that
// the kernel chooses and nobody uses. Nothing it holds is worth waiting for a disk.
func (l layout) etcdFlags() []string {
	return []string{
		"--name=serin",
		"--data-dir=" + l.at("etcd"),
		"--unsafe-no-fsync",
		"--listen-client-urls=unix://" + l.socket(),
		"--advertise-client-urls=http://127.0.0.1:0", // Nobody asks for it; a socket's address is refused here.
		"--listen-peer-urls=http://127.0.0.1:0",
		"--initial-advertise-peer-urls=http://127.0.0.1:0",
		"--initial-cluster=serin=http://127.0.0.1:0",
		"--quota-backend-bytes=4294967296",
		"--log-level=warn",
	}
}

// apiServerFlags are the flags of kube-apiserver on a port.
func (l layout) apiServerFlags(port int) []string {
	return slices.Concat(l.auditFlags(), l.apiServerNodeFlags(), []string{
		"--etcd-servers=unix://" + l.socket(),
		"--bind-address=" + l.host(),
		fmt.Sprintf("--secure-port=%d", port),
		"--advertise-address=" + l.host(),
		"--tls-cert-file=" + l.cert("serving"),
		"--tls-private-key-file=" + l.key("serving"),

		"--client-ca-file=" + l.cert("ca"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		"--service-cluster-ip-range=" + serviceRange,

		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + l.cert("service-account"),
		"--service-account-signing-key-file=" + l.key("service-account"),

		"--requestheader-client-ca-file=" + l.cert("front-proxy-ca"),
		"--requestheader-allowed-names=" + proxyUser,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + l.cert("front-proxy-client"),
		"--proxy-client-key-file=" + l.key("front-proxy-client"),

		"--max-requests-inflight=3000",
		"--max-mutating-requests-inflight=1500",
		"--profiling=false",
	})
}

// controllerManagerFlags are the flags of kube-controller-manager on a port. Rates and workers are for some hundred
// rollouts at a time; batch periods of zero make endpoints follow pods at once.
func (l layout) controllerManagerFlags(port int) []string {
	return slices.Concat(l.controllerManagerNodeFlags(), []string{
		"--kubeconfig=" + l.at("controller-manager.kubeconfig"),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + l.cert("serving"),
		"--tls-private-key-file=" + l.key("serving"),
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--root-ca-file=" + l.cert("ca"),
		"--service-account-private-key-file=" + l.key("service-account"),
		"--cluster-signing-cert-file=" + l.cert("ca"),
		"--cluster-signing-key-file=" + l.key("ca"),
		"--service-cluster-ip-range=" + serviceRange,
		"--flex-volume-plugin-dir=" + l.at("volume-plugins"), // It would make the default one in /usr.

		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
		"--concurrent-deployment-syncs=20",
		"--concurrent-replicaset-syncs=20",
		"--concurrent-statefulset-syncs=10",
		"--concurrent-endpoint-syncs=20",
		"--concurrent-service-endpoint-syncs=20",
		"--concurrent-namespace-syncs=20",
		"--concurrent-gc-syncs=20",
		"--endpoint-updates-batch-period=0s",
		"--endpointslice-updates-batch-period=0s",
		"--profiling=false",
	})
}
