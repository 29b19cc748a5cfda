//go:build unix

package process

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launch is one request to the goroutine that starts children.
type launch struct {
	cmd     *exec.Cmd
	started chan error
}

// launches leads to the goroutine that starts children and never gives its thread back.
var launches = sync.OnceValue(func() chan<- launch {
	requests := make(chan launch)
	go func() {
		runtime.LockOSThread()
		for request := range requests {
			request.started <- request.cmd.Start()
		}
	}()
	return requests
})

// Launch starts cmd so that it does not outlive this process; cmd.Wait is left to the caller.
func Launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	return start(cmd)
}

// LaunchBeside is Launch for a command that belongs to the person at the terminal, as this process does: it shares its process
// group.
func LaunchBeside(cmd *exec.Cmd) error {
	cmd.SysProcAttr = attributes()
	cmd.SysProcAttr.Setpgid = false
	return start(cmd)
}

// start starts a command from the goroutine that keeps its thread.
func start(cmd *exec.Cmd) error {
	request := launch{cmd: cmd, started: make(chan error, 1)}
	launches() <- request
	return <-request.started
}

// SignalGroup sends a signal to a launched command and to what that command started.
func SignalGroup(cmd *exec.Cmd, signal syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, signal)
}
