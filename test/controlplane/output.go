package controlplane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// remembered bounds how much of the program's words is kept for an error, in bytes.
const remembered = 8 << 10

// report is what the program prints when the control plane answers.
type report struct {
	Kubeconfig string         `json:"kubeconfig"`
	Dir        string         `json:"dir"`
	Assets     string         `json:"assets"`
	Owned      bool           `json:"owned"`
	Version    string         `json:"version"`
	Audit      string         `json:"audit"`
	Pids       map[string]int `json:"pids"`
	err        error
}

// answer is the program's standard output: its first line is a report, the rest is of no interest.
type answer struct {
	reports chan<- report
	line    []byte
	done    bool
}

// Write takes the next piece of output.
func (a *answer) Write(text []byte) (int, error) {
	if a.done {
		return len(text), nil
	}
	a.line = append(a.line, text...)
	line, _, complete := bytes.Cut(a.line, []byte("\n"))
	if complete {
		var r report
		if err := json.Unmarshal(line, &r); err != nil {
			r.err = fmt.Errorf("the program answers %q: %w", line, err)
		}
		a.done = true
		a.reports <- r
	}
	return len(text), nil
}

// tail passes text on and keeps the end of it.
type tail struct {
	mu   sync.Mutex
	to   io.Writer
	last []byte
}

// Write takes the next piece of text.
func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, text...)
	t.last = t.last[max(0, len(t.last)-remembered):]
	_, _ = t.to.Write(text) // That nobody reads the progress is no reason to end the program.
	return len(text), nil
}

// text returns what was kept.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
