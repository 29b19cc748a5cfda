package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/machine"
	"github.com/serin-dev/serin/test/cluster/internal/node"
	"github.com/serin-dev/serin/test/cluster/internal/process"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// afterSignal is the time that the command of a node has to end by itself.
const afterSignal = 30 * time.Second

// exitError carries the exit status of a command.
type exitError struct{ code int }

// Error says the status.
func (e exitError) Error() string {
	return fmt.Sprintf("the command ended with exit status %d", e.code)
}

// runCommand runs a command against the node. A signal is passed on to it.
func runCommand(ctx context.Context, command []string, kubeconfig, programs string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+kubeconfig,
		"SERIN_NODE="+filepath.Join(filepath.Dir(kubeconfig), stateFile),
		"PATH="+programs+":"+os.Getenv("PATH"),
	)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = afterSignal
	if err := process.LaunchBeside(cmd); err != nil {
		return err
	}
	err := cmd.Wait()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		if code := failed.ExitCode(); code > 0 {
			return exitError{code: code}
		}
	}
	return err
}

// runLoad carries out "load".
func runLoad(args []string, log *progress.Log) error {
	flags, err := parseNode(args)
	if err != nil || len(flags.images) == 0 || flags.check || flags.audit || flags.logSpace > 0 || len(flags.command) > 0 {
		return errUsage
	}
	path := os.Getenv("SERIN_NODE")
	if path == "" {
		path = filepath.Join(machine.Dir, stateFile)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("no node runs on this machine (start one with \"cluster node\"): %w", err)
	}
	ctx, stop := untilSignal(context.Background())
	defer stop()
	if err := node.Import(ctx, flags.images); err != nil {
		return err
	}
	log.Say("imported %s", strings.Join(flags.images, ", "))
	return nil
}
