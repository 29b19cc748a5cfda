package analysis

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// At every moment, between any two writes, whoever the data plane or the apex leads callers to has ready endpoints, as long
// as pods that are ready stay so, and a data plane that takes nothing in can be seen to do so. (One that nobody can see is
// given the progress deadline, by the clock: so that is not stepped then. A Gateway is not given one.)
func TestSomebodyAlwaysServes(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("pods", "no pods", "edit split")
		if rapid.Bool().Draw(c.t, "the data plane works") {
			c.calms("plane stuck", "clock")
		} else {
			c.calms("plane silent", "metrics")
		}
		c.onMoment = func() {
			for version, weight := range c.plane.applied {
				if v := c.versions[version]; weight > 0 && (v == nil || v.ready == 0) {
					c.t.Fatalf("%d%% of the requests go to %s, which has no ready endpoint: split %v", weight, version, c.split)
				}
			}
			mustFindCallers(c)
		}
		c.story()
		c.deleting = c.deleting || rapid.Bool().Draw(c.t, "deleted at the end")
		c.happen(10)
	})
}

// mustFindCallers fails if the apex leads nowhere.
func mustFindCallers(c *chaos) {
	if !c.apex.Found || c.gone {
		return
	}
	switch c.apex.Leads {
	case LeadStable:
		if v := c.versions[c.apexTo]; v == nil || v.ready == 0 {
			c.t.Fatalf("the apex leads to %s, which has no ready endpoint", c.apexTo)
		}
	case LeadProxy:
		if c.split == nil {
			c.t.Fatal("the apex leads to proxies that have no TrafficSplit")
		}
	case LeadTarget, LeadElsewhere:
		if c.target.Found && c.target.Ready == 0 && c.target.Replicas == 0 {
			c.t.Fatal("the apex leads to the target, which is scaled to 0")
		}
	}
}

// A version that may have traffic is never deleted and never smaller than planned; the TrafficSplit only names versions of
// the plan.
func TestVersionsWithTrafficKeepTheirPods(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		roles := map[string]Version{}
		for _, v := range l.plan.Versions {
			if _, twice := roles[v.Name]; twice {
				c.t.Fatalf("%s is planned twice: %v", v.Name, l.plan.Versions)
			}
			roles[v.Name] = v
			if least := leastSize(l, v); v.Replicas < least || v.Replicas > max(sizeAt(l, 100), l.seen.Versions[v.Name].Replicas) {
				c.t.Fatalf("%s %s is planned with %d pods, at least %d are needed", v.Role, v.Name, v.Replicas, least)
			}
		}
		for version, weight := range l.seen.Traffic.Landed {
			_, exists := l.seen.Versions[version]
			if _, kept := roles[version]; weight > 0 && exists && !kept && !c.edited[version] {
				c.t.Fatalf("%s goes while the data plane says it gets %d%%", version, weight)
			}
		}
		if s := l.plan.Status.Stable; s != nil && roles[s.Version].Role != RoleStable {
			c.t.Fatalf("stable %s is planned as %v", s.Version, roles[s.Version])
		}
		if s := l.plan.Status.Candidate; s != nil && s.Share > 0 && roles[s.Version].Role != RoleCandidate {
			c.t.Fatalf("candidate %s is planned as %v", s.Version, roles[s.Version])
		}
	})
}

// leastSize is the number of pods that a version of a plan needs for what it may carry.
func leastSize(l look, v Version) int32 {
	switch v.Role {
	case RoleStable:
		return sizeAt(l, 100)
	case RoleCandidate:
		return max(sizeAt(l, l.plan.Status.Candidate.Weight), min(sizeAt(l, 100), 1))
	default:
		return l.seen.Versions[v.Name].Replicas
	}
}

// A version that had traffic keeps its pods for scaleDownDelay after it lost it, to finish what it has begun.
func TestVersionsOutliveTheirTraffic(t *testing.T) {
	property(t, func(c *chaos) {
		served, there := map[string]time.Time{}, map[string]bool{}
		c.calms("clock", "plane stuck", "edit split")
		c.onMoment = func() {
			for version, weight := range c.plane.applied {
				if weight > 0 {
					served[version] = c.now
				}
			}
			for name := range there {
				last, ever := served[name]
				if c.versions[name] == nil && ever && c.now.Sub(last) < c.spec.ScaleDownDelay.Of() {
					c.t.Fatalf("%s is deleted %s after its last request", name, c.now.Sub(last))
				}
			}
			clear(there)
			for name := range c.versions {
				there[name] = true
			}
		}
		c.story()
	})
}

