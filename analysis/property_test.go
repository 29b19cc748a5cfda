package analysis

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// The rules of the core, each over stories in which anything happens in any order: see chaos_test.go. More stories:
// go test ./analysis -run TestRule -rapid.checks=1000.

// chaosEvents is the number of events of a story.
const chaosEvents = 32

// holds is a property that is looked at after every look of a story.
func holds(t *testing.T, every func(*chaos, look)) {
	property(t, func(c *chaos) {
		c.every = append(c.every, every)
		c.story()
	})
}

// story is a whole one. Most begin with a first version that serves.
func (c *chaos) story() {
	if rapid.IntRange(0, 4).Draw(c.t, "beginning") > 0 {
		c.settle()
		c.release()
	}
	c.happen(chaosEvents)
}

// part is the beginning of a story, up to some event.
func (c *chaos) part() {
	if rapid.IntRange(0, 4).Draw(c.t, "beginning") > 0 {
		c.settle()
		c.release()
	}
	c.happen(rapid.IntRange(0, chaosEvents/2).Draw(c.t, "events"))
}

// Rule 1: weights are built by one constructor; they sum to 100; the zero value is all traffic to stable.
func TestRule1WeightsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int32().Draw(t, "candidate")
		w := Split(n)
		if w.Stable()+w.Candidate() != 100 || w.Stable() < 0 || w.Candidate() < 0 {
			t.Fatalf("Split(%d) = %d + %d", n, w.Stable(), w.Candidate())
		}
		if n >= 0 && n <= 100 && w.Candidate() != n {
			t.Fatalf("Split(%d) gives the candidate %d", n, w.Candidate())
		}
	})
	if zero := (Weights{}); zero.Stable() != 100 || zero.Candidate() != 0 {
		t.Fatalf("the zero value is %d + %d", zero.Stable(), zero.Candidate())
	}
}

// Rule 1, in a plan: the weights are the candidate's recorded one, and all traffic is stable's while there is none.
func TestRule1PlannedWeightsAreTheRecordedOnes(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		want := Weights{}
		if candidate := l.plan.Status.Candidate; candidate != nil {
			want = Split(candidate.Weight)
		}
		if l.plan.Weights != want {
			c.t.Fatalf("planned %v, recorded %v", l.plan.Weights, want)
		}
	})
}

// Rule 2: status holds only what cannot be observed again; what is written for people is never read back.
func TestRule2ConditionsAreOutputOnly(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		blind := *l.before.DeepCopy()
		blind.Conditions, blind.Message, blind.Version, blind.ObservedGeneration = nil, "nonsense", "v99", 7
		blind.Replicas, blind.Selector = 77, "a=b"
		plan := Decide(l.spec, blind, l.seen, l.now)
		for _, got := range plan.Status.Conditions {
			want := *l.plan.Status.Condition(got.Type)
			got.LastTransitionTime = want.LastTransitionTime
			if got != want {
				c.t.Fatalf("a condition depends on what it was: %s", cmp.Diff(want, got))
			}
		}
		plan.Status.Conditions = l.plan.Status.Conditions
		mustEqualPlan(c, l.plan, plan)
	})
}

// Decide is a function: equal inputs give equal plans, and inputs are left as they are.
func TestDecideIsAFunction(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		before, spec := *l.before.DeepCopy(), *l.spec.DeepCopy()
		again := Decide(l.spec, l.before, l.seen, l.now)
		mustEqualPlan(c, l.plan, again)
		if !reflect.DeepEqual(before, l.before) || !reflect.DeepEqual(spec, l.spec) {
			c.t.Fatalf("an input was changed: %s", cmp.Diff(before, l.before))
		}
	})
}

// What the API server stores is what was recorded: a plan from the stored status is the same plan.
func TestTheStatusSurvivesStorage(t *testing.T) {
	property(t, func(c *chaos) {
		c.part()
		var stored v1alpha1.CanaryStatus
		if err := json.Unmarshal([]byte(asJSON(c.status)), &stored); err != nil {
			c.t.Fatal(err)
		}
		if diff := cmp.Diff(c.status, stored, cmpopts.EquateEmpty()); diff != "" {
			c.t.Fatalf("stored differently (-recorded +stored):\n%s", diff)
		}
		seen := c.observe()
		if diff := cmp.Diff(Decide(c.spec, c.status, seen, c.clock()), Decide(c.spec, stored, seen, c.clock()),
			cmp.AllowUnexported(Weights{}), cmpopts.EquateEmpty()); diff != "" {
			c.t.Fatalf("planned differently (-recorded +stored):\n%s", diff)
		}
	})
}

