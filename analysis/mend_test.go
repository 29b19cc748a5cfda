package analysis

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// summary writes what is left of a status after it was mended.
func summary(s v1alpha1.CanaryStatus) string {
	parts := []string{string(s.Phase)}
	if s.Stable != nil {
		parts = append(parts, "stable "+s.Stable.Version)
	}
	if s.Candidate != nil {
		parts = append(parts, fmt.Sprintf("candidate %s at %d", s.Candidate.Version, s.Candidate.Weight))
	}
	if s.Step != nil {
		parts = append(parts, "step "+s.Step.Position)
	}
	if s.Pause != nil {
		parts = append(parts, "pause "+string(s.Pause.Reason))
	}
	for _, r := range s.Retiring {
		parts = append(parts, "retiring "+r.Version)
	}
	return strings.Join(parts, ", ")
}

func TestMend(t *testing.T) {
	cases := map[string]struct {
		reason string
		in     v1alpha1.Phase
		mod    func(*scene)
		want   string
	}{
		"nothing": {in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status, s.seen = v1alpha1.CanaryStatus{}, Observed{} }},
		"a lost status finds the version that serves": {
			in: v1alpha1.PhaseSucceeded, want: "Succeeded, stable v4, retiring v3, retiring v12",
			mod: func(s *scene) {
				s.status = v1alpha1.CanaryStatus{}
				s.seen.Versions = map[string]Backend{"v3": {Endpoints: 1, Replicas: 3}, "v12": {Endpoints: 3, Replicas: 3}, "v4": {Endpoints: 3, Replicas: 3}}
			},
		},
		"a lost status of a Canary that had not begun to serve": {
			reason: "the apex still leads to the target's pods",
			in:     v1alpha1.PhaseInitializing, want: ", retiring v1",
			mod: func(s *scene) {
				s.status = v1alpha1.CanaryStatus{}
				s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3}
			},
		},
		"a candidate without stable": {
			in: v1alpha1.PhaseProgressing, want: "",
			mod: func(s *scene) { s.status.Stable, s.seen.Versions = nil, nil },
		},
		"no candidate in Progressing": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate = nil }, want: "Succeeded, stable v1",
		},
		"no candidate in Paused": {
			in: v1alpha1.PhasePaused, mod: func(s *scene) { s.status.Candidate = nil }, want: "Succeeded, stable v1",
		},
		"no candidate in Promoting": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Candidate = nil }, want: "Succeeded, stable v1",
		},
		"no candidate in RollingBack": {
			in: v1alpha1.PhaseRollingBack, mod: func(s *scene) { s.status.Candidate = nil }, want: "RolledBack, stable v1",
		},
		"a candidate in Succeeded": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.candidate(40); s.status.Step = nil },
			want: "Succeeded, stable v1, retiring v2",
		},
		"a candidate that is stable": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate.Version = "v1" }, want: "Succeeded, stable v1",
		},
		"a candidate without a name": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate.Version = "" }, want: "Succeeded, stable v1",
		},
		"no phase, with a candidate": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Phase = "" }, want: "Progressing, stable v1, candidate v2 at 25, step 2/3",
		},
		"a phase that is none": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status.Phase = "Dancing" }, want: "Succeeded, stable v1",
		},
		"paused without a reason": {
			in: v1alpha1.PhasePaused, mod: func(s *scene) { s.status.Pause = nil },
			want: "Paused, stable v1, candidate v2 at 25, step 2/3, pause Command",
		},
		"a pause in Progressing": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Pause = &v1alpha1.PauseStatus{} },
			want: "Progressing, stable v1, candidate v2 at 25, step 2/3",
		},
		"weight without a step": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step = nil },
			want: "Progressing, stable v1, candidate v2 at 25, step 2/3",
		},
		"a step without weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate.Weight = 0 },
			want: "Progressing, stable v1, candidate v2 at 0",
		},
		"a step in Promoting": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Step = &v1alpha1.StepStatus{Index: 3} },
			want: "Promoting, stable v1, candidate v2 at 100",
		},
		"a step beyond the steps": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.Index = 99 },
			want: "Progressing, stable v1, candidate v2 at 25, step 2/3",
		},
		"weight above 100": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Candidate.Weight = 400 },
			want: "Promoting, stable v1, candidate v2 at 100",
		},
		"weight while rolling back": {
			in: v1alpha1.PhaseRollingBack, mod: func(s *scene) { s.status.Candidate.Weight = 30 },
			want: "RollingBack, stable v1, candidate v2 at 0",
		},
		"a version in two roles": {
			in: v1alpha1.PhaseProgressing, want: "Progressing, stable v1, candidate v2 at 25, step 2/3, retiring v0",
			mod: func(s *scene) {
				for _, name := range []string{"v1", "v0", "", "v2", "v0"} {
					s.status.Retiring = append(s.status.Retiring, v1alpha1.RetiringStatus{Version: name})
				}
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			tc.mod(s)
			p := newPass(s.spec, s.status, s.seen, s.now)
			if got := summary(p.next); got != tc.want {
				t.Errorf("got %q, want %q %s", got, tc.want, tc.reason)
			}
			s.decide()
		})
	}
}

