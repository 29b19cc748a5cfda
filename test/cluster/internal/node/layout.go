//go:build linux

package node

import (
	"path/filepath"

	"github.com/serin-dev/serin/test/cluster/internal/machine"
)

// layout gives the paths in the node's folder.
type layout struct{}

// at is the path of a file in the folder.
func (layout) at(name string) string { return filepath.Join(machine.Dir, name) }

// lock is the path of the file that the owner of the folder holds a lock on.
func (l layout) lock() string { return l.at("pid") }

// podLogs is the folder with the logs of pods.
func (l layout) podLogs() string { return l.at("pod-logs") }

// log is the path of a program's log.
func (l layout) log(program string) string { return l.at("logs/" + program + ".log") }
