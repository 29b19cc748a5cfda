//go:build linux

package node

// The node's network. Nothing of it is reachable from another machine.
const (
	// Address is the node's own, on its bridge.
	Address = "10.244.0.1"
	// podRange is where the addresses of pods come from.
	podRange = "10.244.0.0/16"
	// dnsAddress is the one of the Service kube-dns.
	dnsAddress = "10.96.0.10"
	// dnsDomain is what the names of Services end in.
	dnsDomain = "cluster.local"
	// Name is the node's name.
	Name = "serin-node"
	// Namespace is the one of containerd that Kubernetes' images and containers are in.
	Namespace = "k8s.io"

	pauseImage = "node.serin.invalid/pause:1"
	dnsImage   = "node.serin.invalid/coredns:1"
)
