// Package controlplane gives Go tests a real Kubernetes control plane.
//
// In comes the environment; out goes a client configuration for an API server with etcd and a controller manager behind it,
// started by the program in test/cluster, or for the cluster of KUBECONFIG if that is set. The first start on a machine
// gets the programs, which can take minutes; later ones take seconds. Whatever was started ends when the test's process
// does, however that ends.
//
// The package must not require the module of test/cluster: it builds that program with the Go toolchain and talks to it by
// its standard input and output.
package controlplane
