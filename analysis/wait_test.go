package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestWait(t *testing.T) {
	const tick = time.Millisecond // a limit is passed just after it
	cases := map[string]struct {
		reason string
		in     v1alpha1.Phase
		mod    func(*scene)
		want   time.Duration
	}{
		"rest":                      {in: v1alpha1.PhaseSucceeded},
		"rest after a rollback":     {in: v1alpha1.PhaseRolledBack},
		"rest without a target":     {in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Target = Target{} }},
		"a rollout held by suspend": {in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { asksFor("2")(s); s.spec.Suspend = true }},
		"nothing yet":               {in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status, s.seen = v1alpha1.CanaryStatus{}, Observed{} }},
		"the target's pods go scaleDownDelay after the adoption": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status.AdoptedAt = ago(10 * time.Second) }, want: 20*time.Second + tick,
		},
		"nobody scales a target that someone else sizes": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) {
				s.status.AdoptedAt, s.seen.Target.ReplicasOwner = ago(10*time.Second), "kubectl"
			},
		},
		"the first version's pods are an event, its deadline is not": {in: v1alpha1.PhaseInitializing, want: time.Minute + tick},
		"nobody tells that the first version has its traffic": {
			in: v1alpha1.PhaseInitializing, want: 6 * time.Second,
			reason: "waited for a minute, so a tenth of it more",
			mod:    func(s *scene) { s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3} },
		},
		"a beginning that takes hours is looked at every ten seconds": {
			in: v1alpha1.PhaseInitializing, want: 10 * time.Second,
			mod: func(s *scene) {
				s.seen.Versions["v1"], s.status.PhaseSince = Backend{Endpoints: 3, Replicas: 3}, ago(5*time.Hour)
			},
		},
		"the candidate's pods are an event, their deadline is not": {
			in: v1alpha1.PhaseProgressing, want: 110*time.Second + tick,
			mod: func(s *scene) {
				s.status.Step, s.status.Candidate.Weight = nil, 0
				s.seen.Versions["v2"], s.status.Candidate.NotReadySince = Backend{Endpoints: 0, Replicas: 3}, ago(10*time.Second)
			},
		},
		"a candidate held by suspend before its first weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.status.Step, s.status.Candidate.Weight, s.spec.Suspend = nil, 0, true
			},
		},
		"a weight that was just written is looked for soon": {
			in: v1alpha1.PhaseProgressing, want: 500 * time.Millisecond,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.Step.StartedAt, s.seen.Traffic.Landed = nil, ago(time.Second), nil
			},
		},
		"a weight that takes long is looked for less often": {
			in: v1alpha1.PhaseProgressing, want: 4 * time.Second,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.Step.StartedAt, s.seen.Traffic.Landed = nil, ago(40*time.Second), nil
			},
		},
		"the end of the dwell": {
			reason: "it landed 11 s ago and dwells for 20 s; the next window ends later",
			in:     v1alpha1.PhaseProgressing, want: 9*time.Second + tick,
			mod: func(s *scene) { s.status.Step.LastWindow = v1alpha1.At(noon) },
		},
		"the next window": {
			in: v1alpha1.PhaseProgressing, want: 9*time.Second + 250*time.Millisecond,
			mod: func(s *scene) { s.spec.Steps[1].Dwell = seconds(600) },
		},
		"a window that is a little late": {
			in: v1alpha1.PhaseProgressing, want: 500 * time.Millisecond,
			mod: func(s *scene) {
				s.spec.Steps[1].Dwell, s.status.Step.LastWindow = seconds(600), v1alpha1.At(noon.Add(-10*time.Second))
				s.now = noon.Add(time.Second)
			},
		},
		"a window that does not come": {
			reason: "as long again as it is late",
			in:     v1alpha1.PhaseProgressing, want: 3*time.Second + 750*time.Millisecond,
			mod: func(s *scene) {
				s.spec.Steps[1].Dwell, s.status.Step.LastWindow = seconds(600), v1alpha1.At(noon.Add(-30*time.Second))
				s.now = noon.Add(4 * time.Second)
			},
		},
		"a window that does not come for long": {
			reason: "the one that ends at twenty past noon",
			in:     v1alpha1.PhaseProgressing, want: 3*time.Second + 250*time.Millisecond,
			mod: func(s *scene) {
				s.spec.Steps[1].Dwell, s.status.Step.LastWindow = seconds(600), v1alpha1.At(noon.Add(-30*time.Second))
				s.now = noon.Add(17 * time.Second)
			},
		},
		"the step's timeout": {
			in: v1alpha1.PhaseProgressing, want: time.Second + tick,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.PhaseSince = ago(299*time.Second), ago(time.Hour)
				s.status.Step.Passed, s.status.Step.LastWindow = 0, v1alpha1.At(noon)
			},
		},
		"paused, windows still count": {
			in: v1alpha1.PhasePaused, want: 9*time.Second + 250*time.Millisecond,
		},
		"all traffic is looked for": {
			in: v1alpha1.PhasePromoting, want: 2 * time.Second, mod: func(s *scene) { s.status.PhaseSince = ago(20 * time.Second) },
		},
		"a promotion held by suspend waits for people": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Candidate.Weight, s.spec.Suspend = 50, true },
		},
		"weight 0 is looked for": {
			in: v1alpha1.PhaseRollingBack, want: 500 * time.Millisecond, mod: func(s *scene) { s.status.PhaseSince = ago(time.Second) },
		},
		"a version that lost its traffic, which nobody confirms": {
			in: v1alpha1.PhaseSucceeded, want: time.Second,
			mod: func(s *scene) {
				s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", LostAt: ago(10 * time.Second)}}
			},
		},
		"a version that lost its traffic stays for scaleDownDelay": {
			in: v1alpha1.PhaseSucceeded, want: 18*time.Second + tick,
			mod: func(s *scene) {
				s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", LostAt: ago(time.Minute), Since: ago(12 * time.Second)}}
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(s)
			}
			plan := s.decide()
			if plan.Wait != tc.want {
				t.Errorf("waits %s, want %s %s (%s: %s)", plan.Wait, tc.want, tc.reason, plan.Status.Phase, plan.Status.Message)
			}
		})
	}
}

