//go:build unix

package assets

import (
	"context"
	"os/exec"
	"path/filepath"
)

// EnsureKubectl returns the path of a kubectl for a cluster that somebody else runs. Unlike in Ensure, the one in PATH
// comes right after KUBEBUILDER_ASSETS: it is the one that its user reaches that cluster with.
func (l *Locator) EnsureKubectl(ctx context.Context) (string, error) {
	if path := filepath.Join(l.Getenv("KUBEBUILDER_ASSETS"), Kubectl); l.Getenv("KUBEBUILDER_ASSETS") != "" && executable(path) {
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath(Kubectl); err == nil {
		return filepath.Abs(path)
	}
	if err := l.fill(ctx, []string{Kubectl}); err != nil {
		return "", err
	}
	return filepath.Join(l.Cache, Kubectl), nil
}