// Version numbers are never reused: a name means one revision for ever, and what was deleted is not made again.
func TestVersionNumbersAreNeverReused(t *testing.T) {
	property(t, func(c *chaos) {
		revisions, deleted := map[string]string{}, map[string]bool{}
		c.every = append(c.every, func(c *chaos, l look) {
			for _, v := range l.plan.Versions {
				if known, ok := revisions[v.Name]; ok && known != v.Revision && l.recorded {
					c.t.Fatalf("%s was %s and is %s", v.Name, known, v.Revision)
				}
				if l.recorded {
					revisions[v.Name] = v.Revision
				}
			}
			for name := range l.seen.Versions {
				if c.versions[name] == nil {
					deleted[name] = true
				}
			}
			for name := range c.versions {
				if deleted[name] {
					c.t.Fatalf("%s is back", name)
				}
			}
		})
		c.calms("stale cache")
		c.story()
	})
}

// The target is scaled to 0 only once a first version had its endpoints, all traffic and the apex, and never while someone
// else sizes it; a Canary under deletion only scales it up.
func TestTargetIsScaledDownOnlyOnceAVersionServes(t *testing.T) {
	property(t, func(c *chaos) {
		served := false
		c.every = append(c.every, func(c *chaos, l look) {
			stable := l.plan.Status.Stable
			if stable != nil && l.seen.Versions[stable.Version].Endpoints >= sizeAt(l, 100) && l.seen.Traffic.Landed[stable.Version] == 100 {
				served = served || l.seen.Apex.Found
			}
			n := l.plan.TargetReplicas
			switch {
			case n == nil:
			case l.seen.Target.ReplicasOwner != "":
				c.t.Fatal("the target is sized by two")
			case *n == 0 && !served:
				c.t.Fatal("the target is scaled to 0 before a version served")
			case l.seen.Deleting && *n < l.seen.Target.Replicas && l.seen.Target.Ready >= l.seen.Target.Replicas:
				c.t.Fatalf("the target is scaled down to %d by a deletion", *n)
			}
		})
		c.story()
	})
}

// Time alone changes nothing before the wait of a plan is over; a wait of 0 means that it never does.
func TestWaitMissesNothing(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		justLost := func(r v1alpha1.RetiringStatus) bool { return r.Since == nil && r.LostAt.Equal(v1alpha1.At(l.now)) }
		if l.plan.Finished || slices.ContainsFunc(l.plan.Status.Retiring, justLost) {
			return // or the same observation, made later, would tell something new
		}
		moments := []time.Duration{l.plan.Wait / 2, l.plan.Wait - 2*time.Millisecond}
		if l.plan.Wait == 0 {
			moments = []time.Duration{time.Second, time.Minute, time.Hour, 1000 * time.Hour}
		}
		for _, d := range moments {
			if d <= 2*time.Millisecond {
				continue
			}
			later := Decide(l.spec, l.plan.Status, recorded(l.seen), l.now.Add(d))
			later.Wait, later.Notes = l.plan.Wait, append(l.plan.Notes, later.Notes...)
			for i := range min(len(later.Calls), len(l.plan.Calls)) {
				later.Calls[i].Wait = l.plan.Calls[i].Wait // which counts down
			}
			if len(later.Notes) == len(l.plan.Notes) && reflect.DeepEqual(later, l.plan) {
				continue
			}
			c.t.Fatalf("a wait of %s misses what happens after %s: %v\n%s", l.plan.Wait, d,
				later.Notes, cmp.Diff(l.plan.Status, later.Status))
		}
	})
}

// In a healthy cluster a good release is promoted, and a bad one rolled back, within a bound that the spec gives. Only the
// waits of the plans and what the controller watches wake it.
func TestHealthyRolloutsEnd(t *testing.T) {
	property(t, func(c *chaos) {
		c.metrics.rate = 4000 // evidence is a matter of a window or two
		if c.metrics.custom != nil {
			c.metrics.custom = checkedOut(0) // a Prometheus that answers
		}
		c.settle()
		bad := rapid.Bool().Draw(c.t, "bad")
		c.behave("2", app{starts: 2 * time.Second, fails: map[bool]float64{true: 0.4}[bad]})
		c.ask("2")
		interval := c.spec.Analysis.Interval.Of()
		bound := 10 * time.Second
		for _, s := range c.spec.Steps {
			bound += s.Dwell.Of() + 4*interval + 5*time.Second
		}
		if bad {
			bound = 15*time.Second + interval*time.Duration(c.spec.Analysis.FailureThreshold+1)
		}
		ended := c.runUntil(bound, func() bool {
			c.decide()
			return c.status.Candidate == nil && c.status.History != nil
		})
		want := map[bool]v1alpha1.Outcome{false: v1alpha1.OutcomePromoted, true: v1alpha1.OutcomeRolledBack}[bad]
		if !ended || c.status.History[0].Outcome != want {
			c.t.Fatalf("after %s: %s: %s", bound, c.status.Phase, c.status.Message)
		}
	})
}

