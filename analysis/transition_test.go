package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// transitionCase is one scene and what must come of it. Notes are whole sentences: they are what users read.
type transitionCase struct {
	reason  string
	in      v1alpha1.Phase
	mod     func(*scene)
	phase   v1alpha1.Phase
	version string // stable, and the candidate behind an arrow
	weight  int32
	notes   []string
	retires string // versions that lost their traffic
}

func runTransitions(t *testing.T, cases map[string]transitionCase) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(s)
			}
			plan := s.decide()
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			retires := ""
			for _, r := range plan.Status.Retiring {
				retires += r.Version
			}
			got := []any{plan.Status.Phase, plan.Status.Version, plan.Weights.Candidate(), retires}
			if diff := cmp.Diff([]any{tc.phase, tc.version, tc.weight, tc.retires}, got); diff != "" {
				t.Errorf("phase, version, weight, retiring (-want +got):\n%s%s", diff, tc.reason)
			}
		})
	}
}

func TestBeginning(t *testing.T) {
	nothing := func(s *scene) {
		s.status = v1alpha1.CanaryStatus{}
		s.seen.Versions, s.seen.HighestVersion = nil, 0
		s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
		s.seen.Apex, s.seen.Traffic = Apex{Found: true, PodEndpoints: 3}, Traffic{}
	}
	runTransitions(t, map[string]transitionCase{
		"adopt the target": {
			in: v1alpha1.PhaseSucceeded, mod: nothing,
			phase: v1alpha1.PhaseInitializing, version: "v1",
			notes: []string{"Initializing: adopting the target as v1 (shop:1, 3 pods)"},
		},
		"adopt nothing while there is no target": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { nothing(s); s.seen.Target = Target{} },
		},
		"adopt nothing while a name is taken": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { nothing(s); s.seen.Blocked = `Service "shop-v1" belongs to someone else` },
		},
		"adopt nothing while the revision is not known": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { nothing(s); s.seen.Target.Revision = "" },
		},
		"wait for the first version's endpoints": {in: v1alpha1.PhaseInitializing, phase: v1alpha1.PhaseInitializing, version: "v1"},
		"wait until the data plane applies it": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3} },
			phase: v1alpha1.PhaseInitializing, version: "v1",
		},
		"wait until the apex leads to the data plane": {
			in: v1alpha1.PhaseInitializing, phase: v1alpha1.PhaseInitializing, version: "v1",
			mod: func(s *scene) {
				s.seen.Versions["v1"], s.seen.Traffic.Landed = Backend{Endpoints: 3, Replicas: 3}, map[string]int64{"v1": 100}
			},
		},
		"the first version serves": {
			in: v1alpha1.PhaseInitializing, mod: firstServes, phase: v1alpha1.PhaseSucceeded, version: "v1",
			notes: []string{"Adopted: v1 (shop:1) serves with 3 ready endpoints"},
		},
		"a first version that lost an endpoint does not serve yet": {
			in: v1alpha1.PhaseInitializing, phase: v1alpha1.PhaseInitializing, version: "v1",
			mod: func(s *scene) { firstServes(s); s.seen.Versions["v1"] = Backend{Endpoints: 2, Replicas: 3} },
		},
		"behind a mesh the apex must lead to stable before the target may go": {
			reason: "callers outside the mesh would still be at the target's pods",
			in:     v1alpha1.PhaseInitializing, phase: v1alpha1.PhaseInitializing, version: "v1",
			mod: func(s *scene) {
				firstServes(s)
				s.drive(v1alpha1.ProviderSplit)
				s.seen.Apex = Apex{Found: true, Leads: LeadTarget, PodEndpoints: 3}
			},
		},
		"behind a mesh an apex of someone else does, because it leads to every version's pods": {
			in: v1alpha1.PhaseInitializing, phase: v1alpha1.PhaseSucceeded, version: "v1",
			mod: func(s *scene) {
				firstServes(s)
				s.drive(v1alpha1.ProviderSplit)
				s.seen.Apex = Apex{Found: true, Foreign: "it was here before"}
			},
			notes: []string{"Adopted: v1 (shop:1) serves with 3 ready endpoints"},
		},
		"the target changes before the first version serves": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Target.Revision, s.seen.Target.Image = "rev-2", "shop:2" },
			phase: v1alpha1.PhaseInitializing, version: "v2", retires: "v1",
			notes: []string{"TargetChanged: the target changed before v1 served: adopting it as v2"},
		},
		"a target without pods is adopted without pods": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				firstServes(s)
				*s.status.TargetReplicas, s.seen.Target.Replicas = 0, 0
				s.seen.Versions["v1"] = Backend{}
			},
			phase: v1alpha1.PhaseSucceeded, version: "v1",
			notes: []string{"Adopted: v1 (shop:1) serves with 0 ready endpoints"},
		},
		"a new revision becomes a candidate": {
			in: v1alpha1.PhaseSucceeded, mod: asksFor("2"),
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2",
			notes: []string{"NewRevision: new revision: starting v2 (shop:2) beside v1 (shop:1)"},
		},
		"a number that exists is not used again": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { asksFor("2")(s); s.seen.HighestVersion = 6 },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v7",
			notes: []string{"NewRevision: new revision: starting v7 (shop:2) beside v1 (shop:1)"},
		},
		"suspend holds a new revision back": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { asksFor("2")(s); s.spec.Suspend = true },
			phase: v1alpha1.PhaseSucceeded, version: "v1",
		},
	})
}

