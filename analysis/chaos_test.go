package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"pgregory.net/rapid"
)

// chaos drives a sim with whatever can happen to it, in any order. rapid chooses, and finds the shortest story of a failure.
type chaos struct {
	*sim
	t      *rapid.T
	pushed int                  // revisions that the target has asked for
	calm   map[string]bool      // what does not happen
	every  []func(*chaos, look) // what holds at every look
	mends  []mend               // faults that end by themselves
	edited map[string]bool      // versions that a hand gave weight
}

// mend is the end of a fault.
type mend struct {
	at time.Time
	do func()
}

// property checks something over many stories.
func property(t *testing.T, check func(*chaos)) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { check(newChaos(t)) })
}

// newChaos is a cluster with a Canary of some kind; its first version may or may not serve yet.
func newChaos(t *rapid.T) *chaos {
	c := &chaos{t: t, pushed: 1, calm: map[string]bool{}, edited: map[string]bool{}}
	c.sim = newSim(someSpec(t))
	c.metrics.rate = float64(rapid.SampledFrom([]int{40, 3, 400}).Draw(t, "requests a second"))
	if c.spec.Traffic.Provider != v1alpha1.ProviderAuto {
		c.plane.proxies = 0
	}
	if rapid.IntRange(0, 3).Draw(t, "own check") == 3 {
		checkouts(&c.spec)
		c.metrics.custom = someCheckouts
	}
	if rapid.Bool().Draw(t, "told") {
		c.others.sinks = []Sink{{ID: "all"}, {ID: "problems", MinSeverity: Problem}, {ID: "starts", Events: []string{v1alpha1.ReasonNewRevision}}}
	}
	switch rapid.IntRange(0, 2).Draw(t, "apex") {
	case 1:
		c.apex.Leads = LeadTarget
	case 2:
		c.apex = Apex{}
	}
	c.onLook = func(l look) {
		for _, holds := range c.every {
			holds(c, l)
		}
	}
	return c
}

// someSpec is a spec that the CRD lets pass.
func someSpec(t *rapid.T) v1alpha1.CanarySpec {
	return shopSpec(func(s *v1alpha1.CanarySpec) {
		s.Steps = someSteps(t)
		s.Analysis.Interval = seconds(rapid.SampledFrom([]int{5, 10, 2}).Draw(t, "interval"))
		s.Analysis.FailureThreshold = rapid.Int32Range(1, 3).Draw(t, "failureThreshold")
		s.Analysis.NoData = rapid.SampledFrom([]v1alpha1.NoDataPolicy{
			v1alpha1.NoDataHold, v1alpha1.NoDataIgnore, v1alpha1.NoDataRollBack,
		}).Draw(t, "noData")
		s.Analysis.Timeout = seconds(rapid.SampledFrom([]int{60, 180, 10}).Draw(t, "timeout"))
		s.Analysis.OnTimeout = rapid.SampledFrom([]v1alpha1.TimeoutAction{
			v1alpha1.OnTimeoutPause, v1alpha1.OnTimeoutPromote, v1alpha1.OnTimeoutRollBack,
		}).Draw(t, "onTimeout")
		s.Analysis.Judge = rapid.SampledFrom([]v1alpha1.Judge{v1alpha1.JudgeEvidence, v1alpha1.JudgeThreshold}).Draw(t, "judge")
		s.Analysis.Evidence = rapid.SampledFrom([]v1alpha1.EvidenceScope{v1alpha1.EvidenceStep, v1alpha1.EvidenceRollout}).Draw(t, "evidence")
		if rapid.IntRange(0, 5).Draw(t, "dry run") == 5 {
			s.Analysis.DryRun = []string{v1alpha1.CheckBaseline}
		}
		if rapid.Bool().Draw(t, "latency") {
			s.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
		}
		if rapid.Bool().Draw(t, "baseline") {
			s.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
		}
		s.ProgressDeadline = seconds(rapid.SampledFrom([]int{30, 60}).Draw(t, "progressDeadline"))
		s.ScaleDownDelay = seconds(rapid.SampledFrom([]int{10, 0, 30}).Draw(t, "scaleDownDelay"))
		s.Traffic.Provider = rapid.SampledFrom([]v1alpha1.TrafficProvider{
			v1alpha1.ProviderAuto, v1alpha1.ProviderSplit, v1alpha1.ProviderGateway,
		}).Draw(t, "provider")
		s.Capacity = rapid.SampledFrom([]v1alpha1.Capacity{
			v1alpha1.CapacityProportional, v1alpha1.CapacityFull,
		}).Draw(t, "capacity")
		s.PodGrace.NotReady = seconds(rapid.SampledFrom([]int{20, 60}).Draw(t, "notReady"))
		s.Webhooks = someWebhooks(t)
		s.Access.Mode = rapid.SampledFrom([]v1alpha1.AccessMode{v1alpha1.AccessOff, v1alpha1.AccessEnforce, v1alpha1.AccessAudit}).Draw(t, "access")
		if n := rapid.Int32Range(0, 4).Draw(t, "replicas"); n > 0 {
			s.Replicas = &n
		}
	})
}