// Rule 3: a hand-edited TrafficSplit is put back and never read as intent: weights are those of steps, 0 and 100.
func TestRule3TheSplitIsNeverReadAsIntent(t *testing.T) {
	property(t, func(c *chaos) {
		planned := map[int32]bool{0: true, 100: true}
		c.every = append(c.every, func(c *chaos, l look) {
			for _, s := range l.spec.Steps {
				planned[s.Weight] = true
			}
			if candidate := l.plan.Status.Candidate; candidate != nil && !planned[candidate.Weight] {
				c.t.Fatalf("weight %d is no step's", candidate.Weight)
			}
			if c.whole && l.plan.Split == Present && c.split[l.plan.Status.Stable.Version] != int64(l.plan.Weights.Stable()) {
				c.t.Fatalf("the split is %v after a look that planned %v", c.split, l.plan.Weights)
			}
		})
		c.story()
	})
}

// Rule 3: status is written first, and a crash between any two writes heals at the next look.
func TestRule3ACrashHealsAtTheNextLook(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("metrics") // whose twists differ from look to look
		c.part()
		if c.skew != c.held {
			c.look() // a clock that was set is seen before: who starts after it cannot know of it (docs/faults.md)
		}
		if c.gone {
			return
		}
		crashed, whole := c.clone(), c.clone()
		crashed.crashAt = rapid.IntRange(1, 9).Draw(c.t, "dies before write")
		for _, s := range []*sim{crashed, whole} {
			for range 4 {
				s.look()
			}
		}
		if diff := cmp.Diff(whole.world(), crashed.world()); diff != "" {
			c.t.Fatalf("a crash leaves another world (-whole +crashed):\n%s", diff)
		}
	})
}

// Rule 4: the dwell clock starts when the weight landed; a window that began before that never counts, and none counts
// twice: there are never more verdicts at a step than windows that lie apart and began after it landed.
func TestRule4EachRequestIsJudgedOnceAndAfterLanding(t *testing.T) {
	property(t, func(c *chaos) {
		var step string
		var windows []Sample
		verdicts := 0
		c.every = append(c.every, func(c *chaos, l look) {
			after := l.plan.Status.Step
			if before := l.before.Step; !l.recorded || before == nil || before.LandedAt == nil {
				return
			}
			if key := stepKey(l.before); key != step {
				step, windows, verdicts = key, nil, 0
			}
			for _, s := range l.seen.Samples {
				if !s.Start.Before(l.before.Step.LandedAt.Time) && !ahead(v1alpha1.At(s.End), v1alpha1.At(l.now.Add(time.Hour))) {
					windows = append(windows, s)
				}
			}
			if after != nil && after.StartedAt.Equal(l.before.Step.StartedAt) {
				verdicts += int(after.Passed - l.before.Step.Passed)
			}
			for _, n := range l.plan.Notes {
				if n.Reason == v1alpha1.ReasonCheckFailed || n.Reason == v1alpha1.ReasonAnalysisFailed {
					verdicts++
				}
			}
			if most := apart(windows); verdicts > most {
				c.t.Fatalf("%d verdicts on %d windows that lie apart and after the landing", verdicts, most)
			}
		})
		c.story()
	})
}

// apart is the greatest number of windows of which no two overlap.
func apart(windows []Sample) int {
	sorted := slices.SortedFunc(slices.Values(windows), func(a, b Sample) int { return a.End.Compare(b.End) })
	var n int
	var last time.Time
	for _, w := range sorted {
		if !w.Start.Before(last) {
			n, last = n+1, w.End
		}
	}
	return n
}

