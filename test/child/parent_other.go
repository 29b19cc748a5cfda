//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// endWithParent keeps ^C in a terminal for this process. Only Linux can end a child with its parent.
func endWithParent(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
