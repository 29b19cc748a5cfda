package scratch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSweepDeletesWhatHasNoOwnerAndNothingElse(t *testing.T) {
	base := t.TempDir()
	owned, err := New(base)
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := New(base)
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(orphan.Path, "etcd", "wal"))
	orphan.lock.Release() // What the kernel does when the owner dies.
	put(t, filepath.Join(base, prefix+"without-a-pid-file", "file"))
	put(t, filepath.Join(base, "other", pidFile))

	removed, err := Sweep(base)
	if err != nil {
		t.Fatal(err)
	}
	if len(removed) != 1 || removed[0] != orphan.Path {
		t.Errorf("removed %v, want only %s", removed, orphan.Path)
	}
	for path, want := range map[string]bool{
		owned.Path:  true,
		orphan.Path: false,
		filepath.Join(base, prefix+"without-a-pid-file"): true,
		filepath.Join(base, "other"):                     true,
	} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", path, err == nil, want)
		}
	}
	if err := owned.Remove(); err != nil {
		t.Error(err)
	}
}

func TestNewFolderIsPrivateAndSaysWhoseItIs(t *testing.T) {
	dir, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the mode is %v", info.Mode())
	}
	if text, err := os.ReadFile(filepath.Join(dir.Path, pidFile)); err != nil || strings.TrimSpace(string(text)) == "" {
		t.Errorf("the pid file has %q, %v", text, err)
	}
	if err := dir.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir.Path); !os.IsNotExist(err) {
		t.Error("the folder is still there")
	}
}

func TestBaseLeavesRoomForASocket(t *testing.T) {
	t.Setenv("TMPDIR", "/short")
	if got := Base(); got != "/short" {
		t.Errorf("got %s", got)
	}
	t.Setenv("TMPDIR", "/"+strings.Repeat("long", 30))
	if got := Base(); got != "/tmp" {
		t.Errorf("got %s, want /tmp because sockets have short paths", got)
	}
}

func put(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
