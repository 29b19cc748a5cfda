//go:build unix

package assets

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// Prometheus is the server that queries are put to.
const Prometheus = "prometheus"

// leastPrometheus is the least minor version of Prometheus 3 that a Prometheus found in PATH must have.
const leastPrometheus = 5

// EnsurePrometheus returns the path of a Prometheus.
func (l *Locator) EnsurePrometheus(ctx context.Context) (string, error) {
	if path := l.Getenv("PROMETHEUS"); path != "" {
		if !executable(path) {
			return "", fmt.Errorf("PROMETHEUS=%s is no program", path)
		}
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath(Prometheus); err == nil && l.recent(path) {
		return filepath.Abs(path)
	}
	return l.ensureBuilt(ctx, Prometheus)
}

var prometheusVersion = regexp.MustCompile(`^prometheus, version ([0-9]+)\.([0-9]+)`)

// recent says whether a program is a Prometheus that is not too old, and says so aloud if it is.
func (l *Locator) recent(path string) bool {
	text, err := exec.Command(path, "--version").Output()
	if err != nil {
		return false
	}
	if found := prometheusVersion.FindSubmatch(text); found != nil {
		major, _ := strconv.Atoi(string(found[1])) // digits
		minor, _ := strconv.Atoi(string(found[2]))
		if major > 3 || major == 3 && minor >= leastPrometheus {
			return true
		}
	}
	l.Log.Say("%s is not used: it is no Prometheus of version 3.%d or newer", path, leastPrometheus)
	return false
}
