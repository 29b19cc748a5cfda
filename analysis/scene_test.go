package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// scene is everything Decide is given. The scenes below are one per phase, each at rest: nothing happens until a test
// changes something.
type scene struct {
	spec   v1alpha1.CanarySpec
	status v1alpha1.CanaryStatus
	seen   Observed
	now    time.Time
}

func (s *scene) decide() Plan { return Decide(s.spec, s.status, s.seen, s.now) }

// noon is the time of every scene; ago is an instant before it.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) *v1alpha1.Time { return v1alpha1.At(noon.Add(-d)) }

func versionNamed(n string) v1alpha1.VersionStatus {
	return v1alpha1.VersionStatus{Version: "v" + n, Revision: "rev-" + n, Image: "shop:" + n}
}

// in is the scene of a phase, changed by mods.
func in(phase v1alpha1.Phase, mods ...func(*scene)) *scene {
	size := int32(3)
	stable := versionNamed("1")
	s := &scene{
		spec: shopSpec(), now: noon,
		status: v1alpha1.CanaryStatus{
			Phase: phase, PhaseSince: ago(time.Minute), Stable: &stable, LastVersion: 1,
			AdoptedAt: ago(time.Hour), TargetReplicas: &size,
			Traffic: &v1alpha1.TrafficStatus{Provider: v1alpha1.ProviderProxy, Reason: onlyProxy(Planes{})},
		},
		seen: Observed{
			Name: "shop", Generation: 4, HighestVersion: 1,
			Target:   Target{Found: true, Revision: "rev-1", Image: "shop:1"},
			Versions: map[string]Backend{"v1": {Endpoints: 3, Replicas: 3}},
			Traffic:  Traffic{Written: true},
			Apex:     Apex{Found: true, Leads: LeadProxy, ProxyEndpoints: 2},
			Planes:   Planes{Splits: true, Proxy: true},
		},
	}
	switch phase {
	case v1alpha1.PhaseInitializing:
		s.status.AdoptedAt = nil
		s.seen.Versions["v1"] = Backend{Endpoints: 1, Replicas: 3}
		s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
		s.seen.Apex, s.seen.Traffic = Apex{Found: true, PodEndpoints: 3}, Traffic{}
	case v1alpha1.PhaseProgressing:
		s.candidate(25)
	case v1alpha1.PhasePaused:
		s.candidate(25)
		s.status.Pause = &v1alpha1.PauseStatus{Reason: v1alpha1.PauseCommand, Since: ago(time.Minute)}
	case v1alpha1.PhasePromoting:
		s.candidate(100)
		s.status.Step, s.seen.Traffic.Landed = nil, map[string]int64{"v1": 50, "v2": 50}
	case v1alpha1.PhaseRollingBack:
		s.candidate(0)
		s.status.Step, s.status.RolledBackRevision = nil, "rev-2"
		s.status.History = history(v1alpha1.OutcomeRolledBack)
		s.seen.Traffic.Landed = map[string]int64{"v1": 75, "v2": 25}
	case v1alpha1.PhaseRolledBack:
		s.status.RolledBackRevision, s.status.LastVersion = "rev-2", 2
		s.status.History = history(v1alpha1.OutcomeRolledBack)
		s.seen.Target.Revision, s.seen.Target.Image = "rev-2", "shop:2"
	case v1alpha1.PhaseSucceeded:
	}
	for _, mod := range mods {
		mod(s)
	}
	return s
}

func history(outcome v1alpha1.Outcome) []v1alpha1.RolloutRecord {
	return []v1alpha1.RolloutRecord{{
		VersionStatus: versionNamed("2"), Outcome: outcome, Reason: v1alpha1.ReasonAborted, Message: "abort by jane",
		StartedAt: ago(5 * time.Minute), EndedAt: ago(time.Minute),
	}}
}

