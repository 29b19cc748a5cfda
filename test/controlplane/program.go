package controlplane

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// module is the first line of the go.mod at the root of the repository.
const module = "module github.com/serin-dev/serin"

// findRoot returns the root of the repository that the working directory is in.
func findRoot() (string, error) {
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := here; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if first, _, _ := strings.Cut(string(text), "\n"); err == nil && strings.TrimSpace(first) == module {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no go.mod above %s says %q", here, module)
		}
	}
}

// ensureProgram returns the path of the program built from a folder. Its place in the cache follows from the source, so it
// is built once after each change, and processes that build it at the same time do not disturb each other.
func ensureProgram(ctx context.Context, source string) (string, error) {
	key, err := hashSource(source)
	if err != nil {
		return "", err
	}
	cache, err := cacheRoot()
	if err != nil {
		return "", err
	}
	path := filepath.Join(cache, "cluster-"+key)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	prune(cache)
	return path, build(ctx, source, path)
}

// prune deletes programs that were built from earlier sources more than a week ago. That it cannot is no reason not to go on.
func prune(cache string) {
	found, _ := filepath.Glob(filepath.Join(cache, "cluster-*"))
	for _, path := range found {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 7*24*time.Hour {
			_ = os.Remove(path)
		}
	}
}

// build builds the program from a folder to path, whole or not at all.
func build(ctx context.Context, source, path string) error {
	folder, err := os.MkdirTemp(filepath.Dir(path), "building-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	partial := filepath.Join(folder, "cluster")
	cmd := exec.CommandContext(ctx, "go", "build", "-C", source, "-o", partial, ".")
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -buildvcs=false", "GOWORK=off", "CGO_ENABLED=0",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", source, err, text)
	}
	return os.Rename(partial, path)
}

// cacheRoot is the folder in which the program of test/cluster keeps what it makes, too.
func cacheRoot() (string, error) {
	if dir := os.Getenv("SERIN_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "serin"), err
}

// hashSource returns a short hash of all Go files in a folder, its go.mod and the toolchain.
func hashSource(folder string) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, runtime.Version(), runtime.GOOS, runtime.GOARCH) // A hash takes everything.
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(entry.Name()) {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }()
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(sum, name)
		_, err = io.Copy(sum, file)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:16], err
}

// isSource reports whether a file of that name is part of the program.
func isSource(name string) bool {
	return name == "go.mod" || strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}
