//go:build e2e

package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// clockVariable names the file in which a steppable program finds by how many seconds its wall clock was stepped.
const clockVariable = "SERIN_TEST_CLOCK"

// nowBegins is how time.Now begins in the standard library, and steppedNow how it begins in a steppable program. Only the wall
// clock's reading is moved: the monotonic one goes on, as it does when somebody sets the clock.
const (
	nowBegins = `
func Now() Time {
	sec, nsec, mono := runtimeNow()
`
	steppedNow = nowBegins + `	sec += steppedBy.Load()
`
)

// stepped is a file that is added to package time of a steppable program.
const stepped = `package time

import (
	"sync/atomic"
	"syscall"
)

var steppedBy atomic.Int64

func init() {
	path, ok := syscall.Getenv("` + clockVariable + `")
	if !ok {
		return
	}
	steppedBy.Store(readStep(path))
	go func() {
		for {
			Sleep(20 * Millisecond)
			steppedBy.Store(readStep(path))
		}
	}()
}

func readStep(path string) int64 {
	fd, err := open(path)
	if err != nil {
		return steppedBy.Load()
	}
	defer closefd(fd)
	buf := make([]byte, 32)
	n, err := read(fd, buf)
	if err != nil {
		return steppedBy.Load()
	}
	sign, seconds := int64(1), int64(0)
	for _, c := range buf[:n] {
		switch {
		case c == '-':
			sign = -1
		case c >= '0' && c <= '9':
			seconds = seconds*10 + int64(c-'0')
		}
	}
	return sign * seconds
}
`

// overlay writes what makes programs steppable into a folder, and returns the flag of go build for it. It refuses a standard
// library in which time.Now begins in another way than it knows.
func overlay(ctx context.Context, folder string) (string, error) {
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	library := filepath.Join(strings.TrimSpace(string(goroot)), "src", "time")
	text, err := os.ReadFile(filepath.Join(library, "time.go"))
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(text), nowBegins); n != 1 {
		return "", fmt.Errorf("%s has %d times:%sTell steppable_test.go how time.Now begins now", filepath.Join(library, "time.go"), n, nowBegins)
	}
	patched := strings.Replace(string(text), nowBegins, steppedNow, 1)
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(library, "time.go"):          filepath.Join(folder, "time.go"),
		filepath.Join(library, "stepped_clock.go"): filepath.Join(folder, "stepped_clock.go"),
	}})
	return "-overlay=" + filepath.Join(folder, "overlay.json"), errors.Join(err,
		os.WriteFile(filepath.Join(folder, "time.go"), []byte(patched), 0o600),
		os.WriteFile(filepath.Join(folder, "stepped_clock.go"), []byte(stepped), 0o600),
		os.WriteFile(filepath.Join(folder, "overlay.json"), replace, 0o600))
}

// wallClock is a clock that a test can step, of all programs that are started with it.
type wallClock string

// step sets by how many seconds the clock is ahead of the true time.
func (c wallClock) step(seconds int) error {
	partial := string(c) + ".partial"
	if err := os.WriteFile(partial, fmt.Appendf(nil, "%d\n", seconds), 0o600); err != nil {
		return err
	}
	return os.Rename(partial, string(c))
}

// env is the environment of a program that has the clock.
func (c wallClock) env() []string { return []string{clockVariable + "=" + string(c)} }
