//go:build unix && !linux

package process

import "syscall"

// attributes gives a child a process group; these systems have no way to tie its life to its parent's.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
