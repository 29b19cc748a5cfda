//go:build e2e

package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/serin-dev/serin/test/child"
)

// process is a program that can be ended at any time and started again.
type process struct {
	path string
	args []string
	env  []string
	log  string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{}
}

// start starts it. Its log is appended to.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has a descriptor of its own
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := child.Start(cmd); err != nil {
		return err
	}
	ended := make(chan struct{})
	p.cmd, p.ended = cmd, ended
	go func() {
		_ = cmd.Wait() // the exit code of a killed process says nothing
		close(ended)
	}()
	return nil
}

// send sends a signal; a process that has ended does not mind.
func (p *process) send(signal os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(signal)
	}
}

// kill ends it as the kernel does when memory runs out, and waits until it is gone.
func (p *process) kill() {
	p.send(syscall.SIGKILL)
	p.wait()
}

// stop ends it as a kubelet does.
func (p *process) stop() {
	p.send(syscall.SIGTERM)
	p.wait()
}

// wait waits until it has ended.
func (p *process) wait() {
	if ended := p.done(); ended != nil {
		<-ended
	}
}

// done is closed when the process that was started last has ended.
func (p *process) done() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// build builds a command of the repository into a folder.
func build(ctx context.Context, folder, name, source string, flags ...string) (string, error) {
	program := filepath.Join(folder, name)
	cmd := exec.CommandContext(ctx, "go", append(append([]string{"build", "-o", program}, flags...), source)...)
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", source, err, output)
	}
	return program, nil
}