func TestMendKeepsNumbersCountingUp(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing, func(s *scene) {
		s.status.LastVersion = -3
		s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v9"}}
		s.status.Stable.Version = "first"
	})
	if got := newPass(s.spec, s.status, s.seen, s.now).next.LastVersion; got != 9 {
		t.Errorf("the last version is %d, want 9", got)
	}
}

// A clock that is stepped back by an hour puts every instant into the future. All begin again, and nothing that was measured
// before counts after.
func TestMendAfterTheClockWasSteppedBack(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing)
	s.status.Candidate.NotReadySince = ago(time.Second)
	s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", Since: ago(time.Second), LostAt: ago(2 * time.Second)}}
	landed := s.status.Step.LandedAt.Time
	s.status.Step.LastWindow, s.status.WithdrawnAt = nil, ago(time.Second)
	s.now = noon.Add(-time.Hour)
	p := newPass(s.spec, s.status, s.seen, s.now)
	n := p.next
	for name, at := range map[string]*v1alpha1.Time{
		"phaseSince": n.PhaseSince, "notReadySince": n.Candidate.NotReadySince, "startedAt": n.Candidate.StartedAt,
		"step.startedAt": n.Step.StartedAt, "step.landedAt": n.Step.LandedAt, "withdrawnAt": n.WithdrawnAt,
		"retiring.since": n.Retiring[0].Since, "retiring.lostAt": n.Retiring[0].LostAt, "adoptedAt": n.AdoptedAt,
	} {
		if at == nil || at.After(s.now) {
			t.Errorf("%s is %v, after now", name, at)
		}
	}
	if n.Step.LastWindow == nil || !n.Step.LastWindow.Time.Equal(landed) {
		t.Errorf("windows count from %v on, want the landing at %s", n.Step.LastWindow, landed)
	}
}

// A status that Decide wrote is whole: mending it changes nothing.
func TestMendLeavesAWholeStatusAlone(t *testing.T) {
	for _, phase := range phases {
		s := in(phase)
		if got, want := summary(newPass(s.spec, s.status, s.seen, s.now).next), summary(s.status); got != want {
			t.Errorf("%s: %s became %s", phase, want, got)
		}
	}
}

// A spec without steps, which only an API server without the CRD's rules lets pass, goes to all traffic in one step.
func TestASpecWithoutStepsHasOne(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing, func(s *scene) {
		s.spec = v1alpha1.CanarySpec{}
		s.status.Step, s.status.Candidate.Weight = nil, 0
	})
	if plan := s.decide(); plan.Weights.Candidate() != 100 || plan.Status.Step.Position != "1/1" {
		t.Errorf("%s at %d%%", plan.Status.Phase, plan.Weights.Candidate())
	}
}

func asJSON(status v1alpha1.CanaryStatus) string {
	text, err := json.Marshal(status)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// FuzzDecide looks for a status, of any shape that JSON can give it, that Decide cannot take.
func FuzzDecide(f *testing.F) {
	for _, phase := range phases {
		f.Add(asJSON(in(phase).status), uint8(3), false, false)
	}
	f.Add(`{"phase":"Progressing"}`, uint8(0), true, false)
	f.Add(`{"phase":"Paused","stable":{"version":"v1"},"candidate":{"version":"v1","weight":900}}`, uint8(0), true, true)
	f.Fuzz(func(t *testing.T, text string, endpoints uint8, empty, deleting bool) {
		s := in(v1alpha1.PhaseProgressing)
		s.status = v1alpha1.CanaryStatus{}
		if json.Unmarshal([]byte(text), &s.status) != nil {
			t.Skip("no status")
		}
		if empty {
			s.spec, s.seen = v1alpha1.CanarySpec{}, Observed{}
		}
		s.seen.Deleting = deleting
		s.seen.Versions = map[string]Backend{"v1": {Endpoints: int32(endpoints), Replicas: 3}, "v2": {Endpoints: int32(endpoints), Replicas: 3}, "x": {}}
		s.seen.Samples = []Sample{window(0, 10, 1)}
		plan := s.decide()
		again := Decide(s.spec, plan.Status, s.seen, s.now)
		if len(again.Notes) > 0 && !again.Finished {
			t.Fatalf("notes again: %q", notes(again))
		}
	})
}
