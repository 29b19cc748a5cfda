//go:build unix

package gobuild

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/process"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// afterInterrupt bounds the time that an interrupted build takes to end.
const afterInterrupt = 5 * time.Second

// Builder builds programs.
type Builder struct {
	// Modules is the folder test/cluster/build.
	Modules string
	Log     *progress.Log
}

// Build builds a program into the file at path, whole or not at all.
func (b *Builder) Build(ctx context.Context, program, path string) error {
	recipe, known := recipes[program]
	if !known {
		return fmt.Errorf("%s is not a program that can be built", program)
	}
	return b.build(ctx, program, recipe, path)
}

// build builds a program after its recipe.
func (b *Builder) build(ctx context.Context, program string, recipe recipe, path string) error {
	partial := fmt.Sprintf("%s.building-%d", path, os.Getpid())
	defer func() { _ = os.Remove(partial) }() // It is there only if something failed.
	out := &output{}
	task := b.Log.Begin("building "+program, out.state)
	err := b.run(ctx, recipe, partial, out)
	if err == nil {
		err = os.Rename(partial, path)
	}
	if err != nil && ctx.Err() != nil {
		task.End("stopped")
		return context.Cause(ctx)
	}
	if err != nil {
		task.End("failed")
		return fmt.Errorf("building %s: %w\n%s", program, err, out.text())
	}
	task.End("done, %s, %d MiB", out.state(), size(path)>>20)
	return nil
}

// run runs the Go toolchain.
func (b *Builder) run(ctx context.Context, recipe recipe, path string, out *output) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-v", "-trimpath", "-tags", recipe.tags, "-ldflags", recipe.ldflags(),
		"-o", path, recipe.pkg)
	cmd.Dir = filepath.Join(b.Modules, recipe.module)
	cmd.Env = environment(os.Environ(), recipe.cgoEnabled())
	cmd.Stderr = out
	cmd.Cancel = func() error { return process.SignalGroup(cmd, syscall.SIGINT) }
	cmd.WaitDelay = afterInterrupt
	if err := process.Launch(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// environment returns env with all that could change what is built set to fixed values, CGO_ENABLED to cgo. An empty GOFLAGS would let a
// value from the Go toolchain's own configuration file through, so the flags are set there and not on the command line.
func environment(env []string, cgo string) []string {
	fixed := map[string]string{
		"GOFLAGS":     "-mod=readonly -buildvcs=false",
		"GOWORK":      "off",
		"GO111MODULE": "on",
		"CGO_ENABLED": cgo,
		"GOOS":        runtime.GOOS,
		"GOARCH":      runtime.GOARCH,
	}
	var result []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if _, set := fixed[name]; !set && name != "PWD" {
			result = append(result, entry)
		}
	}
	for name, value := range fixed {
		result = append(result, name+"="+value)
	}
	return result
}

// size is the size of a file in bytes, 0 if there is none.
func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
