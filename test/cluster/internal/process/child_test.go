package process

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStopAsksFirst(t *testing.T) {
	child := startShell(t, `trap 'echo asked; exit 0' TERM; echo ready; while :; do sleep 0.05; done`)
	awaitLog(t, child, "ready")
	child.Stop(time.Minute)
	if got := child.Tail(1); !strings.Contains(got, "asked") {
		t.Errorf("the log ends with %q", got)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	child := startShell(t, `trap '' TERM; echo ready; while :; do sleep 0.05; done`)
	awaitLog(t, child, "ready")
	child.Stop(time.Millisecond)
	if err := child.Ended(); !strings.Contains(err.Error(), "killed") {
		t.Errorf("it ended so: %v", err)
	}
	child.Stop(time.Minute) // A child that has ended is no trouble.
}

func TestEndedShowsTheEndOfTheLog(t *testing.T) {
	child := startShell(t, `for i in $(seq 50); do echo line $i; done; echo why >&2; exit 3`)
	err := child.Ended()
	for _, want := range []string{"test ended (exit status 3)", "line 50\n  why"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "line 9\n") {
		t.Errorf("%v\nis more than the end", err)
	}
}

func TestChildHasItsOwnProcessGroup(t *testing.T) {
	child := startShell(t, `echo ready; sleep 60`)
	defer child.Kill()
	group, err := syscall.Getpgid(child.Pid())
	if err != nil || group != child.Pid() {
		t.Errorf("the group is %d (%v), want %d", group, err, child.Pid())
	}
}

func TestStartOfNothingFails(t *testing.T) {
	_, err := Start(Spec{Name: "nothing", Path: "/does/not/exist", Log: filepath.Join(t.TempDir(), "log")})
	if err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Errorf("got %v", err)
	}
}

func startShell(t *testing.T, script string) *Child {
	t.Helper()
	dir := t.TempDir()
	child, err := Start(Spec{Name: "test", Path: "/bin/sh", Args: []string{"-c", script}, Dir: dir, Log: filepath.Join(dir, "log")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(child.Kill)
	return child
}

// awaitLog waits until the child has printed a word.
func awaitLog(t *testing.T, child *Child, word string) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	bound := time.After(time.Minute)
	for !strings.Contains(child.Tail(5), word) {
		select {
		case <-look.C:
		case <-bound:
			t.Fatalf("the child did not print %q", word)
		}
	}
}
