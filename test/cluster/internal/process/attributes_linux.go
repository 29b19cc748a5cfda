package process

import "syscall"

// attributes ties a child to the life of the thread that starts it and gives it a process group.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
