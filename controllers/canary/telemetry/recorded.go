package telemetry

import (
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Recorded counts what a status that was written says and the one before it did not. The controller calls it once for each
// status that the API server took.
func (m *Metrics) Recorded(before, after v1alpha1.CanaryStatus) {
	for _, record := range after.History {
		if !slices.ContainsFunc(before.History, func(old v1alpha1.RolloutRecord) bool { return same(old, record) }) {
			m.ended(record)
		}
	}
	if newest := newestWindow(after); newest.After(newestWindow(before)) {
		m.windows.WithLabelValues(string(worst(after.Checks))).Inc()
	}
	if took, landed := landing(before.Step, after.Step); landed {
		m.landing.Observe(took.Seconds())
	}
	if before.Phase == v1alpha1.PhaseRollingBack && after.Phase == v1alpha1.PhaseRolledBack {
		if took, known := between(before.PhaseSince, after.PhaseSince); known {
			m.rollback.Observe(took.Seconds())
		}
	}
}

// same says whether two records are of one rollout.
func same(a, b v1alpha1.RolloutRecord) bool {
	return a.Version == b.Version && a.EndedAt.Equal(b.EndedAt)
}

// ended counts a rollout that ended.
func (m *Metrics) ended(record v1alpha1.RolloutRecord) {
	outcome := outcomeLabel(record.Outcome)
	m.rollouts.WithLabelValues(outcome, reasonLabel(record.Reason)).Inc()
	took, known := between(record.StartedAt, record.EndedAt)
	if !known {
		return
	}
	people := min(max(record.Waited.Of(), 0), took)
	m.duration.WithLabelValues(outcome, partPeople).Observe(people.Seconds())
	m.duration.WithLabelValues(outcome, partProgress).Observe((took - people).Seconds())
}

// newestWindow is the end of the newest window that was judged; zero when none was. The checks keep it: the step's own
// record of it is lost when that window is what lets the rollout leave the step.
func newestWindow(s v1alpha1.CanaryStatus) time.Time {
	var newest time.Time
	for _, check := range s.Checks {
		if check.EndedAt != nil && check.EndedAt.After(newest) {
			newest = check.EndedAt.Time
		}
	}
	return newest
}

// worst is the worst verdict of the checks that decide.
func worst(checks []v1alpha1.CheckStatus) v1alpha1.Verdict {
	place := 0
	for _, check := range checks {
		if check.DryRun {
			continue
		}
		place = max(place, slices.Index(verdicts, check.Verdict))
	}
	return verdicts[place]
}

// landing is how long a weight took to land, if that was seen just now.
func landing(before, after *v1alpha1.StepStatus) (time.Duration, bool) {
	if after == nil || after.LandedAt == nil {
		return 0, false
	}
	if before != nil && before.LandedAt != nil && before.StartedAt.Equal(after.StartedAt) {
		return 0, false
	}
	return between(after.StartedAt, after.LandedAt)
}

// between is the time from one instant to another; unknown when one is missing, or the clock was turned back meanwhile.
func between(from, to *v1alpha1.Time) (time.Duration, bool) {
	if from == nil || to == nil || to.Before(from) {
		return 0, false
	}
	return to.Sub(from.Time), true
}
