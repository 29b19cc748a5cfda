package prometheus

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

// launch starts a program that does not outlive this process.
func launch(cmd *exec.Cmd) error {
	endWithParent(cmd)
	started := make(chan error)
	launches() <- func() { started <- cmd.Start() }
	return <-started
}