// Rule 5: an outage of the metrics is never a failed check and never a pass, and neither is a window that cannot be right
// or holds no request, unless the spec says so. A candidate that failed while there was nothing to go back to is rolled back
// later, for the windows of then.
func TestRule5OnlyMeasurementsAreVerdicts(t *testing.T) {
	property(t, func(c *chaos) {
		var step string
		condemned := false // a window of the step could condemn the candidate
		c.every = append(c.every, func(c *chaos, l look) {
			pass, fail := false, false
			for _, s := range l.seen.Samples {
				called := s.Candidate.Requests > 0
				pass = pass || right(s.Candidate) && (called || l.spec.Analysis.NoData == v1alpha1.NoDataIgnore)
				fail = fail || right(s.Candidate) && (called || l.spec.Analysis.NoData == v1alpha1.NoDataRollBack)
			}
			before, after := l.before.Step, l.plan.Status.Step
			if key := stepKey(l.before); key != step {
				step, condemned = key, false
			}
			condemned = condemned || fail
			if before != nil && after != nil && before.StartedAt.Equal(after.StartedAt) && after.Passed > before.Passed && !pass {
				c.t.Fatalf("a pass out of nothing: %v", l.seen.Samples)
			}
			for _, n := range l.plan.Notes {
				if n.Reason == v1alpha1.ReasonCheckFailed && !fail || n.Reason == v1alpha1.ReasonAnalysisFailed && !condemned {
					c.t.Fatalf("%s out of nothing: %v", n.Message, l.seen.Samples)
				}
			}
		})
		c.story()
	})
}

// stepKey names the step that a status stands on.
func stepKey(s v1alpha1.CanaryStatus) string {
	if s.Candidate == nil || s.Step == nil {
		return ""
	}
	return s.Candidate.Version + s.Step.StartedAt.String()
}

// right says whether counts can be right.
func right(c Counts) bool {
	return c.Requests >= 0 && c.Requests < 1e12 && c.Failures >= 0 && c.Failures <= c.Requests
}

// Rule 6: weight rises only on evidence at a landed step with ready endpoints, or because a person or onTimeout says so.
func TestRule6WeightRisesOnEvidenceOnly(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		candidate := l.plan.Status.Candidate
		if hasNote(l.plan, v1alpha1.ReasonPromoted) {
			if v := l.seen.Versions[l.plan.Status.Stable.Version]; v.Endpoints == 0 || v.Endpoints < sizeAt(l, 100) {
				c.t.Fatalf("%s becomes stable with %d endpoints", l.plan.Status.Stable.Version, v.Endpoints)
			}
		}
		if candidate == nil || candidate.Weight == 0 || l.seen.Deleting {
			return
		}
		from := int32(0)
		if b := l.before.Candidate; b != nil && b.Version == candidate.Version {
			from = b.Weight
		}
		if candidate.Weight <= from {
			return
		}
		if v := l.seen.Versions[candidate.Version]; v.Endpoints == 0 || v.Endpoints < sizeAt(l, candidate.Weight) {
			c.t.Fatalf("weight %d%% -> %d%% with %d endpoints", from, candidate.Weight, v.Endpoints)
		}
		if !l.seen.Target.Found || (!candidate.Returning && (restrained(l) || shutsOut(l))) {
			c.t.Fatalf("weight %d%% -> %d%% while nothing may rise", from, candidate.Weight)
		}
		if why := mayRise(l, from); why != "" {
			c.t.Fatalf("weight %d%% -> %d%%: %s", from, candidate.Weight, why)
		}
	})
}

// restrained says whether a person or the calendar holds every rise.
func restrained(l look) bool {
	h := l.seen.Holds
	return l.spec.Suspend || h.Freeze != nil || (h.Window != nil && !h.Window.Open)
}

// shutsOut says whether a rise is held because a caller of stable lacks a rule, or nobody knows whether one does.
func shutsOut(l look) bool {
	a := l.seen.Access
	return l.spec.Access.Mode == v1alpha1.AccessEnforce &&
		(a.Version != l.plan.Status.Candidate.Version || a.Problem != "" || len(a.Missing) > 0)
}

// sizeAt is the number of pods that a version needs for a weight.
func sizeAt(l look, weight int32) int32 {
	size := int32(1)
	switch {
	case l.spec.Replicas != nil:
		size = *l.spec.Replicas
	case l.plan.Status.TargetReplicas != nil:
		size = *l.plan.Status.TargetReplicas
	}
	if floor := l.plan.Status.FloorReplicas; floor != nil && size > 0 {
		size = max(size, *floor)
	}
	if l.spec.Capacity == v1alpha1.CapacityFull && weight > 0 {
		weight = 100
	}
	return int32(math.Ceil(float64(size) * float64(weight) / 100))
}

