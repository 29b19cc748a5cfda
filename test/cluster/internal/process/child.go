//go:build unix

package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Spec says what to start.
type Spec struct {
	// Name is what people call the child.
	Name string
	Path string
	Args []string
	// Dir is the folder the child runs in.
	Dir string
	// Log is the file that gets all that the child prints; what was in it is lost unless the child is to Continue it.
	Log      string
	Continue bool
}

// Child is a started process.
type Child struct {
	spec Spec
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start starts a child.
func Start(spec Spec) (*Child, error) {
	mode := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if !spec.Continue {
		mode |= os.O_TRUNC
	}
	log, err := os.OpenFile(spec.Log, mode, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // The child has its own.
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = spec.Dir, log, log
	if err := Launch(cmd); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	child := &Child{spec: spec, cmd: cmd, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()
	return child, nil
}

// Name is what people call the child.
func (c *Child) Name() string { return c.spec.Name }

// Pid is the child's process id.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// Done is closed when the child has ended.
func (c *Child) Done() <-chan struct{} { return c.done }

// Ended says how a child that has ended did so, with the last lines of its log.
func (c *Child) Ended() error {
	return fmt.Errorf("%s ended (%s); the end of its log:\n%s", c.Name(), c.How(), c.Tail(20))
}

// How says in a few words how a child that has ended did so.
func (c *Child) How() string {
	<-c.done
	if c.err == nil {
		return "exit status 0"
	}
	return c.err.Error()
}

// Tail returns the last lines of the child's log.
func (c *Child) Tail(lines int) string {
	text, err := os.ReadFile(c.spec.Log)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	return "  " + strings.Join(all[max(0, len(all)-lines):], "\n  ")
}

// Stop asks the child to end, kills it if it has not ended after grace, and returns when it has ended.
func (c *Child) Stop(grace time.Duration) {
	c.signal(syscall.SIGTERM)
	bound := time.NewTimer(grace)
	defer bound.Stop()
	select {
	case <-c.done:
	case <-bound.C:
		c.Kill()
	}
}

// Kill ends the child at once and returns when it has ended.
func (c *Child) Kill() {
	c.signal(syscall.SIGKILL)
	<-c.done
}

// signal sends a signal to a child that may have ended already.
func (c *Child) signal(signal syscall.Signal) {
	if err := c.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(fmt.Sprintf("signal %v to the own child %s: %v", signal, c.Name(), err))
	}
}
