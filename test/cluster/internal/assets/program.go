//go:build unix

package assets

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
)

// The programs that a node needs and that are no part of Kubernetes.
const (
	CoreDNS = "coredns"
	Runc    = "runc"
)

// Programs are the names of the programs that EnsureProgram knows.
var Programs = []string{Prometheus, "traefik", "source-controller", "kustomize-controller", "metrics-server", CoreDNS, Runc}

// EnsureProgram returns the path of one of the programs that are no part of a control plane.
func (l *Locator) EnsureProgram(ctx context.Context, name string) (string, error) {
	if name == Prometheus {
		return l.EnsurePrometheus(ctx)
	}
	if !slices.Contains(Programs, name) {
		return "", fmt.Errorf("%q is none of the programs %s", name, strings.Join(Programs, ", "))
	}
	return l.ensureBuilt(ctx, name)
}

// ensureBuilt returns the path of a program in the cache, where it is built unless it is there.
func (l *Locator) ensureBuilt(ctx context.Context, program string) (string, error) {
	own := *l
	path := l.cached(program)
	own.Cache = filepath.Dir(path)
	if executable(path) {
		return path, nil
	}
	if err := os.MkdirAll(own.Cache, 0o755); err != nil {
		return "", err
	}
	lock, err := own.lock(ctx)
	if err != nil {
		return "", err
	}
	defer lock.Release()
	if executable(path) {
		return path, nil
	}
	l.Log.Say("building %s %s from Go modules, once, into %s; from nothing that takes about %d minutes on 2 idle cores",
		program, gobuild.Version(program), own.Cache, gobuild.Minutes(program))
	return path, l.Build(ctx, program, path)
}

// Built says whether a program need not be built.
func (l *Locator) Built(program string) bool { return executable(l.cached(program)) }

// cached is the path of a program in the cache.
func (l *Locator) cached(program string) string {
	return filepath.Join(l.Root, fmt.Sprintf("%s-%s-%s-%s", program, gobuild.Version(program), runtime.GOOS, runtime.GOARCH), program)
}