// mayRise says what a rise of the weight lacks, "" when it is in order.
func mayRise(l look, from int32) string {
	before := l.before.Step
	switch {
	case commandedIn(l), l.before.Phase == v1alpha1.PhasePromoting, l.plan.Status.Candidate.Returning:
		return ""
	case before != nil && before.Leave != "":
		return "" // somebody, or the timeout, said so before
	case from > 0 && stepAt(l, from).Approval == v1alpha1.ApprovalRequired && !before.Approved && !approvedIn(l):
		return "nobody approved"
	case timedOutIn(l):
		return failing(before)
	case from == 0 && l.plan.Status.Candidate.Weight == l.spec.Steps[0].Weight:
		return ""
	case before == nil || (before.LandedAt == nil && l.plan.Status.Step == nil):
		return "nothing had landed"
	case l.seen.MetricsError != "":
		return "the metrics cannot be read"
	case before.LandedAt != nil && max(l.now.Sub(before.LandedAt.Time)-l.seen.Stepped, 0) < stepAt(l, from).Dwell.Of():
		return "the dwell is not over"
	default:
		return proves(l)
	}
}

// commandedIn says whether a person had the rollout go on in a look.
func commandedIn(l look) bool {
	last := l.plan.Status.LastCommand
	return last != nil && (l.before.LastCommand == nil || l.before.LastCommand.ID != last.ID) && last.Refused == "" &&
		strings.HasPrefix(string(last.Verb), "promote")
}

// timedOutIn says whether the timeout had it go on.
func timedOutIn(l look) bool {
	return l.spec.Analysis.OnTimeout == v1alpha1.OnTimeoutPromote &&
		slices.ContainsFunc(l.plan.Notes, func(n Note) bool { return strings.Contains(n.Message, "more than its timeout") })
}

func failing(s *v1alpha1.StepStatus) string {
	if s.Failed > 0 {
		return "the newest window failed"
	}
	return ""
}

// proves says what the newest window lacks to prove anything.
func proves(l look) string {
	checks := l.plan.Status.Checks
	if len(checks) == 0 {
		return "no window was judged"
	}
	if age := l.now.Sub(checks[0].EndedAt.Time); age > time.Minute {
		return fmt.Sprintf("the newest window is %s old", age)
	}
	for _, c := range checks {
		ignored := c.Verdict == v1alpha1.VerdictNoData && l.spec.Analysis.NoData == v1alpha1.NoDataIgnore
		if c.Verdict != v1alpha1.VerdictPass && !ignored {
			return fmt.Sprintf("the newest window is %s: %s", c.Verdict, c.Name)
		}
	}
	return ""
}

// stepAt is the last step that is not above a weight.
func stepAt(l look, weight int32) v1alpha1.Step {
	step := l.spec.Steps[0]
	for _, s := range l.spec.Steps {
		if s.Weight <= weight {
			step = s
		}
	}
	return step
}

func approvedIn(l look) bool {
	last := l.plan.Status.LastCommand
	return last != nil && last.Verb == v1alpha1.VerbApprove && last.Refused == "" &&
		(l.before.LastCommand == nil || l.before.LastCommand.ID != last.ID)
}

// Rule 6: rolling back is one write of weight 0 from any phase.
func TestRule6RollingBackIsOneWrite(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		switch l.plan.Status.Phase {
		case v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack, v1alpha1.PhaseSucceeded, v1alpha1.PhaseInitializing:
			if l.plan.Weights != (Weights{}) {
				c.t.Fatalf("%s with weights %v", l.plan.Status.Phase, l.plan.Weights)
			}
		default:
		}
	})
}

