package story

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/serin-dev/serin/test/child"
)

// Controller is `serin controller` as a process of its own, so that it can be killed.
type Controller struct {
	program, kubeconfig, log string

	mu  sync.Mutex
	cmd *exec.Cmd
}

// buildController builds the command into a folder.
func buildController(ctx context.Context, root, folder string) (string, error) {
	program := filepath.Join(folder, "serin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/serin")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build cmd/serin: %w\n%s", err, output)
	}
	return program, nil
}

// build starts building the command beside what else is started, and returns what waits for it.
func build(ctx context.Context, root, folder string) func() (string, error) {
	var program string
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		program, err = buildController(ctx, root, folder)
	}()
	return func() (string, error) {
		<-done
		return program, err
	}
}

// Start starts the process. Its log is appended to.
func (c *Controller) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has a descriptor of its own
	c.cmd = exec.Command(c.program, "controller", "--kubeconfig", c.kubeconfig, "--leader-elect=false", "--secret-namespaces="+shop,
		"--metrics-bind-address=0", "--health-bind-address=0")
	c.cmd.Stdout, c.cmd.Stderr = log, log
	return child.Start(c.cmd)
}

// Kill ends the process with SIGKILL, as the kernel does when memory runs out, and waits until it is gone.
func (c *Controller) Kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil || c.cmd.Process == nil {
		return
	}
	_ = c.cmd.Process.Kill() // an error says that it has ended already
	_ = c.cmd.Wait()         // the exit code of a killed process says nothing
	c.cmd = nil
}