func someSteps(t *rapid.T) []v1alpha1.Step {
	weights := rapid.SampledFrom([][]int32{{10}, {5, 25, 50}, {50}, {100}, {1, 2, 100}, {20, 40, 60, 80}}).Draw(t, "steps")
	var steps []v1alpha1.Step
	for _, w := range weights {
		step := v1alpha1.Step{Weight: w, Dwell: seconds(rapid.SampledFrom([]int{6, 0, 25}).Draw(t, "dwell"))}
		if rapid.IntRange(0, 5).Draw(t, "approval") == 5 {
			step.Approval = v1alpha1.ApprovalRequired
		}
		steps = append(steps, step)
	}
	return steps
}

func seconds(n int) v1alpha1.Duration { return v1alpha1.Dur(time.Duration(n) * time.Second) }

// events are what can happen. Those with a name that a property calms do not happen in it.
var events = map[string]func(*chaos){
	"nothing":      func(c *chaos) {},
	"time":         func(c *chaos) { c.pass(rapid.IntRange(1, 15).Draw(c.t, "seconds")) },
	"more time":    func(c *chaos) { c.pass(rapid.SampledFrom([]int{20, 30, 45, 100, 400}).Draw(c.t, "seconds")) },
	"release":      (*chaos).release,
	"revert":       (*chaos).revert,
	"target gone":  (*chaos).loseTarget,
	"other owner":  (*chaos).otherOwner,
	"steps":        func(c *chaos) { c.spec.Steps = someSteps(c.t) },
	"suspend":      (*chaos).suspend,
	"replicas":     (*chaos).resize,
	"command":      (*chaos).commandSomething,
	"metrics":      (*chaos).disturbMetrics,
	"callers":      (*chaos).loseCallers,
	"plane silent": (*chaos).silencePlane,
	"plane stuck":  (*chaos).stickPlane,
	"plane lag": func(c *chaos) {
		c.plane.lag = time.Duration(rapid.IntRange(0, 8000).Draw(c.t, "ms")) * time.Millisecond
	},
	"pods":        (*chaos).losePods,
	"clock":       (*chaos).stepClock,
	"crash":       (*chaos).crash,
	"look":        func(c *chaos) { c.look() },
	"stale cache": (*chaos).readStale,
	"edit split":  (*chaos).editSplit,
	"blocked":     (*chaos).block,
	"delete":      (*chaos).delete,
	"freeze":      (*chaos).freeze,
	"window":      (*chaos).closeWindow,
	"dependency":  (*chaos).depend,
	"queue":       (*chaos).queue,
	"access":      (*chaos).shutOut,
	"webhooks":    (*chaos).disturbWebhooks,
	"capacity":    (*chaos).changeCapacity,
	"mute":        (*chaos).mute,
	"not ready":   (*chaos).failReadiness,
}

// likely repeats what should happen more often than the rest.
var likely = []string{"time", "more time", "more time", "more time", "release", "release", "metrics", "command", "crash", "crash", "pods"}

// happen lets n things happen, with a little time after each.
func (c *chaos) happen(n int) {
	names := slices.Concat([]string{"nothing"}, slices.Sorted(maps.Keys(events)), likely)
	pick := rapid.SampledFrom(slices.DeleteFunc(names, func(name string) bool { return c.calm[name] }))
	for range n {
		if c.gone {
			return
		}
		events[pick.Draw(c.t, "event")](c)
		c.pass(rapid.IntRange(0, 6).Draw(c.t, "then seconds"))
	}
}

// settle adopts the target first, in peace.
func (c *chaos) settle() {
	c.run(20*time.Second + c.spec.ScaleDownDelay.Of())
	if c.status.Phase != v1alpha1.PhaseSucceeded {
		c.t.Fatalf("the first version does not serve: %s", c.status.Message)
	}
}

func (c *chaos) calms(names ...string) {
	for _, name := range names {
		c.calm[name] = true
	}
}

func (c *chaos) pass(n int) {
	for end := c.now.Add(time.Duration(n) * time.Second); c.now.Before(end) && !c.gone; {
		c.run(min(end.Sub(c.now), 5*time.Second))
		c.mends = slices.DeleteFunc(c.mends, func(m mend) bool {
			over := !c.now.Before(m.at)
			if over {
				m.do()
			}
			return over
		})
	}
}