// Whatever happened, once the cluster is healthy again and people decide what waits for them, everything comes to rest:
// one version that serves, nothing else, nobody looking.
func TestEverythingComesToRest(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.story()
		c.heal()
		c.run(time.Second)
		rests := func() bool {
			c.decide()
			return c.wakeAt.IsZero() && c.status.Candidate == nil && len(c.status.Retiring) == 0 &&
				(c.status.Phase == v1alpha1.PhaseSucceeded || c.status.Phase == v1alpha1.PhaseRolledBack)
		}
		if !c.runUntil(40*time.Minute, rests) {
			c.t.Fatalf("no rest: %s: %s, retiring %v", c.status.Phase, c.status.Message, c.status.Retiring)
		}
		c.run(3 * time.Minute) // pods that were lost come back
		stable := c.status.Stable.Version
		if len(c.versions) != 1 || c.versions[stable] == nil || len(c.split) != 1 || c.split[stable] != 100 {
			c.t.Fatalf("left over: versions %v, split %v", c.versions, c.split)
		}
		if c.target.ReplicasOwner == "" && c.target.Replicas != 0 {
			c.t.Fatalf("the target still has %d pods", c.target.Replicas)
		}
		if c.status.Phase == v1alpha1.PhaseSucceeded && c.status.Stable.Revision != c.target.Revision {
			c.t.Fatalf("%s serves and %s is asked for", c.status.Stable.Revision, c.target.Revision)
		}
		looks := c.looks
		if c.run(time.Hour); c.looks != looks {
			c.t.Fatalf("%d looks in an hour of rest", c.looks-looks)
		}
	})
}

// When the apex gets its own selector back, which fits the pods of every version, only those of stable and of what the target
// runs are ready, in a cluster that works.
func TestARestoredApexReachesNoOtherVersion(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("plane silent", "plane stuck", "metrics", "clock", "edit split", "target gone", "pods")
		led := c.apex.Leads
		c.onMoment = func() {
			was := led
			led = c.apex.Leads
			if led != LeadTarget || was == LeadTarget || was == LeadElsewhere {
				return
			}
			for name, v := range c.versions {
				if name != c.status.Stable.Version && v.revision != c.target.Revision && v.ready > 0 {
					c.t.Fatalf("callers reach %d pods of %s again, and stable is %s", v.ready, name, c.status.Stable.Version)
				}
			}
		}
		c.part()
		c.deleting = true
		c.happen(8)
		c.run(10 * time.Minute)
	})
}

// A deletion comes to its end in a healthy cluster, from every phase, and leaves the target serving and found.
func TestDeletionRestoresTheTarget(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("no pods")
		c.every = append(c.every, func(c *chaos, l look) {
			target, apex := l.seen.Target, l.seen.Apex
			if !l.plan.Finished || !target.Found {
				return
			}
			if l.before.AdoptedAt != nil && target.Ready == 0 && (target.ReplicasOwner == "" || target.Replicas > 0) {
				c.t.Fatal("the target is left without pods")
			}
			if apex.Found && (apex.Leads == LeadStable || apex.Leads == LeadProxy || apex.ProxyEndpoints > 0) {
				c.t.Fatalf("the apex is left leading to %s, with %d proxies", apex.Leads, apex.ProxyEndpoints)
			}
		})
		c.story()
		c.deleting = true
		c.happen(8)
		c.heal()
		c.apps = map[string]app{}
		if !c.gone && !c.runUntil(10*time.Minute, func() bool { return c.gone }) {
			c.t.Fatalf("not gone: %s", c.status.Message)
		}
	})
}

// However broken a status is, it is mended: nothing panics, the plan is sound, and deciding again changes nothing.
func TestAnyStatusIsMended(t *testing.T) {
	property(t, func(c *chaos) {
		c.part()
		status := brokenStatus(c.t, *c.status.DeepCopy())
		seen := c.observe()
		plan := Decide(c.spec, status, seen, c.clock())
		again := Decide(c.spec, plan.Status, recorded(seen), c.clock())
		again.Notes = plan.Notes
		if !plan.Finished {
			mustEqualPlan(c, plan, again)
		}
		if plan.Weights.Candidate() > 0 && plan.Status.Candidate == nil {
			c.t.Fatalf("weights %v for no candidate", plan.Weights)
		}
		if stable := plan.Status.Stable; len(seen.Versions) > 0 && stable != nil && number(stable.Version) > plan.Status.LastVersion {
			c.t.Fatalf("%s is above the last number %d", stable.Version, plan.Status.LastVersion)
		}
	})
}

