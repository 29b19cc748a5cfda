package child

import (
	"os/exec"
	"syscall"
)

// endWithParent has the kernel kill the process when this one dies without stopping it, and keeps ^C in a terminal for this
// one.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