// passing is a fault that ends by itself.
func (c *chaos) passing(undo func()) {
	n := rapid.SampledFrom([]int{4, 12, 40, 100}).Draw(c.t, "lasts seconds")
	c.mends = append(c.mends, mend{c.now.Add(time.Duration(n) * time.Second), undo})
}

func (c *chaos) release() {
	if rapid.IntRange(0, 4).Draw(c.t, "again") == 4 {
		c.ask(fmt.Sprint(rapid.IntRange(1, c.pushed).Draw(c.t, "revision")))
		return
	}
	c.pushed++
	name := fmt.Sprint(c.pushed)
	c.behave(name, app{
		starts: time.Duration(rapid.IntRange(0, 9).Draw(c.t, "starts")) * time.Second,
		never:  !c.calm["pods"] && rapid.IntRange(0, 7).Draw(c.t, "never") == 7,
		fails:  rapid.SampledFrom([]float64{0, 0, 0, 0.002, 0.5}).Draw(c.t, "fails"),
		slow:   rapid.SampledFrom([]float64{0, 0, 0, 0.2}).Draw(c.t, "slow"),

		crashes: !c.calm["pods"] && rapid.IntRange(0, 7).Draw(c.t, "crashes") == 7,
	})
	c.ask(name)
}

func (c *chaos) revert() {
	if c.status.Stable != nil {
		c.target.Revision, c.target.Image = c.status.Stable.Revision, c.status.Stable.Image
	}
}

// otherOwner lets another manager own the target's replicas, or give them up.
func (c *chaos) otherOwner() {
	if c.target.ReplicasOwner != "" {
		c.target.ReplicasOwner = ""
		return
	}
	c.target.ReplicasOwner = "kubectl"
	c.target.Replicas = rapid.Int32Range(1, 4).Draw(c.t, "its replicas")
	c.target.readyAt = c.now.Add(3 * time.Second)
}

func (c *chaos) resize() {
	least := int32(0)
	if c.calm["no pods"] {
		least = 1
	}
	n := rapid.Int32Range(least, 5).Draw(c.t, "size")
	c.spec.Replicas = &n
}

func (c *chaos) commandSomething() {
	verbs := []v1alpha1.Verb{"shout"}
	for _, verb := range slices.Sorted(maps.Keys(fits)) {
		verbs = append(verbs, verb)
		if slices.Contains(fits[verb], c.status.Phase) {
			verbs = append(verbs, verb, verb, verb, verb)
		}
	}
	c.say(rapid.SampledFrom(verbs).Draw(c.t, "verb"))
	if rapid.IntRange(0, 5).Draw(c.t, "bound") == 5 {
		c.command.Revision = fmt.Sprint("rev-", rapid.IntRange(1, c.pushed).Draw(c.t, "revision"))
	}
}

func (c *chaos) loseTarget() {
	c.target.Found, c.target.Ready = false, 0
	c.passing(c.remakeTarget)
}

// remakeTarget is what Git does about a target that was deleted.
func (c *chaos) remakeTarget() {
	if !c.target.Found {
		c.target.Found, c.target.Replicas, c.target.readyAt = true, 3, c.now.Add(3*time.Second)
	}
}

func (c *chaos) suspend() {
	c.spec.Suspend = true
	c.passing(func() { c.spec.Suspend = false })
}

func (c *chaos) loseCallers() {
	rate := c.metrics.rate
	if rate == 0 {
		return
	}
	c.metrics.rate = 0
	c.passing(func() { c.metrics.rate = rate })
}

func (c *chaos) silencePlane() {
	c.plane.silent = true
	c.passing(func() { c.plane.silent = false })
}

// disturbMetrics lets the metrics server do for a while what it should not.
func (c *chaos) disturbMetrics() {
	c.passing(func() {
		c.metrics.outage, c.metrics.missing, c.metrics.twist, c.metrics.late = false, false, nil, 200*time.Millisecond
	})
	switch rapid.IntRange(1, 4).Draw(c.t, "metrics") {
	case 1:
		c.metrics.outage = true
	case 2:
		c.metrics.missing = true
	case 3:
		c.metrics.late = time.Duration(rapid.IntRange(0, 25).Draw(c.t, "late")) * time.Second
	case 4:
		c.metrics.twist = func(s []Sample) []Sample { return twist(c.t, s) }
	}
}

// twist loses, repeats, shifts, reorders and spoils windows.
func twist(t *rapid.T, samples []Sample) []Sample {
	var twisted []Sample
	for _, s := range samples {
		switch rapid.IntRange(0, 6).Draw(t, "window") {
		case 0:
		case 1:
			twisted = append(twisted, s, s)
		case 2:
			half := s.Length() / 2
			twisted = append(twisted, s, Sample{Start: s.Start.Add(half), End: s.End.Add(half), Candidate: s.Candidate, Stable: s.Stable})
		case 3:
			s.Candidate.Requests = rapid.SampledFrom([]float64{math.NaN(), -1, math.Inf(1), 0}).Draw(t, "requests")
			twisted = append(twisted, s)
		case 4:
			s.Candidate.Failures = rapid.SampledFrom([]float64{math.NaN(), -3, math.Inf(1), 1e9}).Draw(t, "failures")
			twisted = append(twisted, s)
		case 5:
			twisted = append([]Sample{s}, twisted...)
		default:
			twisted = append(twisted, s)
		}
	}
	return twisted
}

