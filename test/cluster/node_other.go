//go:build unix && !linux

package main

import (
	"errors"

	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// errLinux says where nodes run.
var errLinux = errors.New("a node needs Linux, and root there")

// exitError carries the exit status of a command.
type exitError struct{ code int }

// Error says the status.
func (exitError) Error() string { return "" }

func runNode([]string, *progress.Log) error { return errLinux }

func runLoad([]string, *progress.Log) error { return errLinux }
