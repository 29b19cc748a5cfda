//go:build linux

package machine

import "path/filepath"

// What only a node of this module has. None of it may be a name that another program of the machine could choose.
const (
	// Dir is the folder of the node. There is one at most, since it has the machine's links and packet filter.
	Dir = "/var/lib/serin-node"
	// Bridge is the network link that pods are behind.
	Bridge = "serin0"
	// CGroup is the cgroup that all pods are in.
	CGroup = "serin-node"
	// Table is the packet filter table for pods that talk to the world.
	Table = "serin-node"
	// Network is the name of the pods' network, which the files of CNI are called by.
	Network = "serin-node"
)

// Socket is where containerd listens. Its shims carry the path in their command lines.
func Socket() string { return filepath.Join(Dir, "containerd.sock") }

// State is the folder with what containerd knows of running containers.
func State() string { return filepath.Join(Dir, "run") }