func asksFor(n string) func(*scene) {
	return func(s *scene) { s.seen.Target.Revision, s.seen.Target.Image = "rev-"+n, "shop:"+n }
}

// firstServes gives the first version all it needs.
func firstServes(s *scene) {
	s.seen.Versions["v1"], s.seen.Traffic.Landed = Backend{Endpoints: 3, Replicas: 3}, map[string]int64{"v1": 100}
	s.seen.Apex = Apex{Found: true, Leads: LeadProxy, ProxyEndpoints: 2}
}

func TestClimbing(t *testing.T) {
	started := func(s *scene) {
		s.status.Step, s.status.Candidate.Weight = nil, 0
		s.seen.Traffic.Landed = map[string]int64{"v1": 100}
	}
	dwelt := func(s *scene) { s.status.Step.LandedAt = ago(20 * time.Second) }
	runTransitions(t, map[string]transitionCase{
		"a ready candidate gets its first weight": {
			in: v1alpha1.PhaseProgressing, mod: started, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 5,
			notes: []string{"WeightRaised: weight 0% -> 5%: 3 of 3 endpoints ready"},
		},
		"one with too few endpoints does not": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { started(s); s.seen.Versions["v2"] = Backend{Endpoints: 2, Replicas: 3} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2",
		},
		"one without pods does not either": {
			reason: "spec.replicas is 0: nothing can be tested, and nothing is late",
			in:     v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2",
			mod: func(s *scene) {
				started(s)
				s.spec.Replicas, s.seen.Versions["v2"] = new(int32), Backend{}
				s.status.Candidate.NotReadySince = ago(time.Hour)
			},
		},
		"suspend holds the first weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { started(s); s.spec.Suspend = true },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2",
		},
		"a missing target holds the first weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { started(s); s.seen.Target = Target{} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2",
		},
		"the weight lands": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.LandedAt, s.status.Step.Passed = nil, 0 },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			notes: []string{"WeightLanded: weight 25% is applied by the data plane after 12s"},
		},
		"another weight than the planned one has not landed": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, map[string]int64{"v1": 95, "v2": 5}
			},
		},
		"the candidate's share has not landed while nobody gets it": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, map[string]int64{"v1": 75, "v2": 5}
			},
		},
		"while a version that retired still gets requests nothing has landed": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, map[string]int64{"v0": 1, "v1": 75, "v2": 25}
			},
		},
		"a version that retired and is still named with weight 0 is no obstacle": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, map[string]int64{"v0": 0, "v1": 75, "v2": 25}
			},
			notes: []string{"WeightLanded: weight 25% is applied by the data plane after 12s"},
		},
		"the dwell is over and windows passed": {
			in: v1alpha1.PhaseProgressing, mod: dwelt, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 50,
			notes: []string{"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"},
		},
		"windows passed and the dwell is not over": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.LandedAt = ago(19 * time.Second) },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the dwell is over and no window passed": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.status.Step.Passed, s.status.Checks = 0, nil },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the newest window had no requests": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.seen.Samples = []Sample{window(-time.Second, 0, 0)} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the newest window failed": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.seen.Samples = []Sample{window(-time.Second, 50, 1)} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			notes: []string{"CheckFailed: success rate 98.00% < 99% of v2 over 50 requests in 10s: failed window 1 of 3 in a row"},
		},
		"the metrics cannot be read": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.seen.MetricsError = "no answer" },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the metrics fell silent without an error": {
			reason: "what passed two minutes ago says nothing about now",
			in:     v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.Step.LastWindow = ago(3*time.Minute), ago(2*time.Minute)
			},
		},
		"the candidate lost an endpoint": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.seen.Versions["v2"] = Backend{Endpoints: 2, Replicas: 3} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the last step leads to all traffic": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { dwelt(s); s.spec.Steps = s.spec.Steps[:2] },
			phase: v1alpha1.PhasePromoting, version: "v1 -> v2", weight: 100,
			notes: []string{
				"Promoting: promoting v2: 1 window passed and the dwell of 20s is over",
				"WeightRaised: weight 25% -> 100%: 3 of 3 endpoints ready",
			},
		},
		"steps that were edited away are skipped": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 60,
			mod: func(s *scene) {
				s.spec.Steps = []v1alpha1.Step{{Weight: 10, Dwell: seconds(1)}, {Weight: 60}}
			},
			notes: []string{"WeightRaised: weight 25% -> 60%: 1 window passed and the dwell of 1s is over"},
		},
		"a step with approval waits for it": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod:   func(s *scene) { dwelt(s); s.spec.Steps[1].Approval = v1alpha1.ApprovalRequired },
			notes: []string{"Paused: step 2/3 at 25% passed and waits for approval"},
		},
		"a step that was approved early does not": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 50,
			mod: func(s *scene) {
				dwelt(s)
				s.spec.Steps[1].Approval, s.status.Step.Approved = v1alpha1.ApprovalRequired, true
			},
			notes: []string{"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"},
		},
		"all traffic landed": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.seen.Traffic.Landed = map[string]int64{"v2": 100} },
			phase: v1alpha1.PhaseSucceeded, version: "v2", retires: "v1",
			notes: []string{"Promoted: v2 (shop:2) is promoted after 5m; v1 (shop:1) retires"},
		},
		"all traffic landed on a candidate that lost its endpoints": {
			in: v1alpha1.PhasePromoting, phase: v1alpha1.PhasePromoting, version: "v1 -> v2", weight: 100,
			mod: func(s *scene) {
				s.seen.Traffic.Landed, s.seen.Versions["v2"] = map[string]int64{"v2": 100}, Backend{Endpoints: 0, Replicas: 3}
			},
		},
		"suspend keeps the promotion from all traffic": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Candidate.Weight = 50; s.spec.Suspend = true },
			phase: v1alpha1.PhasePromoting, version: "v1 -> v2", weight: 50,
		},
		"after a long suspend the time to land begins with the weight": {
			reason: "else the deadline would strike at once",
			in:     v1alpha1.PhasePromoting, phase: v1alpha1.PhasePromoting, version: "v1 -> v2", weight: 100,
			mod:   func(s *scene) { s.status.Candidate.Weight, s.status.PhaseSince = 50, ago(time.Hour) },
			notes: []string{"WeightRaised: weight 50% -> 100%: 3 of 3 endpoints ready"},
		},
	})
}

