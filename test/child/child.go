// Package child starts programs for tests and tools that must not leave any behind.
//
// In: a command that was not started. Out: its process, which the kernel kills when this one dies, whatever it dies of (on Linux;
// elsewhere it is only kept from ^C in a terminal). It waits for nothing and stops nothing.
package child

import (
	"os/exec"
	"runtime"
	"sync"
)

// launches leads to a goroutine that never gives its thread back: the kernel ties the life of a child to the thread that
// started it, and Go ends threads.
var launches = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})

// Start starts a program that does not outlive this process.
func Start(cmd *exec.Cmd) error {
	endWithParent(cmd)
	started := make(chan error)
	launches() <- func() { started <- cmd.Start() }
	return <-started
}
