package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestOneHolderAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.Is(err, ErrHeld) {
		t.Errorf("the second try gives %v, want %v", err, ErrHeld)
	}
	first.Release()
	second, err := Try(path)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	second.Release()
}

func TestAcquireWaitsForTheRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	second, err := Acquire(t.Context(), path, func() {
		waits++
		first.Release()
	})
	if err != nil {
		t.Fatal(err)
	}
	second.Release()
	if waits != 1 {
		t.Errorf("told of waiting %d times, want once", waits)
	}
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Acquire(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestNamesNoticesARemovedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	if !held.Names(path) {
		t.Error("the path does not lead to the locked file")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if held.Names(path) {
		t.Error("the removed file is not noticed")
	}
	if _, err := TryExisting(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("TryExisting of no file gives %v", err)
	}
}
