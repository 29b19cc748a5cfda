package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that takes seconds on an idle machine.
const patience = 2 * time.Minute

// program is the path of the program under test.
var program string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

// testMain builds the program, because only a process of its own can be killed.
func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "serin-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "cluster")
	if text, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, text)
		return 1
	}
	return m.Run()
}

// running is a program that was started.
type running struct {
	report
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	lines *bufio.Reader
	// base is the folder for its temporary files.
	base string

	mu   sync.Mutex
	said bytes.Buffer
}

// Write takes what the program says on its standard error.
func (r *running) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = r.t.Output().Write(text)
	return r.said.Write(text)
}

// hasSaid reports whether the program has said something.
func (r *running) hasSaid(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.said.String(), text)
}

// launch starts "up" with its temporary files in base and a KUBECONFIG, which may be empty.
func launch(t *testing.T, base, kubeconfig string, args ...string) *running {
	t.Helper()
	r := begin(t, append([]string{"up"}, args...)...)
	r.base = base
	r.cmd.Env = append(os.Environ(), "TMPDIR="+base, "KUBECONFIG="+kubeconfig)
	r.start(t)
	return r
}

// begin returns the program with arguments, which is yet to be started.
func begin(t *testing.T, args ...string) *running {
	return &running{t: t, cmd: command(args...)}
}

// start starts the program; it ends with the test.
func (r *running) start(t *testing.T) {
	t.Helper()
	r.cmd.Stderr = r
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if r.stdin, err = r.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.lines = bufio.NewReader(stdout)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.stdin.Close()
		_ = r.cmd.Wait()
	})
}

// launchReady starts "up" and waits until it is ready.
func launchReady(t *testing.T, base, kubeconfig string, args ...string) *running {
	t.Helper()
	r := launch(t, base, kubeconfig, args...)
	r.awaitReport(t)
	return r
}

// awaitReport waits for the line that says that the program is ready.
func (r *running) awaitReport(t *testing.T) {
	t.Helper()
	line, err := r.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("no report: %v", err)
	}
	if err := json.Unmarshal(line, &r.report); err != nil {
		t.Fatalf("the report %q: %v", line, err)
	}
}

// exit waits for the program's end and returns its exit status.
func (r *running) exit() int {
	r.t.Helper()
	bound := time.AfterFunc(patience, func() { _ = r.cmd.Process.Kill() })
	defer bound.Stop()
	err := r.cmd.Wait()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		r.t.Fatal(err)
	}
	return r.cmd.ProcessState.ExitCode()
}

// wantNothingLeft checks that the programs are gone and that nothing is left in base.
func (r *running) wantNothingLeft() {
	r.t.Helper()
	for name, pid := range r.Pids {
		if alive(pid) {
			r.t.Errorf("%s (%d) is still running", name, pid)
		}
	}
	if left, err := os.ReadDir(r.base); err != nil || len(left) > 0 {
		r.t.Errorf("left in %s: %v, %v", r.base, left, err)
	}
}

// kubectl runs kubectl against the control plane with an input and returns what it prints.
func (r *running) kubectl(input string, args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(r.Assets, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+r.Kubeconfig)
	cmd.Stdin = strings.NewReader(input)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// must is kubectl for what has to succeed.
func (r *running) must(t *testing.T, input string, args ...string) string {
	t.Helper()
	text, err := r.kubectl(input, args...)
	if err != nil {
		t.Fatalf("kubectl %v: %v: %s", args, err, text)
	}
	return text
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	bound := time.After(patience)
	for !holds() {
		select {
		case <-look.C:
		case <-bound:
			t.Fatalf("in %s it never came true that %s", patience, what)
		}
	}
}

// alive reports whether a process runs; one that has ended and that nobody has waited for does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !slices.Contains(strings.Fields(string(stat)), "Z")
}

// tempDir returns a temporary folder with a path that leaves room for sockets.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "serin-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