func TestGoingBack(t *testing.T) {
	runTransitions(t, map[string]transitionCase{
		"the target asks for stable again": {
			in: v1alpha1.PhaseProgressing, mod: asksFor("1"), phase: v1alpha1.PhaseSucceeded, version: "v1", retires: "v2",
			notes: []string{"Reverted: the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic"},
		},
		"while paused": {
			in: v1alpha1.PhasePaused, mod: asksFor("1"), phase: v1alpha1.PhaseSucceeded, version: "v1", retires: "v2",
			notes: []string{"Reverted: the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic"},
		},
		"while promoting": {
			in: v1alpha1.PhasePromoting, mod: asksFor("1"), phase: v1alpha1.PhaseSucceeded, version: "v1", retires: "v2",
			notes: []string{"Reverted: the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic"},
		},
		"while rolling back": {
			in: v1alpha1.PhaseRollingBack, mod: asksFor("1"), phase: v1alpha1.PhaseSucceeded, version: "v1", retires: "v2",
			notes: []string{"Reverted: the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic"},
		},
		"after it was rolled back": {
			in: v1alpha1.PhaseRolledBack, mod: asksFor("1"), phase: v1alpha1.PhaseSucceeded, version: "v1",
			notes: []string{"Reverted: the target asks for v1 (shop:1) again, which serves"},
		},
		"before the candidate had traffic it goes at once": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseSucceeded, version: "v1",
			mod: func(s *scene) {
				asksFor("1")(s)
				s.status.Step, s.status.Candidate.Weight = nil, 0
			},
			notes: []string{"Reverted: the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic"},
		},
		"a newer revision takes the candidate's place": {
			in: v1alpha1.PhaseProgressing, mod: asksFor("3"), phase: v1alpha1.PhaseProgressing, version: "v1 -> v3", retires: "v2",
			notes: []string{
				"Superseded: the target asks for shop:3 now: v2 (shop:2) gets no more traffic",
				"NewRevision: new revision: starting v3 (shop:3) beside v1 (shop:1)",
			},
		},
		"a newer revision while suspended only ends the old one": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { asksFor("3")(s); s.spec.Suspend = true },
			phase: v1alpha1.PhaseSucceeded, version: "v1", retires: "v2",
			notes: []string{"Superseded: the target asks for shop:3 now: v2 (shop:2) gets no more traffic"},
		},
		"a newer revision after a rollback": {
			in: v1alpha1.PhaseRolledBack, mod: asksFor("3"), phase: v1alpha1.PhaseProgressing, version: "v1 -> v3",
			notes: []string{"NewRevision: new revision: starting v3 (shop:3) beside v1 (shop:1)"},
		},
		"the target vanishes": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.seen.Target = Target{} },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"weight 0 landed": {
			in: v1alpha1.PhaseRollingBack, mod: func(s *scene) { s.seen.Traffic.Landed = map[string]int64{"v1": 100, "v2": 0} },
			phase: v1alpha1.PhaseRolledBack, version: "v1", retires: "v2",
			notes: []string{"RolledBack: v1 (shop:1) has all traffic again after 1m"},
		},
		"weight 0 landed on a data plane that no longer names the candidate": {
			in: v1alpha1.PhaseRollingBack, mod: func(s *scene) { s.seen.Traffic.Landed = map[string]int64{"v1": 100} },
			phase: v1alpha1.PhaseRolledBack, version: "v1", retires: "v2",
			notes: []string{"RolledBack: v1 (shop:1) has all traffic again after 1m"},
		},
		"weight 0 that was seen to land begins the delay": {
			in: v1alpha1.PhaseRollingBack, phase: v1alpha1.PhaseRolledBack, version: "v1",
			mod: func(s *scene) {
				s.seen.Traffic.Landed, s.spec.ScaleDownDelay = map[string]int64{"v1": 100}, v1alpha1.Dur(0)
			},
			notes: []string{"RolledBack: v1 (shop:1) has all traffic again after 1m"},
		},
		"weight 0 that nobody saw land does not": {
			in: v1alpha1.PhaseRollingBack, phase: v1alpha1.PhaseRolledBack, version: "v1", retires: "v2",
			mod: func(s *scene) {
				s.status.PhaseSince, s.seen.Traffic.Landed, s.spec.ScaleDownDelay = ago(3*time.Minute), nil, v1alpha1.Dur(0)
			},
			notes: []string{"RolledBack: weight 0% is written; nobody reported for 3m that it is applied"},
		},
		"nobody says whether weight 0 landed": {
			in: v1alpha1.PhaseRollingBack, phase: v1alpha1.PhaseRolledBack, version: "v1", retires: "v2",
			mod: func(s *scene) {
				s.status.PhaseSince, s.seen.Traffic.Landed = ago(3*time.Minute), nil
			},
			notes: []string{"RolledBack: weight 0% is written; nobody reported for 3m that it is applied"},
		},
	})
}

