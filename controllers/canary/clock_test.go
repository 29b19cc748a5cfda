package canary

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// That a clock was set shows only in a process whose clock is set, which test/faults has; here is what is not that.
func TestTimeThatPassesIsNoStep(t *testing.T) {
	r, uid, began := &Reconciler{}, types.UID("a"), time.Now()
	if by := r.stepped(uid, began.Add(time.Hour)); by != 0 {
		t.Errorf("a status of another process was recorded %s ago by another clock", by)
	}
	r.readings.Store(uid, began)
	for _, passed := range []time.Duration{0, time.Millisecond, time.Hour, 1000 * time.Hour} {
		if by := r.stepped(uid, began.Add(passed)); by != 0 {
			t.Errorf("after %s the clock seems to be set by %s", passed, by)
		}
	}
}
