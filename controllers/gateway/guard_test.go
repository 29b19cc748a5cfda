package gateway

import (
	"testing"
	"time"
)

// TestGuard reverts a route two seconds after each write, and asks when it may be written again.
func TestGuard(t *testing.T) {
	g := &guard{known: map[string]*record{}}
	now := time.Unix(0, 0)
	write := func(wanted string) {
		g.wrote("r", wanted, now)
		now = now.Add(2 * time.Second)
	}
	for range patience {
		if wait, _ := g.mayWrite("r", "90/10", now); wait != 0 {
			t.Fatalf("it waits %s before it was reverted %d times", wait, patience)
		}
		write("90/10")
	}
	var waits []time.Duration
	for range 7 {
		wait, _ := g.mayWrite("r", "90/10", now)
		waits = append(waits, wait+2*time.Second)
		if again, _ := g.mayWrite("r", "90/10", now); again != wait {
			t.Fatalf("asking twice counts twice: %s, then %s", wait, again)
		}
		now = now.Add(wait)
		write("90/10")
	}
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 32} {
		if waits[i] != want*time.Minute {
			t.Errorf("try %d is %s after the one before, want %s", i, waits[i], want*time.Minute)
		}
	}
	if wait, _ := g.mayWrite("r", "100/0", now); wait != 0 {
		t.Errorf("other weights wait %s; they are tried at once", wait)
	}
	write("100/0")
	now = now.Add(2 * longestPause)
	if wait, times := g.mayWrite("r", "100/0", now); wait != 0 || times != 1 {
		t.Errorf("after a long calm it waits %s and remembers %d reverts", wait, times)
	}
}
