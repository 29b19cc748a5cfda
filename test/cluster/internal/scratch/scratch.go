//go:build unix

package scratch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/serin-dev/serin/test/cluster/internal/filelock"
)

const (
	prefix  = "serin-cluster-"
	pidFile = "pid"
	// longest bounds the path of a folder: a socket in it must have a path of at most 104 bytes on every system.
	longest = 80
)

// Dir is a folder that lives as long as its owner.
type Dir struct {
	Path string
	lock *filelock.Lock
}

// Base is the folder for temporary files, or /tmp where the path of that one is too long for sockets.
func Base() string {
	base := os.TempDir()
	if len(filepath.Join(base, prefix+"0123456789")) > longest {
		return "/tmp"
	}
	return base
}

// New makes a folder in base.
func New(base string) (*Dir, error) {
	for range 10 {
		path, err := os.MkdirTemp(base, prefix)
		if err != nil {
			return nil, err
		}
		name := filepath.Join(path, pidFile)
		lock, err := filelock.Try(name)
		if err == nil && lock.Names(name) {
			return &Dir{Path: path, lock: lock}, lock.Write(strconv.Itoa(os.Getpid()) + "\n")
		}
		// A sweep came between the making of the file and the lock on it, and takes this folder away.
		if err == nil {
			lock.Release()
		} else if !errors.Is(err, filelock.ErrHeld) && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("every new folder in %s was swept away at once", base)
}

// Remove deletes the folder with all that is in it.
func (d *Dir) Remove() error {
	defer d.lock.Release()
	return os.RemoveAll(d.Path)
}

// Sweep deletes the folders in base whose owners are gone and returns their paths.
func Sweep(base string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, path := range found {
		lock, err := filelock.TryExisting(filepath.Join(path, pidFile))
		if err != nil {
			continue // It has an owner, belongs to another user or is none of ours.
		}
		err = empty(path)
		lock.Release()
		if err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
}

// empty deletes a folder, the file that marks it last, so that what fails halfway is found again.
func empty(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == pidFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(path, entry.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(path)
}