// Rule 7: abort works in any phase with a candidate, whatever else is wrong.
func TestRule7AbortWinsOverEverything(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.part()
		if c.status.Candidate == nil || c.status.Phase == v1alpha1.PhaseRollingBack || c.gone {
			c.t.Skip("nothing to abort")
		}
		seen := worstCase(c)
		seen.Command = &v1alpha1.Command{ID: "abort now", Verb: v1alpha1.VerbAbort}
		plan := Decide(c.spec, c.status, seen, c.clock())
		if plan.Weights != (Weights{}) || plan.Status.LastCommand.Refused != "" || !hasNote(plan, v1alpha1.ReasonAborted) {
			c.t.Fatalf("after abort in %s: %s, weights %v, %v", c.status.Phase, plan.Status.Phase, plan.Weights, plan.Notes)
		}
	})
}

// Rule 7: the deadline for the candidate's pods is kept whatever else is wrong.
func TestRule7TheDeadlineIsKeptOverEverything(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.part()
		if c.status.Candidate == nil || c.status.Phase == v1alpha1.PhaseRollingBack || c.gone || c.spec.Replicas != nil && *c.spec.Replicas == 0 {
			c.t.Skip("nothing to wait for")
		}
		seen := worstCase(c)
		plan := Decide(c.spec, c.status, seen, c.clock())
		for range 2 {
			if plan.Status.Candidate == nil || plan.Status.Phase == v1alpha1.PhaseRollingBack {
				break
			}
			plan = Decide(c.spec, plan.Status, recorded(seen), c.clock().Add(c.spec.ProgressDeadline.Of()+time.Second))
		}
		if plan.Weights != (Weights{}) {
			c.t.Fatalf("after the deadline: %s, weights %v", plan.Status.Message, plan.Weights)
		}
	})
}

// Rule 7: a deadline only ends what really is late: endpoints that are missing, or a weight that the data plane denies.
func TestRule7DeadlinesHaveACause(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		if l.before.Candidate == nil || !hasNote(l.plan, v1alpha1.ReasonProgressDeadline) {
			return
		}
		v, weight := l.seen.Versions[l.before.Candidate.Version], int64(l.before.Candidate.Weight)
		landed := l.seen.Traffic.Landed
		denied := landed != nil && (landed[l.before.Candidate.Version] != weight || landed[l.before.Stable.Version] != 100-weight || len(landed) > 2)
		if v.Endpoints >= max(sizeAt(l, max(l.before.Candidate.Share, l.before.Candidate.Weight)), 1) && !denied {
			c.t.Fatalf("%v with %d endpoints, applied %v", l.plan.Notes, v.Endpoints, landed)
		}
	})
}

// worstCase is a look at a cluster in which everything is down.
func worstCase(c *chaos) Observed {
	seen := c.observe()
	seen.MetricsRead, seen.MetricsError = false, "TrafficMetrics did not answer within 2s"
	seen.Traffic.Landed, seen.Samples = nil, nil
	seen.Blocked, seen.Target.Found, seen.Command = "a name is taken", false, nil
	for name, v := range seen.Versions {
		v.Endpoints = 0
		seen.Versions[name] = v
	}
	return seen
}

func hasNote(p Plan, reason string) bool {
	return slices.ContainsFunc(p.Notes, func(n Note) bool { return n.Reason == reason })
}

// Rule 8: a rolled-back revision is not tried again until the target changes or a person says retry. Restarts change nothing.
func TestRule8RolledBackStaysRolledBack(t *testing.T) {
	property(t, func(c *chaos) {
		banned := ""
		c.every = append(c.every, func(c *chaos, l look) {
			if !l.recorded {
				return
			}
			after := l.plan.Status
			if l.seen.Target.Found && l.seen.Target.Revision != banned {
				banned = ""
			}
			if after.LastCommand != nil && after.LastCommand.Verb == v1alpha1.VerbRetry && after.LastCommand.Refused == "" &&
				after.LastCommand.ID == c.command.ID && (l.before.LastCommand == nil || l.before.LastCommand.ID != after.LastCommand.ID) {
				banned = ""
			}
			if banned != "" && hasNote(l.plan, v1alpha1.ReasonNewRevision) {
				c.t.Fatalf("%s is tried again: %v", banned, l.plan.Notes)
			}
			if after.Phase == v1alpha1.PhaseRollingBack && l.seen.Target.Found && l.seen.Target.Revision == after.Candidate.Revision {
				banned = after.Candidate.Revision
			}
		})
		c.story()
	})
}

