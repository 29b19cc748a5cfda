// Package node runs one real Kubernetes node on this machine, with its control plane.
//
// In come the programs, images as tar files and what the node is to have; out goes a node that is Ready, on which pods run
// and reach each other, Services, DNS and the API server. The parts are the real ones: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, containerd with runc, kubelet, kube-proxy and CoreDNS. Each that ends is started
// again.
//
// It needs root on Linux, and packages of the machine, which it installs where that is Debian. All it makes is in one folder
// or has a name of its own, and goes with it: see package machine. There is one node at a time. The package must not listen
// on anything but loopback addresses and the address of its own bridge.
package node
