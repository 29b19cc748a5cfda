//go:build unix

package assets

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
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
	own := *l
	own.Cache = filepath.Join(l.Root, fmt.Sprintf("prometheus-%s-%s-%s", gobuild.PrometheusVersion, runtime.GOOS, runtime.GOARCH))
	return filepath.Join(own.Cache, Prometheus), own.buildPrometheus(ctx)
}

// buildPrometheus builds one into the cache unless it is there.
func (l *Locator) buildPrometheus(ctx context.Context) error {
	path := filepath.Join(l.Cache, Prometheus)
	if executable(path) {
		return nil
	}
	if err := os.MkdirAll(l.Cache, 0o755); err != nil {
		return err
	}
	lock, err := l.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if executable(path) {
		return nil
	}
	l.Log.Say("building Prometheus %s from Go modules, once, into %s; from nothing that takes about 2 minutes on 2 idle cores",
		gobuild.PrometheusVersion, l.Cache)
	return l.Build(ctx, Prometheus, path)
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