func TestNextWindow(t *testing.T) {
	at := func(d time.Duration) *v1alpha1.Time { return v1alpha1.At(noon.Add(d)) }
	cases := map[string]struct {
		step *v1alpha1.StepStatus
		want time.Duration
		none bool
	}{
		"no step":                           {none: true},
		"not landed":                        {step: &v1alpha1.StepStatus{StartedAt: at(0)}, none: true},
		"landed on a fifth of the interval": {step: &v1alpha1.StepStatus{LandedAt: at(4 * time.Second)}, want: 4 * time.Second},
		"landed after one":                  {step: &v1alpha1.StepStatus{LandedAt: at(4*time.Second + time.Microsecond)}, want: 6 * time.Second},
		"a window was judged":               {step: &v1alpha1.StepStatus{LandedAt: at(0), LastWindow: at(12 * time.Second)}, want: 12 * time.Second},
		"one of within a second was judged": {step: &v1alpha1.StepStatus{LandedAt: at(0), LastWindow: at(12*time.Second + time.Millisecond)}, want: 13 * time.Second},
		"one of before the landing was too": {step: &v1alpha1.StepStatus{LandedAt: at(6 * time.Second), LastWindow: at(-time.Second)}, want: 6 * time.Second},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, ok := NextWindow(tc.step, 10*time.Second)
			if ok == tc.none || ok && !got.Equal(noon.Add(tc.want)) {
				t.Errorf("got %s %t, want noon + %s", got, ok, tc.want)
			}
		})
	}
}

func TestNeedsMetrics(t *testing.T) {
	cases := map[string]struct {
		in   v1alpha1.Phase
		mod  func(*v1alpha1.CanaryStatus)
		want bool
	}{
		"initializing": {in: v1alpha1.PhaseInitializing, want: true},
		"progressing":  {in: v1alpha1.PhaseProgressing, want: true},
		"paused":       {in: v1alpha1.PhasePaused, want: true},
		"promoting":    {in: v1alpha1.PhasePromoting, want: true},
		"rolling back": {in: v1alpha1.PhaseRollingBack, want: true},
		"rest":         {in: v1alpha1.PhaseSucceeded},
		"rolled back":  {in: v1alpha1.PhaseRolledBack},
		"nothing yet":  {in: v1alpha1.PhaseSucceeded, mod: func(s *v1alpha1.CanaryStatus) { *s = v1alpha1.CanaryStatus{} }},
		"a version may still have traffic": {in: v1alpha1.PhaseSucceeded, want: true, mod: func(s *v1alpha1.CanaryStatus) {
			s.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", Since: ago(time.Second)}, {Version: "v2"}}
		}},
		"a version has none any more": {in: v1alpha1.PhaseSucceeded, mod: func(s *v1alpha1.CanaryStatus) {
			s.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", Since: ago(time.Second)}}
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(&s.status)
			}
			if got := NeedsMetrics(s.status); got != tc.want {
				t.Errorf("got %t", got)
			}
			if plan := s.decide(); tc.in != v1alpha1.PhaseSucceeded && plan.Measure != tc.want {
				t.Errorf("the plan says %t", plan.Measure)
			}
		})
	}
}
