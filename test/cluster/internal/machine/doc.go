// Package machine knows what a node leaves on the machine beside its folder, and takes it away again.
//
// In come the node's folder and what was noted of the machine before the node; out goes a machine as it was: no process, mount,
// network link, packet filter rule, cgroup, file or kernel setting of the node is left. What it takes away is told by names
// and paths that only a node of this module has, never by guess. The package must not touch anything else.
package machine
