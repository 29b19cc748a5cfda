//go:build unix

package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// ErrHeld says that another holder has the lock.
var ErrHeld = errors.New("the lock is held")

// between is the time between two tries of Acquire.
const between = 100 * time.Millisecond

// Lock is a held lock.
type Lock struct {
	file *os.File
}

// Try takes the lock at path, creating the file if need be, or returns ErrHeld at once.
func Try(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return lock(file)
}

// TryExisting is Try for a file that must already be there.
func TryExisting(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return lock(file)
}

// Acquire takes the lock at path and calls waiting once if it has to wait for it.
func Acquire(ctx context.Context, path string, waiting func()) (*Lock, error) {
	held, err := Try(path)
	if !errors.Is(err, ErrHeld) {
		return held, err
	}
	waiting()
	again := time.NewTicker(between)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the lock %s: %w", path, ctx.Err())
		case <-again.C:
		}
		held, err = Try(path)
		if !errors.Is(err, ErrHeld) {
			return held, err
		}
	}
}

// Write replaces the text in the locked file.
func (l *Lock) Write(text string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(text), 0)
	return err
}

// Names reports whether path still leads to the locked file; it does not once somebody has removed that file.
func (l *Lock) Names(path string) bool {
	mine, err := l.file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// Release gives the lock back.
func (l *Lock) Release() {
	_ = l.file.Close() // Closing the only descriptor of the file ends the lock.
}

// lock takes the lock on an open file, or closes it.
func lock(file *os.File) (*Lock, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return &Lock{file: file}, nil
	}
	_ = file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, ErrHeld
	}
	return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
}
