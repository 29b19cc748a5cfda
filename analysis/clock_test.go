package analysis

import (
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"pgregory.net/rapid"
)

// A clock that is set, by any time and at any point, ends nothing and misses no deadline by that alone: what would not have been
// rolled back, paused or given more weight at that moment is not.
func TestASteppedClockAloneEndsNothing(t *testing.T) {
	property(t, func(c *chaos) {
		c.part()
		if c.skew != c.held {
			c.look() // a clock that was set before is seen
		}
		if c.gone || c.deleting {
			c.t.Skip("there is no rollout")
		}
		seen := recorded(c.observe())
		seen.Samples = nil // windows and pods are dated by other clocks
		for name, v := range seen.Versions {
			v.Trouble = nil
			seen.Versions[name] = v
		}
		without := Decide(c.spec, c.status, seen, c.clock())
		by := time.Duration(rapid.SampledFrom([]int{-3600, -90, -3, 3, 90, 3600}).Draw(c.t, "seconds")) * time.Second
		seen.Stepped = by
		with := Decide(c.spec, c.status, seen, c.clock().Add(by))
		if stands(c.status, with) && leavesStep(without) {
			return // the evidence for leaving the step is too old by the clock of now
		}
		if with.Weights != without.Weights || with.Status.Phase != without.Status.Phase || len(with.Status.History) != len(without.Status.History) {
			c.t.Fatalf("stepped by %s: %s with %v, without %s with %v; notes %v, without %v", by, with.Status.Phase, with.Weights,
				without.Status.Phase, without.Weights, with.Notes, without.Notes)
		}
	})
}

// stands says whether a rollout goes on in a plan where it was; a person may have ended a pause.
func stands(before v1alpha1.CanaryStatus, p Plan) bool {
	after := p.Status
	return (after.Phase == before.Phase || after.Phase == v1alpha1.PhaseProgressing) && before.Candidate != nil && after.Candidate != nil &&
		after.Candidate.Version == before.Candidate.Version && after.Candidate.Weight == before.Candidate.Weight
}

// leavesStep says whether a plan takes the evidence of a step as proof: for a rise, the promotion or a person's approval.
func leavesStep(p Plan) bool {
	asks := p.Status.Phase == v1alpha1.PhasePaused && p.Status.Pause.Reason == v1alpha1.PauseApproval
	return asks || hasNote(p, v1alpha1.ReasonWeightRaised) || hasNote(p, v1alpha1.ReasonPromoting)
}

func TestClocksSetByAnHour(t *testing.T) {
	all := func(s *sim, by time.Duration) { s.skew = by } // the simulated windows follow the simulated clock
	controllers := setControllersClock
	strict := func(s *v1alpha1.CanarySpec) {
		s.Analysis.Timeout, s.Analysis.OnTimeout = v1alpha1.Dur(10*time.Minute), v1alpha1.OnTimeoutRollBack
	}
	for name, tc := range map[string]struct {
		set   func(*sim, time.Duration)
		by    time.Duration
		right bool // it is set right again after two minutes
	}{
		"the controller's, forward": {set: controllers, by: time.Hour, right: true},
		"the controller's, back":    {set: controllers, by: -time.Hour, right: true},
		"all, forward":              {set: all, by: time.Hour},
		"all, back":                 {set: all, by: -time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			s := adoptedShop(shopSpec(strict)).sim
			s.ask("2")
			s.behave("2", app{starts: 20 * time.Second})
			tested := func() bool { return s.status.Step != nil && s.status.Step.Passed > 0 }
			if !s.runUntil(2*time.Minute, tested) {
				t.Fatalf("nothing is tested: %s", s.status.Message)
			}
			weight, began := s.status.Candidate.Weight, s.now
			tc.set(s, tc.by)
			if tc.right {
				s.run(2 * time.Minute)
				if s.status.Candidate == nil || s.status.Candidate.Weight != weight {
					t.Fatalf("it went on while the clocks disagree: %s", s.status.Message)
				}
				tc.set(s, 0)
			}
			if !s.runUntil(10*time.Minute, func() bool { return s.status.Phase == v1alpha1.PhaseSucceeded && s.status.Candidate == nil }) {
				t.Fatalf("it did not end well: %s: %s", s.status.Phase, s.status.Message)
			}
			if got := s.status.History; len(got) != 1 || got[0].Outcome != v1alpha1.OutcomePromoted {
				t.Errorf("the history is %+v", got)
			}
			if took := s.now.Sub(began); took > 8*time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// setControllersClock sets the clock of the controller alone; windows keep theirs.
func setControllersClock(s *sim, by time.Duration) {
	s.skew = by // which the simulated windows follow
	s.metrics.twist = func(samples []Sample) []Sample {
		samples = slices.Clone(samples[max(0, len(samples)-1):])
		for i := range samples {
			samples[i].Start, samples[i].End = samples[i].Start.Add(-by), samples[i].End.Add(-by)
		}
		return samples
	}
}