// Rule 9: a new revision mid-rollout takes the old candidate's traffic at once, and the newest starts at step 1; stable stays.
func TestRule9ANewRevisionStartsOver(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.part()
		if c.status.Candidate == nil || c.gone {
			c.t.Skip("no candidate")
		}
		old, stable := c.status.Candidate.Version, c.status.Stable.Version
		seen := c.observe()
		seen.Target.Found, seen.Target.Revision, seen.Target.Image = true, "rev-newest", "shop:newest"
		plan := Decide(c.spec, c.status, seen, c.clock())
		candidate := plan.Status.Candidate
		if candidate != nil && candidate.Version == old || plan.Weights != (Weights{}) && !c.ready(candidate, seen) {
			c.t.Fatalf("%s still has weights %v", plan.Status.Version, plan.Weights)
		}
		held := c.spec.Suspend || c.blocked != "" || !reflect.DeepEqual(c.others.holds, Holds{})
		if !held && candidate.Revision != "rev-newest" {
			c.t.Fatalf("the newest is not tested: %s", plan.Status.Message)
		}
		if plan.Status.Stable.Version != stable {
			c.t.Fatalf("stable changed from %s to %s", stable, plan.Status.Stable.Version)
		}
	})
}

// ready says whether a candidate, made this very moment, can have endpoints: only if the cluster has some under its name.
func (c *chaos) ready(candidate *v1alpha1.CandidateStatus, seen Observed) bool {
	return candidate != nil && seen.Versions[candidate.Version].Endpoints > 0
}

// Rule 10: the target set back to stable's revision mid-rollout: weight 0 at once, Succeeded on stable, no new pods.
func TestRule10BackToStableIsImmediate(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.part()
		if c.status.Candidate == nil || c.gone {
			c.t.Skip("no candidate")
		}
		seen := c.observe()
		seen.Target.Found, seen.Target.Revision = true, c.status.Stable.Revision
		plan := Decide(c.spec, c.status, seen, c.clock())
		if plan.Status.Phase != v1alpha1.PhaseSucceeded || plan.Weights != (Weights{}) ||
			plan.Status.LastVersion != c.status.LastVersion || plan.Status.Candidate != nil {
			c.t.Fatalf("%s: %s, weights %v", plan.Status.Phase, plan.Status.Message, plan.Weights)
		}
		for _, v := range plan.Versions {
			if _, exists := seen.Versions[v.Name]; !exists && c.status.Stable.Version != v.Name && v.Role != RoleRetiring {
				c.t.Fatalf("%s would be made", v.Name)
			}
		}
	})
}

// Rule 11: deciding again on the same observations changes nothing and says nothing. No chain of transitions comes near the
// bound that cuts a loop off.
func TestRule11DecidingAgainChangesNothing(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		if l.plan.Finished {
			return
		}
		again := Decide(l.spec, l.plan.Status, recorded(l.seen), l.now)
		if len(again.Notes) > 0 {
			c.t.Fatalf("notes again: %v", again.Notes)
		}
		again.Notes = l.plan.Notes
		mustEqualPlan(c, l.plan, again)
		p := newPass(l.spec, l.before, l.seen, l.now)
		n := 0
		for !l.seen.Deleting && p.step() {
			n++
		}
		if n > maxTransitions/2 {
			c.t.Fatalf("%d transitions in one look", n)
		}
	})
}

// Rule 11: once a plan is applied, looking again at the same moment soon writes nothing: no event storm, no idle requests.
func TestRule11AnAppliedPlanIsAnEmptyDiff(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("metrics")
		c.part()
		for range 3 {
			c.look()
		}
		c.wrote = nil
		before := c.status
		c.every = append(c.every, func(c *chaos, l look) {
			if len(l.plan.Notes) > 0 && !l.plan.Finished {
				c.t.Fatalf("notes without end: %v", l.plan.Notes)
			}
		})
		c.look()
		if len(c.wrote) > 0 || !reflect.DeepEqual(before, c.status) {
			c.t.Fatalf("writes without end: %v %s", c.wrote, cmp.Diff(before, c.status))
		}
	})
}

func mustEqualPlan(c *chaos, want, got Plan) {
	if !reflect.DeepEqual(want, got) {
		c.t.Fatalf("plans differ (-want +got):\n%s", cmp.Diff(want, got, cmp.AllowUnexported(Weights{})))
	}
}