// A revision that was reverted while it was rolled back is tried again when the target asks for it again: the target changed.
func TestARevertForgetsTheRollback(t *testing.T) {
	s := in(v1alpha1.PhaseRollingBack, asksFor("1"))
	s.status = s.decide().Status
	asksFor("2")(s)
	want := []string{"NewRevision: new revision: starting v3 (shop:2) beside v1 (shop:1)"}
	if diff := cmp.Diff(want, notes(s.decide())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeadlines(t *testing.T) {
	late := func(s *scene) {
		s.status.Candidate.NotReadySince, s.seen.Versions["v2"] = ago(121*time.Second), Backend{Endpoints: 1, Replicas: 3}
	}
	wentBack := "ProgressDeadlineExceeded: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: v2 had 1 of 3 endpoints ready for 2m1s"
	landed := "RolledBack: v1 (shop:1) has all traffic again after 0s"
	runTransitions(t, map[string]transitionCase{
		"endpoints are missing for too long": {
			in: v1alpha1.PhaseProgressing, mod: late, phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2", notes: []string{wentBack},
		},
		"also during a metrics outage": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2", notes: []string{wentBack},
			mod: func(s *scene) { late(s); s.seen.MetricsError, s.seen.Traffic.Landed = "no answer", nil },
		},
		"also while paused": {
			in: v1alpha1.PhasePaused, mod: late, phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2", notes: []string{wentBack},
		},
		"also while suspended": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2", notes: []string{wentBack},
			mod: func(s *scene) { late(s); s.spec.Suspend = true },
		},
		"of a candidate without traffic": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseRolledBack, version: "v1", retires: "v2",
			mod: func(s *scene) {
				late(s)
				s.status.Step, s.status.Candidate.Weight = nil, 0
				s.seen.Traffic.Landed = map[string]int64{"v1": 100}
			},
			notes: []string{
				"ProgressDeadlineExceeded: rolling back v2 (shop:2) to v1 (shop:1), it had no traffic: v2 had 1 of 3 endpoints ready for 2m1s",
				landed,
			},
		},
		"endpoints that came at last are not late": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate.NotReadySince = ago(time.Hour) },
			phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
		},
		"the data plane says for too long that it applies something else": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2",
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.Step.StartedAt = nil, ago(3*time.Minute)
				s.seen.Traffic.Landed = map[string]int64{"v1": 95, "v2": 5}
			},
			notes: []string{"ProgressDeadlineExceeded: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: " +
				"the data plane applies v1 95, v2 5 instead of v1 75, v2 25 for 3m"},
		},
		"a data plane that says nothing is not the candidate's fault": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: func(s *scene) {
				s.status.Step.LandedAt, s.status.Step.StartedAt = nil, ago(3*time.Minute)
				s.seen.Traffic.Landed = nil
			},
		},
		"a weight that had landed while the controller was away is not late": {
			reason: "the deadline comes first, and used to strike although the weight was applied",
			in:     v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod:   func(s *scene) { s.status.Step.LandedAt, s.status.Step.StartedAt = nil, ago(3*time.Minute) },
			notes: []string{"WeightLanded: weight 25% is applied by the data plane after 3m"},
		},
		"all traffic does not land": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.PhaseSince = ago(3 * time.Minute) },
			phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2",
			notes: []string{"ProgressDeadlineExceeded: rolling back v2 (shop:2) to v1 (shop:1), weight 100% -> 0%: " +
				"the data plane applies v1 50, v2 50 instead of v1 0, v2 100 for 3m"},
		},
	})
}

