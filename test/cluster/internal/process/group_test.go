package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// spec is a child that writes its process id into its log and then waits.
func spec(t *testing.T, name string) Spec {
	dir := t.TempDir()
	return Spec{Name: name, Path: "/bin/sh", Args: []string{"-c", `echo "I am $$"; exec sleep 600`}, Dir: dir, Log: filepath.Join(dir, "log")}
}

func TestKeptChildComesBackAndItsLogGoesOn(t *testing.T) {
	group := &Group{}
	t.Cleanup(group.Kill)
	first, err := group.Start(spec(t, "kept"))
	if err != nil {
		t.Fatal(err)
	}
	awaitLog(t, first, "I am")
	told := make(chan string, 10)
	group.Keep(func(sentence string) { told <- sentence })
	if err := syscall.Kill(first.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case sentence := <-told:
		if want := "kept ended (signal: killed) and was started again"; sentence != want {
			t.Errorf("told %q, want %q", sentence, want)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not come back")
	}
	second := group.All()[0]
	if second.Pid() == first.Pid() || group.Pids()["kept"] != second.Pid() {
		t.Errorf("the process ids are %v, earlier %d", group.Pids(), first.Pid())
	}
	awaitLog(t, second, fmt.Sprintf("I am %d\n  I am %d", first.Pid(), second.Pid()))

	group.Stop(time.Minute)
	if !over(second) {
		t.Error("it runs after the stop")
	}
	if _, err := group.Start(spec(t, "late")); !errors.Is(err, errStopping) {
		t.Errorf("a stopped group starts something: %v", err)
	}
	select {
	case sentence := <-told:
		t.Errorf("the stop is told as %q", sentence)
	default:
	}
}

func TestKeptChildThatCannotStartIsToldOf(t *testing.T) {
	group := &Group{}
	t.Cleanup(group.Kill)
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\nexec sleep 600\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	child, err := group.Start(Spec{Name: "lost", Path: program, Log: filepath.Join(t.TempDir(), "log")})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(program); err != nil {
		t.Fatal(err)
	}
	told := make(chan string, 1)
	var once sync.Once
	group.Keep(func(sentence string) { once.Do(func() { told <- sentence }) })
	child.Kill()
	select {
	case sentence := <-told:
		if !strings.Contains(sentence, "lost ended (signal: killed) and does not start again") {
			t.Errorf("told %q", sentence)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing is told")
	}
}

func TestGroupStopsTheLastStartedFirst(t *testing.T) {
	group := &Group{}
	order := filepath.Join(t.TempDir(), "order")
	for _, name := range []string{"first", "second", "third"} {
		child, err := group.Start(Spec{
			Name: name, Path: "/bin/sh", Log: filepath.Join(t.TempDir(), "log"),
			Args: []string{"-c", `trap 'echo $0 >> $1; exit' TERM; echo ready; while :; do sleep 0.02; done`, name, order},
		})
		if err != nil {
			t.Fatal(err)
		}
		awaitLog(t, child, "ready")
	}
	group.Stop(time.Minute)
	if text, err := os.ReadFile(order); err != nil || string(text) != "third\nsecond\nfirst\n" {
		t.Errorf("the order is %q, %v", text, err)
	}
}

func TestForgottenChildIsNotInTheGroup(t *testing.T) {
	group := &Group{}
	child, err := group.Start(spec(t, "gone"))
	if err != nil {
		t.Fatal(err)
	}
	child.Kill()
	group.Forget(child)
	if len(group.All()) > 0 {
		t.Errorf("the group has %v", group.Pids())
	}
}

func over(child *Child) bool {
	select {
	case <-child.Done():
		return true
	default:
		return false
	}
}
