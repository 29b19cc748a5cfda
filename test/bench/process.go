package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/child"
)

// ticksPerSecond is the unit of CPU time in /proc, which Linux keeps at 100 on every architecture.
const ticksPerSecond = 100

// process is the controller's.
type process struct {
	cmd *exec.Cmd
	log string
	// ended is closed when the process has.
	ended chan struct{}
}

// buildSerin builds cmd/serin into a folder.
func buildSerin(ctx context.Context, root, folder string) (string, error) {
	program := filepath.Join(folder, "serin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/serin")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build cmd/serin: %w\n%s", err, output)
	}
	return program, nil
}

// launch starts the controller as an installation does, with an election of a leader.
func launch(program, kubeconfig, log string) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // the process has a descriptor of its own
	cmd := exec.Command(program, "controller", "--kubeconfig", kubeconfig, "--leader-elect-namespace", "serin-system",
		"--metrics-bind-address=0", "--health-bind-address=0")
	cmd.Stdout, cmd.Stderr = file, file
	if err := child.Start(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in its log
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process and waits until it is gone.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // an error says that it has ended already
	<-p.ended
}

// alive is an error with the end of the log if the process has ended.
func (p *process) alive() error {
	select {
	case <-p.ended:
		text, _ := os.ReadFile(p.log)
		return fmt.Errorf("the controller ended; its log ends with:\n%s", text[max(len(text)-2000, 0):])
	default:
		return nil
	}
}

// cpu is the CPU time that the process has used.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(string(text))
}

// parseCPU reads user and system time from a stat file of /proc: the 14th and 15th fields, of which the second, in
// parentheses, may hold anything.
func parseCPU(text string) (time.Duration, error) {
	fields := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("no CPU time in %q", text)
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("no CPU time in %q: %w", text, err)
		}
		ticks += n
	}
	return time.Duration(ticks) * time.Second / ticksPerSecond, nil
}

// peak is the most memory that the process ever held, in bytes.
func (p *process) peak() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parsePeak(string(text))
}

// parsePeak reads the peak of the resident memory from a status file of /proc.
func parsePeak(text string) (int64, error) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kilobytes * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in %q", text)
}

// load is the machine's load average over a minute, for whoever compares numbers.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}
