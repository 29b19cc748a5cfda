// Package existing looks at a cluster that somebody else runs.
//
// In come a kubectl and a KUBECONFIG, which may be a list of files; out goes what is worth knowing about the cluster, or
// why it does not answer. kubectl reads the kubeconfig, so every way to log in that it knows works here. The package must
// not change anything in the cluster.
package existing
