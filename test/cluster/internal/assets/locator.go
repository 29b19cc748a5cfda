//go:build unix

package assets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/serin-dev/serin/test/cluster/internal/download"
	"github.com/serin-dev/serin/test/cluster/internal/filelock"
	"github.com/serin-dev/serin/test/cluster/internal/gobuild"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

// Locator finds programs or gets them.
type Locator struct {
	// Getenv gives the variables of the environment.
	Getenv func(string) string
	// Cache is the folder of the cached programs of this version, Root the one of all that serin caches.
	Cache, Root string
	// Download puts those of the programs that it can get into a folder.
	Download func(ctx context.Context, programs []string, folder string) error
	// Build builds one program to a path.
	Build func(ctx context.Context, program, path string) error
	Log   *progress.Log
}

// New returns a locator for this machine and the checkout that the working directory is in.
func New(log *progress.Log) (*Locator, error) {
	root, err := cacheRoot(os.Getenv)
	if err != nil {
		return nil, err
	}
	return &Locator{
		Getenv:   os.Getenv,
		Root:     root,
		Cache:    filepath.Join(root, cacheKey()),
		Download: download.New(gobuild.KubernetesVersion, os.Getenv, log).Fetch,
		Build:    func(ctx context.Context, program, path string) error { return build(ctx, log, program, path) },
		Log:      log,
	}, nil
}

// Ensure returns a folder that holds the programs.
func (l *Locator) Ensure(ctx context.Context, programs []string) (string, error) {
	given := l.given(programs)
	if folder := sameFolder(given, programs); folder != "" {
		return folder, nil
	}
	var rest []string
	for _, program := range programs {
		if given[program] == "" {
			rest = append(rest, program)
		}
	}
	if err := l.fill(ctx, rest); err != nil {
		return "", err
	}
	if len(given) == 0 {
		return l.Cache, nil
	}
	for _, program := range rest {
		given[program] = filepath.Join(l.Cache, program)
	}
	l.warnOfSkew(given, rest)
	return link(l.Root, programs, given)
}

// fill gets programs into the cache that are not there.
func (l *Locator) fill(ctx context.Context, programs []string) error {
	if len(absent(l.Cache, programs)) == 0 {
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
	if err := l.download(ctx, absent(l.Cache, programs)); err != nil {
		return err
	}
	for _, program := range absent(l.Cache, programs) {
		if err := l.Build(ctx, program, filepath.Join(l.Cache, program)); err != nil {
			return err
		}
	}
	return nil
}

// lock waits until no other process fills the cache.
func (l *Locator) lock(ctx context.Context) (*filelock.Lock, error) {
	end := func() {}
	lock, err := filelock.Acquire(ctx, filepath.Join(l.Cache, ".lock"), func() {
		task := l.Log.Begin("waiting for another process, which is filling "+l.Cache, func() string { return "" })
		end = func() { task.End("no longer") }
	})
	end()
	return lock, err
}

// download tries to download programs. That this fails is no error, only a reason to build.
func (l *Locator) download(ctx context.Context, programs []string) error {
	if len(programs) == 0 {
		return nil
	}
	if l.Getenv("SERIN_ASSETS_NO_DOWNLOAD") == "1" {
		l.announce("SERIN_ASSETS_NO_DOWNLOAD=1", programs)
		return nil
	}
	err := l.Download(ctx, programs, l.Cache)
	if ctx.Err() != nil {
		return fmt.Errorf("downloading: %w", context.Cause(ctx))
	}
	if missing := absent(l.Cache, programs); len(missing) > 0 {
		if err == nil {
			err = errors.New("the download had less than asked for")
		}
		l.announce(strings.ReplaceAll(err.Error(), "\n", "; "), missing)
	}
	return nil
}

// announce says, before the long wait, what is built and why.
func (l *Locator) announce(why string, programs []string) {
	l.Log.Say("not downloaded (%s)", why)
	l.Log.Say("building %s from Go modules, once, into %s; from nothing all four take about 7 minutes on 2 cores",
		strings.Join(programs, ", "), l.Cache)
}

// build builds a program from the modules of the checkout that the working directory is in.
func build(ctx context.Context, log *progress.Log, program, path string) error {
	builder, err := builder(log)
	if err != nil {
		return err
	}
	return builder.Build(ctx, program, path)
}

// Source returns the folder with the files of a module, such as the CRDs of a program; nobody may change them.
func Source(ctx context.Context, log *progress.Log, module string) (string, error) {
	builder, err := builder(log)
	if err != nil {
		return "", err
	}
	return builder.Source(ctx, module)
}

// BuildPause builds the program of the pause image into the file at path.
func BuildPause(ctx context.Context, log *progress.Log, path string) error {
	builder, err := builder(log)
	if err != nil {
		return err
	}
	return builder.BuildPause(ctx, path)
}

// builder is the one for the checkout that the working directory is in.
func builder(log *progress.Log) (*gobuild.Builder, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	modules, err := gobuild.FindModules(here)
	if err != nil {
		return nil, err
	}
	return &gobuild.Builder{Modules: modules, Log: log}, nil
}

// sameFolder returns the folder that holds all programs under their own names, or nothing.
func sameFolder(paths map[string]string, programs []string) string {
	folder := ""
	for _, program := range programs {
		dir, name := filepath.Split(paths[program])
		if name != program || folder != "" && dir != folder {
			return ""
		}
		folder = dir
	}
	return filepath.Clean(folder)
}
