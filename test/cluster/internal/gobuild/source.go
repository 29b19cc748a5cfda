//go:build unix

package gobuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// source says where the files of a module are pinned that are used as they are, such as the CRDs of a program.
type source struct {
	// within is the folder of the module under test/cluster/build that pins it.
	within string
	path   string
}

// sources has every module whose files can be asked for.
var sources = map[string]source{
	"gateway-api":          {within: "traefik", path: "sigs.k8s.io/gateway-api"}, // the version that this Traefik is made for
	"kustomize-controller": {within: "kustomize-controller", path: "github.com/fluxcd/kustomize-controller"},
	"metrics-server":       {within: "metrics-server", path: "sigs.k8s.io/metrics-server"},
	"source-controller":    {within: "source-controller", path: "github.com/fluxcd/source-controller"},
	"traefik":              {within: "traefik", path: "github.com/traefik/traefik/v3"},
}

// Source returns the folder with the files of a module, which nobody may change: it belongs to Go's module cache.
func (b *Builder) Source(ctx context.Context, name string) (string, error) {
	source, known := sources[name]
	if !known {
		return "", fmt.Errorf("%q is none of the modules %s", name, strings.Join(slices.Sorted(maps.Keys(sources)), ", "))
	}
	if _, err := b.goList(ctx, source, "mod", "download", source.path); err != nil {
		return "", err
	}
	folder, err := b.goList(ctx, source, "list", "-m", "-f", "{{.Dir}}", source.path)
	if err == nil && folder == "" {
		err = errors.New("the Go toolchain knows no folder of it")
	}
	if err != nil {
		return "", fmt.Errorf("module %s: %w", source.path, err)
	}
	return folder, nil
}

// goList runs a command of the Go toolchain that takes moments, and returns what it prints.
func (b *Builder) goList(ctx context.Context, source source, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(b.Modules, source.within)
	cmd.Env = environment(os.Environ(), "0")
	var said bytes.Buffer
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return strings.TrimSpace(string(text)), nil
}