func (c *chaos) stickPlane() {
	c.plane.stuck = true
	c.passing(func() {
		c.plane.stuck, c.plane.appliesAt = false, c.now.Add(c.plane.lag)
	})
}

// losePods takes endpoints from a version for a while.
func (c *chaos) losePods() {
	if len(c.versions) == 0 {
		return
	}
	v := c.versions[rapid.SampledFrom(slices.Sorted(maps.Keys(c.versions))).Draw(c.t, "of")]
	v.ready = rapid.Int32Range(0, max(v.ready, 0)).Draw(c.t, "left")
	v.readyAt = c.now.Add(time.Duration(rapid.SampledFrom([]int{1, 5, 20, 90}).Draw(c.t, "for")) * time.Second)
}

func (c *chaos) stepClock() {
	c.skew = time.Duration(rapid.OneOf(rapid.IntRange(-200, 200), rapid.SampledFrom([]int{-3600, 3600})).Draw(c.t, "skew")) * time.Second
}

func (c *chaos) crash() {
	c.crashAt = rapid.IntRange(1, 9).Draw(c.t, "before write")
	c.look()
}

// readStale lets the next looks see the cluster as it is now, while it changes.
func (c *chaos) readStale() {
	if c.stale != nil {
		return
	}
	old := c.observe()
	c.stale = &old
	c.pass(rapid.IntRange(0, 5).Draw(c.t, "seconds"))
	switch rapid.IntRange(0, 4).Draw(c.t, "unseen") {
	case 0:
		c.release()
	case 1:
		c.revert()
	case 2:
		c.look()
	case 3:
		c.deleting = c.deleting || !c.calm["delete"]
	}
	c.pass(rapid.IntRange(0, 3).Draw(c.t, "seconds"))
	c.stale = nil
	c.sawAt = fingerprint{}
}

// editSplit is a hand that writes weights of its own.
func (c *chaos) editSplit() {
	if c.split == nil || len(c.versions) == 0 {
		return
	}
	w := rapid.Int64Range(0, 100).Draw(c.t, "weight")
	to := rapid.SampledFrom(slices.Sorted(maps.Keys(c.versions))).Draw(c.t, "to")
	c.edited[to], c.edited["v1"] = true, true
	c.edit(map[string]int64{to: w, "v1": 100 - w})
}

// delete deletes the Canary, for good: so not often.
func (c *chaos) delete() {
	c.deleting = c.deleting || rapid.IntRange(0, 9).Draw(c.t, "deleted") == 9
}

func (c *chaos) block() {
	c.blocked = `Deployment "shop-v9" belongs to someone else`
	c.passing(func() { c.blocked = "" })
}

// heal makes everything work again, and people decide whatever waits for them.
func (c *chaos) heal() {
	c.metrics.outage, c.metrics.missing, c.metrics.twist, c.metrics.late = false, false, nil, 200*time.Millisecond
	c.plane.silent, c.plane.stuck, c.plane.lag = false, false, 500*time.Millisecond
	c.plane.appliesAt = c.now.Add(c.plane.lag)
	c.metrics.rate = max(c.metrics.rate, 40)
	c.mends = nil
	c.skew, c.stale, c.crashAt, c.blocked = 0, nil, 0, ""
	c.spec.Suspend = false
	c.others.holds, c.others.access, c.others.webhook, c.others.muted = Holds{}, Access{}, nil, false
	for _, v := range c.versions {
		v.trouble = nil
	}
	c.remakeTarget()
	for revision, a := range c.apps {
		a.never, a.crashes = false, false
		if stable := c.status.Stable; stable != nil && stable.Revision == revision {
			a.fails, a.slow = 0, 0 // beside a stable version that fails as often nobody can be blamed, and nothing comes to rest
		}
		c.apps[revision] = a
	}
	if c.spec.Replicas != nil && *c.spec.Replicas == 0 {
		c.spec.Replicas = new(int32)
		*c.spec.Replicas = 2
	}
	c.sawAt = fingerprint{}
}

// decide ends pauses, as people would.
func (c *chaos) decide() {
	switch {
	case c.status.Phase != v1alpha1.PhasePaused:
	case c.status.Pause.Reason == v1alpha1.PauseApproval:
		c.say(v1alpha1.VerbApprove)
	default:
		c.say(v1alpha1.VerbResume)
	}
}
