package gobuild

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

// remembered bounds the number of lines of messages that are kept.
const remembered = 40

// output reads what `go build -v` prints: it counts modules fetched and packages compiled and keeps every other line, which
// is a message for people.
type output struct {
	mu       sync.Mutex
	rest     []byte
	fetched  int
	compiled int
	messages []string
}

// Write takes the next piece of text.
func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.rest = append(o.rest, text...)
	for {
		line, rest, complete := bytes.Cut(o.rest, []byte("\n"))
		if !complete {
			return len(text), nil
		}
		o.take(string(line))
		o.rest = rest
	}
}

// take counts or keeps one line.
func (o *output) take(line string) {
	switch {
	case strings.HasPrefix(line, "go: downloading "):
		o.fetched++
	case line != "" && !strings.ContainsAny(line, " \t:"):
		o.compiled++
	default:
		o.messages = append(o.messages, line)
		o.messages = o.messages[max(0, len(o.messages)-remembered):]
	}
}

// state says how far the build has come.
func (o *output) state() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.compiled > 0:
		return fmt.Sprintf("%d packages compiled", o.compiled)
	case o.fetched > 0:
		return fmt.Sprintf("%d modules fetched", o.fetched)
	}
	return "nothing to compile so far"
}

// text returns the messages.
func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.TrimSpace(strings.Join(o.messages, "\n") + "\n" + string(o.rest))
}