func TestTimeouts(t *testing.T) {
	long := func(s *scene) {
		s.status.PhaseSince, s.status.Step.StartedAt, s.status.Step.LandedAt = ago(time.Hour), ago(6*time.Minute), ago(6*time.Minute)
		s.status.Step.Passed, s.status.Step.LastWindow, s.status.Checks = 0, nil, nil
	}
	took := "step 2/3 took 6m, more than its timeout of 5m: waiting for the first window"
	on := func(action v1alpha1.TimeoutAction, mods ...func(*scene)) func(*scene) {
		return func(s *scene) {
			long(s)
			s.spec.Analysis.OnTimeout = action
			for _, mod := range mods {
				mod(s)
			}
		}
	}
	runTransitions(t, map[string]transitionCase{
		"pauses": {
			in: v1alpha1.PhaseProgressing, mod: on(v1alpha1.OnTimeoutPause), phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			notes: []string{"Paused: " + took},
		},
		"rolls back": {
			in: v1alpha1.PhaseProgressing, mod: on(v1alpha1.OnTimeoutRollBack), phase: v1alpha1.PhaseRollingBack, version: "v1 -> v2",
			notes: []string{"StepTimeout: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: " + took},
		},
		"goes on": {
			in: v1alpha1.PhaseProgressing, mod: on(v1alpha1.OnTimeoutPromote), phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 50,
			notes: []string{"WeightRaised: weight 25% -> 50%: " + took},
		},
		"does not go on past an approval": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod:   on(v1alpha1.OnTimeoutPromote, func(s *scene) { s.spec.Steps[1].Approval = v1alpha1.ApprovalRequired }),
			notes: []string{"Paused: " + took},
		},
		"does not go on with a candidate whose newest window failed": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod:   on(v1alpha1.OnTimeoutPromote, func(s *scene) { s.status.Step.Failed = 2 }),
			notes: []string{"Paused: step 2/3 took 6m, more than its timeout of 5m: 2 windows in a row failed, limit 3"},
		},
		"does not go on while the evidence against the candidate holds it": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutPromote, func(s *scene) {
				s.spec.Analysis.Judge, s.status.Step.Cause = v1alpha1.JudgeEvidence, string(judge.Suspicious)
			}),
			notes: []string{"Paused: step 2/3 took 6m, more than its timeout of 5m: waiting for the first window"},
		},
		"does not go on while the newest windows surely break a limit": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutPromote, func(s *scene) {
				s.spec.Analysis.Judge, s.status.Step.Cause = v1alpha1.JudgeEvidence, string(judge.Breaking)
			}),
			notes: []string{"Paused: step 2/3 took 6m, more than its timeout of 5m: waiting for the first window"},
		},
		"does not go on without endpoints": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod:   on(v1alpha1.OnTimeoutPromote, func(s *scene) { s.seen.Versions["v2"] = Backend{Endpoints: 2, Replicas: 3} }),
			notes: []string{"Paused: " + took},
		},
		"does not go on before the weight landed": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhasePaused, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutPromote, func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, nil
			}),
			notes: []string{"Paused: step 2/3 took 6m, more than its timeout of 5m: the weight has not landed"},
		},
		"a step that can be left is not late": {
			reason: "the controller was away for longer than the timeout; the newest window is at hand",
			in:     v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 50,
			mod:   on(v1alpha1.OnTimeoutRollBack, func(s *scene) { s.seen.Samples = []Sample{window(-10*time.Second, 40, 0)} }),
			notes: []string{"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"},
		},
		"counts from the end of a pause": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutRollBack, func(s *scene) { s.status.PhaseSince = ago(4 * time.Minute) }),
		},
		"does not count while suspended": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutRollBack, func(s *scene) { s.spec.Suspend = true }),
		},
		"does not cut a long dwell off": {
			in: v1alpha1.PhaseProgressing, phase: v1alpha1.PhaseProgressing, version: "v1 -> v2", weight: 25,
			mod: on(v1alpha1.OnTimeoutRollBack, func(s *scene) { s.spec.Steps[1].Dwell = seconds(3600) }),
		},
	})
}
