package canary

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// leastStep is the least by which a wall clock must have been set to be taken for set. Corrections below are slewed, or harmless.
const leastStep = time.Second

// stepped is by how much somebody set the wall clock since a Canary's status was recorded: how much further it went than the
// monotonic clock, which nobody can set. It is 0 for a status that another process recorded.
func (r *Reconciler) stepped(uid types.UID, now time.Time) time.Duration {
	last, ok := r.readings.Load(uid)
	if !ok {
		return 0
	}
	return step(last.(time.Time), now)
}

// step is the difference between what the two clocks say has passed between two readings.
func step(last, now time.Time) time.Duration {
	by := now.Round(0).Sub(last.Round(0)) - now.Sub(last)
	if by.Abs() < leastStep {
		return 0
	}
	return by
}
