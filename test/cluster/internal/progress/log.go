package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	prefix = "cluster: "
	// erase goes back to the start of a terminal's line and clears it.
	erase = "\r\x1b[K"
	// plainEvery and liveEvery are the times between two signs of life of a task.
	plainEvery = 10 * time.Second
	liveEvery  = time.Second
)

// Log writes what is going on to one place. It may be used from several goroutines.
type Log struct {
	mu    sync.Mutex
	out   io.Writer
	every time.Duration
	// erase is empty where lines cannot be written over.
	erase string
	// passing says that the last line on the terminal is one to be written over.
	passing bool
}

// ToFile returns a Log that writes over its lines if file is a terminal.
func ToFile(file *os.File) *Log {
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 || os.Getenv("TERM") == "dumb" {
		return Plain(file)
	}
	return Terminal(file)
}

// Plain returns a Log for a place where only whole lines look right.
func Plain(out io.Writer) *Log {
	return &Log{out: out, every: plainEvery}
}

// Terminal returns a Log for a place where a line can be written over.
func Terminal(out io.Writer) *Log {
	return &Log{out: out, every: liveEvery, erase: erase}
}

// Say writes one line.
func (l *Log) Say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clear()
	l.write(fmt.Sprintf(prefix+format+"\n", args...))
}

// pass writes a line that the next one replaces where that is possible.
func (l *Log) pass(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.erase == "" {
		l.write(prefix + line + "\n")
		return
	}
	l.write(l.erase + prefix + line)
	l.passing = true
}

// clear removes a passing line. The caller holds mu.
func (l *Log) clear() {
	if l.passing {
		l.write(l.erase)
		l.passing = false
	}
}

// write writes text. Where that fails there is nobody to tell.
func (l *Log) write(text string) {
	_, _ = io.WriteString(l.out, text)
}