// candidate puts v2 beside v1, ten seconds after its weight landed and with one window that passed.
func (s *scene) candidate(weight int32) {
	s.status.Candidate = &v1alpha1.CandidateStatus{
		VersionStatus: versionNamed("2"), Weight: weight, Share: 100, StartedAt: ago(5 * time.Minute),
	}
	s.status.LastVersion, s.seen.HighestVersion = 2, 2
	s.status.Step = &v1alpha1.StepStatus{
		Index: 1, Position: "2/3", StartedAt: ago(12 * time.Second), LandedAt: ago(11 * time.Second),
		LastWindow: ago(time.Second), Passed: 1,
	}
	s.status.Checks = evaluate(s.spec.Analysis, window(-11*time.Second, 400, 0))
	s.seen.Versions["v2"] = Backend{Endpoints: 3, Replicas: 3}
	s.seen.Target.Revision, s.seen.Target.Image = "rev-2", "shop:2"
	s.seen.Traffic.Landed = map[string]int64{"v1": int64(100 - weight), "v2": int64(weight)}
	s.seen.MetricsRead = true
}

// drive has a scene's Canary be driven by a data plane that the spec names and that is there.
func (s *scene) drive(provider v1alpha1.TrafficProvider) {
	s.spec.Traffic.Provider = provider
	s.seen.Planes = Planes{Splits: true, HTTPRoutes: true, Proxy: true}
	s.status.Traffic = &v1alpha1.TrafficStatus{Provider: provider, Reason: asked(provider)}
}

// window is one of ten seconds that began at noon plus start.
func window(start time.Duration, requests, failures float64) Sample {
	return Sample{
		Start: noon.Add(start), End: noon.Add(start + 10*time.Second),
		Candidate: Counts{Version: "v2", Requests: requests, Failures: failures, Latency: true, P99: 20 * time.Millisecond},
		Stable:    Counts{Version: "v1", Requests: 3 * requests, Latency: true, P99: 20 * time.Millisecond},
	}
}

// notes are a plan's, as "Reason: message".
func notes(p Plan) []string {
	var all []string
	for _, n := range p.Notes {
		all = append(all, n.Reason+": "+n.Message)
	}
	return all
}

var phases = []v1alpha1.Phase{
	v1alpha1.PhaseInitializing, v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting,
	v1alpha1.PhaseSucceeded, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack,
}

func TestEveryPhaseRestsUntilSomethingHappens(t *testing.T) {
	for _, phase := range phases {
		t.Run(string(phase), func(t *testing.T) {
			s := in(phase)
			before := *s.status.DeepCopy()
			plan := s.decide()
			if got := notes(plan); got != nil {
				t.Errorf("notes: %q", got)
			}
			if diff := cmp.Diff(before, withoutOutput(plan.Status)); diff != "" {
				t.Errorf("the status changes (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(before, s.status); diff != "" {
				t.Errorf("Decide wrote into its input:\n%s", diff)
			}
		})
	}
}

// withoutOutput leaves out of a status what is only written for people.
func withoutOutput(s v1alpha1.CanaryStatus) v1alpha1.CanaryStatus {
	s.Conditions, s.Message, s.Version, s.Replicas, s.Selector, s.ObservedGeneration = nil, "", "", 0, "", 0
	return s
}

func TestSplit(t *testing.T) {
	cases := map[string]struct {
		give                      int32
		wantStable, wantCandidate int32
	}{
		"nothing to the candidate":             {0, 100, 0},
		"a quarter to the candidate":           {25, 75, 25},
		"everything to the candidate":          {100, 0, 100},
		"less than nothing is cut off":         {-7, 100, 0},
		"more than everything is cut off":      {180, 0, 100},
		"the smallest weight a step can have":  {1, 99, 1},
		"the greatest short of all of them is": {99, 1, 99},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if w := Split(tc.give); w.Stable() != tc.wantStable || w.Candidate() != tc.wantCandidate {
				t.Errorf("Split(%d) = %d/%d, want %d/%d", tc.give, w.Stable(), w.Candidate(), tc.wantStable, tc.wantCandidate)
			}
		})
	}
}
