// Package node is one simulated node: a scheduler that binds pods to it and a kubelet that runs them.
//
// In: Pods, watched. Out: their bindings and statuses, and one Program of this process running per container, each under
// its pod's own address. A program takes the place of a container image; which one is a look-up by image name. The node must
// not know what the programs are, nor read or write anything but its Node and Lease, Pods and their statuses.
package node
