// Package plane runs one Kubernetes control plane: etcd, kube-apiserver, kube-controller-manager.
//
// In comes a folder with their programs; out goes a running control plane and a kubeconfig for its administrator. It is a
// real one as far as it goes: RBAC, admission, aggregation, service accounts and all controllers that need no cloud.
//
// By itself it is one without nodes, on the loopback interface. There is no scheduler, no kubelet and no network between pods:
// whoever wants pods to run creates them with a nodeName and plays the kubelet. Two things differ from a cluster with nodes on
// purpose, so that a Node object which nobody renews stays schedulable: the node lifecycle controller does not run, and
// admission does not taint new nodes as not ready. All state is in one scratch folder and goes with it.
//
// For a real node (package node) it listens on the node's address, keeps its state in the node's folder and has the scheduler
// and every controller. The package must not listen on anything but loopback addresses and that of the node.
package plane