// brokenStatus takes parts of a status away, or puts in what does not belong there.
func brokenStatus(t *rapid.T, s v1alpha1.CanaryStatus) v1alpha1.CanaryStatus {
	odd := []func(){
		func() { s.Stable = nil },
		func() { s.Candidate = nil },
		func() { s.Step = nil },
		func() { s.Pause = nil },
		func() { s.PhaseSince, s.AdoptedAt, s.TargetReplicas = nil, nil, nil },
		func() { s.LastVersion = rapid.SampledFrom([]int32{0, -3, math.MaxInt32 / 2}).Draw(t, "last") },
		func() { s.Checks, s.History, s.Conditions = nil, nil, nil },
		func() { s.Pause = &v1alpha1.PauseStatus{Reason: "Whim"} },
		func() {
			s.Step = &v1alpha1.StepStatus{Index: 77, Passed: -4, Failed: -9, LandedAt: v1alpha1.At(dawn.Add(1e6 * time.Hour))}
		},
		func() {
			s.Candidate = &v1alpha1.CandidateStatus{Weight: rapid.SampledFrom([]int32{-5, 300}).Draw(t, "weight")}
		},
		func() {
			s.Candidate = &v1alpha1.CandidateStatus{VersionStatus: v1alpha1.VersionStatus{Version: "v7", Revision: "rev-7"}, Weight: 33}
		},
		func() {
			s.Retiring = append(s.Retiring, v1alpha1.RetiringStatus{Version: "v1"}, v1alpha1.RetiringStatus{}, v1alpha1.RetiringStatus{Version: "v1"})
		},
		func() {
			s.Gates = []v1alpha1.GateStatus{{}, {ID: "v2/BeforeStep/x/y", When: v1alpha1.BeforeStep, Webhook: "hook-1", State: "Odd"},
				{ID: "v1/AfterRollout/hook-4", When: v1alpha1.AfterRollout, Webhook: "hook-4", State: v1alpha1.GateAsked}}
		},
		func() {
			s.LastAnnouncement = rapid.SampledFrom([]int64{0, -2, 9}).Draw(t, "announcement")
			s.Announcements = []v1alpha1.Announcement{{Seq: 7}, {Seq: 3}, {}}
			s.Deliveries = []v1alpha1.DeliveryStatus{{Sink: "all", Seq: 99}, {Sink: "gone"}, {Sink: "starts", Seq: -4}}
		},
		func() {
			s.FloorReplicas = new(int32)
			*s.FloorReplicas = rapid.SampledFrom([]int32{-3, 0, 6}).Draw(t, "floor")
		},
		func() {
			if s.Candidate != nil {
				s.Candidate.Share = rapid.SampledFrom([]int32{-5, 0, 300}).Draw(t, "share")
			}
		},
		func() {
			w := v1alpha1.WindowRecord{Weight: -7, Candidate: v1alpha1.WindowCounts{Requests: "many", Failures: "-3", P99: "1e999"}}
			s.Evidence = &v1alpha1.EvidenceStatus{
				Weight: 400, Windows: -2, Judged: -9, Odds: "?", Recent: slices.Repeat([]v1alpha1.WindowRecord{w}, 12),
				Checks: []v1alpha1.EvidenceMemory{{}, {Name: v1alpha1.CheckSuccessRate, Memory: "nonsense"}, {Name: v1alpha1.CheckBaseline}},
			}
		},
		func() {
			if s.Step != nil {
				s.Step.Decision, s.Step.Cause = rapid.SampledFrom([]v1alpha1.Decision{"Odd", v1alpha1.DecisionRollBack}).Draw(t, "decision"), "Odd"
			}
		},
		func() { s.History = slices.Repeat([]v1alpha1.RolloutRecord{{}}, 14) },
		func() {
			s.Phase = rapid.SampledFrom([]v1alpha1.Phase{
				"", "Dancing", v1alpha1.PhaseInitializing, v1alpha1.PhaseProgressing, v1alpha1.PhasePaused,
				v1alpha1.PhasePromoting, v1alpha1.PhaseSucceeded, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack,
			}).Draw(t, "phase")
		},
	}
	for range rapid.IntRange(1, 4).Draw(t, "breaks") {
		odd[rapid.IntRange(0, len(odd)-1).Draw(t, "break")]()
	}
	return s
}
