package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// StepDeadline is when the step of a status has taken too long, if nothing holds it; false while no weight is tested.
func StepDeadline(spec v1alpha1.CanarySpec, status v1alpha1.CanaryStatus) (time.Time, bool) {
	if status.Step == nil || status.Candidate == nil || len(spec.Steps) == 0 {
		return time.Time{}, false
	}
	began := stepBegan(status)
	if began == nil {
		return time.Time{}, false
	}
	return began.Add(stepTimeout(spec, stepAtWeight(spec, status.Candidate.Weight))), true
}

// stepBegan is when the clock of a step's timeout began: when its weight landed, or when a pause or a hold at it ended.
func stepBegan(status v1alpha1.CanaryStatus) *v1alpha1.Time {
	began := status.Step.StartedAt
	if status.Step.LandedAt != nil {
		began = status.Step.LandedAt
	}
	for _, later := range []*v1alpha1.Time{status.PhaseSince, status.Step.ReleasedAt} {
		if began == nil || ahead(later, began) {
			began = later
		}
	}
	return began
}

// stepTimeout leaves room for the windows behind the dwell, so that a long dwell is not taken for a step that hangs.
func stepTimeout(spec v1alpha1.CanarySpec, step v1alpha1.Step) time.Duration {
	return max(spec.Analysis.Timeout.Of(), step.Dwell.Of()+3*spec.Analysis.Interval.Of())
}

// stepAtWeight is the step of a spec that belongs to a weight: the last that is not above it, or the first.
func stepAtWeight(spec v1alpha1.CanarySpec, weight int32) v1alpha1.Step {
	step := spec.Steps[0]
	for _, s := range spec.Steps {
		if s.Weight <= weight {
			step = s
		}
	}
	return step
}
