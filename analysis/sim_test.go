package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// sim is a small cluster under one Canary: an API server, pods, a data plane, a metrics server, and a controller that looks
// when something it watches changed or the plan's wait is over. Nothing in it is random; stories and properties drive it.
type sim struct {
	now  time.Time     // the true time, by which windows are cut
	skew time.Duration // how far the controller's clock is ahead of it
	held time.Duration // how far it was when the status was recorded, as far as the controller's process knows

	spec    v1alpha1.CanarySpec
	status  v1alpha1.CanaryStatus
	command *v1alpha1.Command

	target   simTarget
	apps     map[string]app // by revision
	versions map[string]*simVersion
	split    map[string]int64 // nil while there is no TrafficSplit
	apex     Apex
	apexTo   string // the version an apex of LeadStable selects
	planes   Planes
	blocked  string // why a name cannot be had
	deleting bool
	gone     bool

	plane   simPlane
	metrics simMetrics
	others  simOthers

	wakeAt  time.Time // zero while only an event can wake the controller
	sawAt   fingerprint
	stale   *Observed // what a cache that is behind shows instead of the cluster
	crashAt int       // the controller dies before the n-th write of the next look; 0 means that it does not
	down    bool      // there is no controller
	wrote   []string  // what was changed in the cluster, for people
	whole   bool      // the last look came to its end
	looks   int

	onLook   func(look)
	onMoment func() // after each write and each thing that happens
}

// look is one run of Decide and whether its status was written.
type look struct {
	before   v1alpha1.CanaryStatus
	spec     v1alpha1.CanarySpec
	seen     Observed
	now      time.Time
	plan     Plan
	recorded bool
}

// app is how a revision behaves.
type app struct {
	starts       time.Duration // until its pods are ready
	never        bool          // they never are
	crashes      bool          // they crash, over and over
	fails, slow  float64       // shares of its requests
	requestsLack bool          // nobody calls it
}

type simTarget struct {
	Target
	readyAt time.Time
}

type simVersion struct {
	revision        string
	replicas, ready int32
	readyAt         time.Time
	trouble         *Trouble
}

// simPlane is the data plane: it applies the split it finds, late.
type simPlane struct {
	lag       time.Duration
	applied   map[string]int64
	appliesAt time.Time
	stuck     bool // it never applies anything again
	silent    bool // it does not say what it applies
	restoring bool // its bridge keeps a TrafficSplit that is being deleted, until its route leads to the apex again
	proxies   int32
}

// simMetrics is the metrics server: windows of the spec's interval, aligned.
type simMetrics struct {
	rate    float64 // requests per second
	outage  bool    // TrafficMetrics cannot be read
	missing bool    // they can, and hold no window
	late    time.Duration
	counts  map[string]Counts
	windows []simWindow
	twist   func([]Sample) []Sample // what goes wrong on the way
	custom  func(Sample) []Custom   // what the checks of spec.analysis.checks observe
}

type simWindow struct {
	start, end time.Time
	counts     map[string]Counts
}

// fingerprint is what the controller watches. Applied weights and windows are not: they are asked for.
type fingerprint struct {
	endpoints int64
	target    Target
	apex      Apex
	split     int64
	command   string
	spec      int64
	blocked   string
	deleting  bool
	others    string
	planes    Planes
}

// slow and slower are what requests take, for people.
const (
	quickP99 = 20 * time.Millisecond
	slowP99  = 800 * time.Millisecond
)

var dawn = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func newSim(spec v1alpha1.CanarySpec) *sim {
	s := &sim{
		planes: Planes{Splits: true, HTTPRoutes: true, Proxy: true},
		now:    dawn, spec: spec, versions: map[string]*simVersion{}, apps: map[string]app{},
		plane:   simPlane{lag: 700 * time.Millisecond, proxies: 2},
		metrics: simMetrics{rate: 40, late: 200 * time.Millisecond, counts: map[string]Counts{}},
	}
	s.target = simTarget{Target: Target{Found: true, Replicas: 3, Ready: 3}}
	s.apex = Apex{Found: true, Leads: LeadElsewhere, PodEndpoints: 3}
	s.ask("1")
	return s
}

// ask makes the target ask for a revision.
func (s *sim) ask(revision string) {
	s.target.Revision, s.target.Image = "rev-"+revision, "shop:"+revision
}

func (s *sim) app(revision string) app {
	if a, ok := s.apps[revision]; ok {
		return a
	}
	return app{starts: 3 * time.Second}
}

// behave says how the pods of a revision behave.
func (s *sim) behave(revision string, a app) {
	if a.starts == 0 {
		a.starts = 3 * time.Second
	}
	s.apps["rev-"+revision] = a
}

func (s *sim) clock() time.Time { return s.now.Add(s.skew) }

// run lets time pass. The controller looks whenever it is woken.
func (s *sim) run(d time.Duration) {
	for end := s.now.Add(d); !s.gone; {
		if s.woken() {
			s.look()
			continue
		}
		if !s.now.Before(end) {
			return
		}
		s.elapse(s.nextEvent(end))
	}
}

// runUntil lets time pass until something holds, and says whether it came to that.
func (s *sim) runUntil(within time.Duration, holds func() bool) bool {
	for end := s.now.Add(within); s.now.Before(end) && !s.gone && !holds(); {
		s.run(min(250*time.Millisecond, end.Sub(s.now)))
	}
	return holds()
}

func (s *sim) woken() bool {
	if s.down || s.gone {
		return false
	}
	return s.sawAt != s.fingerprint() || (!s.wakeAt.IsZero() && !s.now.Before(s.wakeAt))
}

func (s *sim) fingerprint() fingerprint {
	f := fingerprint{target: s.target.Target, apex: s.observedApex(), deleting: s.deleting, blocked: s.blocked, spec: s.generation(),
		others: s.othersPrint(), planes: s.planes}
	for name, v := range s.versions {
		n := int64(number(name))
		f.endpoints += n*n*1_000_003 + n*int64(v.ready)*1009 + n*int64(v.replicas)*31
	}
	if s.plane.restoring {
		f.split++
	}
	if s.status.Plane() == v1alpha1.ProviderGateway {
		for name, weight := range s.plane.applied { // the answer of a bridge is an annotation, which is watched
			f.split += 7 * (int64(number(name))*1009 + weight)
		}
	}
	for name, weight := range s.split {
		f.split += int64(number(name))*1009 + weight*int64(number(name)+7)
	}
	if s.command != nil {
		f.command = s.command.ID
	}
	return f
}

// generation stands for the spec's: it differs when what the stories edit does.
func (s *sim) generation() int64 {
	g := int64(len(s.spec.Steps))
	for _, step := range s.spec.Steps {
		g = g*131 + int64(step.Weight) + int64(step.Dwell.Of()/time.Second) + int64(len(step.Approval))
	}
	if s.spec.Suspend {
		g = -g
	}
	if s.spec.Replicas != nil {
		g = g*131 + int64(*s.spec.Replicas)
	}
	if s.spec.Capacity == v1alpha1.CapacityFull {
		g = g*131 + 1
	}
	return g*131 + int64(len(s.spec.Webhooks))
}

// nextEvent is when something happens by itself, at most end.
func (s *sim) nextEvent(end time.Time) time.Time {
	next := end
	earlier := func(t time.Time) {
		if t.After(s.now) && t.Before(next) {
			next = t
		}
	}
	for _, v := range s.versions {
		earlier(v.readyAt)
	}
	for _, at := range s.others.asked {
		earlier(at)
	}
	earlier(s.target.readyAt)
	earlier(s.plane.appliesAt)
	earlier(s.now.Truncate(s.interval()).Add(s.interval()))
	if !s.down {
		earlier(s.wakeAt)
	}
	return next
}

func (s *sim) interval() time.Duration { return s.spec.Analysis.Interval.Of() }

// elapse goes to an instant at which something happens.
func (s *sim) elapse(to time.Time) {
	s.serve(to.Sub(s.now))
	s.now = to
	for _, name := range slices.Sorted(maps.Keys(s.versions)) {
		s.start(name, s.versions[name])
	}
	s.tell()
	if s.target.Found && !s.now.Before(s.target.readyAt) && !s.app(s.target.Revision).never {
		s.target.Ready = s.target.Replicas
	}
	if !s.plane.appliesAt.IsZero() && !s.now.Before(s.plane.appliesAt) && !s.plane.stuck {
		s.plane.applied, s.plane.appliesAt, s.plane.restoring = maps.Clone(s.split), time.Time{}, false
	}
	if s.now.Truncate(s.interval()).Equal(s.now) {
		s.metrics.windows = append(s.metrics.windows, simWindow{s.now.Add(-s.interval()), s.now, s.metrics.counts})
		s.metrics.windows = s.metrics.windows[max(0, len(s.metrics.windows)-6):]
		s.metrics.counts = map[string]Counts{}
	}
	s.moment()
}

// start lets a version's pods become ready, or not.
func (s *sim) start(name string, v *simVersion) {
	if s.now.Before(v.readyAt) {
		return
	}
	switch a := s.app(v.revision); {
	case v.replicas == 0:
		v.ready, v.trouble = 0, nil
	case a.crashes:
		v.ready = 0
		if v.trouble == nil {
			v.trouble = &Trouble{
				Pod: "shop-" + name + "-abc12", Reason: "CrashLoopBackOff", Kind: TroubleLasting,
				Message: "container app exited with 1, 2 restarts", Since: s.clock(),
			}
		}
	case !a.never:
		v.ready, v.trouble = v.replicas, nil
	}
}

func (s *sim) moment() {
	if s.onMoment != nil {
		s.onMoment()
	}
}

// serve lets callers call for a while.
func (s *sim) serve(d time.Duration) {
	for name, weight := range s.plane.applied {
		v, c := s.versions[name], s.metrics.counts[name]
		if v != nil && s.app(v.revision).requestsLack {
			continue
		}
		n := s.metrics.rate * d.Seconds() * float64(weight) / 100
		c.Requests += n
		if v == nil || v.ready == 0 {
			c.Failures += n
		} else {
			c.Failures += n * s.app(v.revision).fails
			c.Slow += n * s.app(v.revision).slow
		}
		s.metrics.counts[name] = c
	}
}

// observe gathers what the controller would read now.
func (s *sim) observe() Observed {
	seen := Observed{
		Name: "shop", Generation: s.generation(), Deleting: s.deleting, Target: s.target.Target,
		Blocked: s.blocked, Versions: map[string]Backend{}, Apex: s.observedApex(), Command: s.command,
		Traffic: s.observedTraffic(), Planes: s.planes,
		Holds: s.others.holds, Answers: s.heard(), Sinks: s.others.sinks, Delivered: s.delivered(),
		Stepped: s.skew - s.held,
	}
	for name, v := range s.versions {
		seen.Versions[name] = Backend{Endpoints: v.ready, Replicas: v.replicas, Trouble: v.trouble}
		seen.HighestVersion = max(seen.HighestVersion, number(name))
	}
	if s.stale != nil && !s.deleting { // a Canary that is deleted is read past the cache
		old := *s.stale
		old.Command, old.Samples, old.Traffic, old.MetricsError, old.MetricsRead = s.command, nil, seen.Traffic, "", false
		old.Deleting, old.Generation = seen.Deleting, seen.Generation
		old.Holds, old.Answers, old.Sinks, old.Delivered = seen.Holds, seen.Answers, seen.Sinks, seen.Delivered
		old.Stepped = seen.Stepped
		seen = old
	}
	if NeedsAccess(s.spec, s.status) {
		seen.Access = s.others.access
		seen.Access.Version = s.status.Candidate.Version
	}
	if !NeedsMetrics(s.status) {
		return seen
	}
	bridged := s.status.Plane() == v1alpha1.ProviderGateway
	if !s.plane.silent && !s.landingStale() && (bridged || !s.metrics.outage) {
		seen.Traffic.Landed = maps.Clone(s.plane.applied)
	}
	if s.metrics.outage {
		seen.MetricsError = "TrafficMetrics did not answer within 2s"
		return seen
	}
	seen.MetricsRead, seen.Samples = true, s.samples()
	return seen
}

// landingStale says whether the answer of a bridge is to a TrafficSplit of before.
func (s *sim) landingStale() bool {
	return s.status.Plane() == v1alpha1.ProviderGateway && !maps.Equal(s.plane.applied, s.split)
}

// observedTraffic is the TrafficSplit as its labels and annotations tell.
func (s *sim) observedTraffic() Traffic {
	t := Traffic{Written: s.split != nil || s.plane.restoring}
	if t.Written {
		t.Plane = s.status.Plane()
	}
	if t.Plane == v1alpha1.ProviderGateway && s.plane.applied == nil {
		t.Message = "the Gateway has not accepted the route yet"
	}
	return t
}

func (s *sim) observedApex() Apex {
	a := s.apex
	if s.split != nil && s.status.Plane() == v1alpha1.ProviderProxy {
		a.ProxyEndpoints = s.plane.proxies
	}
	switch {
	case !a.Found:
		return Apex{Foreign: a.Foreign}
	case a.Leads == LeadStable && s.versions[s.apexTo] != nil:
		a.PodEndpoints = s.versions[s.apexTo].ready
	case a.Leads == LeadTarget || a.Leads == LeadElsewhere:
		a.PodEndpoints = s.target.Ready
	default:
		a.PodEndpoints = 0
	}
	return a
}

// samples are the newest window that can be read, after whatever goes wrong on the way.
func (s *sim) samples() []Sample {
	c, stable := s.status.Candidate, s.status.Stable
	if c == nil || stable == nil || s.metrics.missing {
		return nil
	}
	var samples []Sample
	for _, w := range s.metrics.windows {
		if w.end.Add(s.metrics.late).After(s.now) {
			break
		}
		sample := Sample{
			Start: w.start.Add(s.skew), End: w.end.Add(s.skew),
			Candidate: measured(c.Version, w), Stable: measured(stable.Version, w),
		}
		if s.metrics.custom != nil {
			sample.Custom = s.metrics.custom(sample)
		}
		samples = append(samples, sample)
	}
	if s.metrics.twist != nil {
		return s.metrics.twist(samples)
	}
	return samples[max(0, len(samples)-1):]
}

func measured(version string, w simWindow) Counts {
	c := w.counts[version]
	c.Version, c.Latency, c.Bucketed, c.SlowBound = version, true, true, 500*time.Millisecond
	c.Requests = math.Round(c.Requests)
	c.Failures, c.Slow = math.Round(min(c.Failures, c.Requests)), math.Round(min(c.Slow, c.Requests))
	switch {
	case c.Requests == 0:
	case c.Slow > c.Requests/100:
		c.P99 = slowP99
	default:
		c.P99 = quickP99
	}
	return c
}

// look is the controller's: observe, decide, record, apply.
func (s *sim) look() {
	l := look{before: s.status, spec: s.spec, seen: s.observe(), now: s.clock()}
	l.plan = Decide(l.spec, l.before, l.seen, l.now)
	s.looks++
	s.sawAt, s.wakeAt = s.fingerprint(), time.Time{}
	if l.plan.Wait > 0 {
		s.wakeAt = s.now.Add(l.plan.Wait)
	}
	writes := s.writes(l.seen, l.plan)
	all := len(writes)
	s.held = s.skew // a process that dies knows nothing of the clock before
	if s.crashAt > 0 && s.crashAt <= len(writes) {
		writes = writes[:s.crashAt-1]
		s.wakeAt = s.now.Add(300 * time.Millisecond) // it comes back and looks at everything
	}
	s.whole, s.crashAt = len(writes) == all, 0
	l.recorded = len(writes) > 0
	for _, write := range writes {
		write()
		s.moment()
	}
	s.gone = l.plan.Finished && l.recorded
	if s.onLook != nil {
		s.onLook(l)
	}
}

// writes are those of one plan, in their order: the record, the split, the versions, the apex, the target, what goes.
func (s *sim) writes(seen Observed, plan Plan) []func() {
	writes := []func(){func() { s.status = plan.Status }, func() { s.await(plan.Calls) }}
	if plan.Status.Stable == nil {
		return writes
	}
	writes = append(writes, func() { s.writeSplit(plan) })
	for _, v := range plan.Versions {
		writes = append(writes, func() { s.writeVersion(seen, v) })
	}
	writes = append(writes, func() { s.writeApex(plan) }, func() { s.writeTarget(plan) })
	for name := range s.versions {
		kept := slices.ContainsFunc(plan.Versions, func(v Version) bool { return v.Name == name })
		if !kept && number(name) <= plan.Status.LastVersion {
			writes = append(writes, func() { delete(s.versions, name); s.wrote = append(s.wrote, "deleted "+name) })
		}
	}
	return writes
}

func (s *sim) writeSplit(plan Plan) {
	var want map[string]int64
	switch plan.Split {
	case Leave:
		return
	case Absent:
	case Present:
		want = map[string]int64{plan.Status.Stable.Version: int64(plan.Weights.Stable())}
		if c := plan.Status.Candidate; c != nil {
			want[c.Version] = int64(plan.Weights.Candidate())
		}
		maps.DeleteFunc(want, func(_ string, weight int64) bool { return weight == 0 })
	}
	if (want == nil) == (s.split == nil) && maps.Equal(want, s.split) {
		return
	}
	s.edit(want)
	if want == nil {
		s.wrote = append(s.wrote, "TrafficSplit removed")
	} else {
		s.wrote = append(s.wrote, "TrafficSplit "+shares(want))
	}
}

// edit replaces the TrafficSplit; the data plane applies what it then finds.
func (s *sim) edit(split map[string]int64) {
	s.plane.restoring = split == nil && s.split != nil && s.status.Plane() == v1alpha1.ProviderGateway
	s.split = split
	if s.plane.appliesAt.IsZero() {
		s.plane.appliesAt = s.now.Add(s.plane.lag)
	}
}

func (s *sim) writeVersion(seen Observed, v Version) {
	have := s.versions[v.Name]
	wrote := fmt.Sprintf("%s with %d pods", v.Name, v.Replicas)
	switch {
	case have == nil && v.Role != RoleRetiring && seen.Target.Found && seen.Target.Revision == v.Revision:
		s.versions[v.Name] = &simVersion{
			revision: v.Revision, replicas: v.Replicas, readyAt: s.now.Add(s.app(v.Revision).starts),
		}
	case have == nil || have.replicas == v.Replicas:
		return
	default:
		if v.Replicas > have.replicas {
			have.readyAt = s.now.Add(s.app(have.revision).starts)
		}
		have.replicas, have.ready = v.Replicas, min(have.ready, v.Replicas)
	}
	s.wrote = append(s.wrote, wrote)
}

func (s *sim) writeApex(plan Plan) {
	to := plan.Status.Stable.Version
	same := s.apex.Leads == plan.Apex && (plan.Apex != LeadStable || s.apexTo == to)
	if plan.Apex == LeadElsewhere || s.apex.Foreign != "" || (s.apex.Found && same) {
		return
	}
	s.apex.Found, s.apex.Leads, s.apexTo = true, plan.Apex, to
	s.wrote = append(s.wrote, fmt.Sprintf("apex leads to %s", plan.Apex))
}

func (s *sim) writeTarget(plan Plan) {
	want := plan.TargetReplicas
	if want == nil || !s.target.Found || *want == s.target.Replicas {
		return
	}
	if *want > s.target.Replicas {
		s.target.readyAt = s.now.Add(s.app(s.target.Revision).starts)
	}
	s.target.Replicas, s.target.Ready = *want, min(s.target.Ready, *want)
	s.wrote = append(s.wrote, fmt.Sprintf("target scaled to %d", *want))
}

// clone is a cluster like this one, that goes its own way.
func (s *sim) clone() *sim {
	c := *s
	c.onLook, c.onMoment, c.wrote = nil, nil, nil
	c.status = *s.status.DeepCopy()
	c.split, c.plane.applied, c.metrics.counts = maps.Clone(s.split), maps.Clone(s.plane.applied), maps.Clone(s.metrics.counts)
	c.others.asked, c.others.answers = maps.Clone(s.others.asked), slices.Clone(s.others.answers)
	c.others.told, c.others.received = maps.Clone(s.others.told), maps.Clone(s.others.received)
	c.versions = map[string]*simVersion{}
	for name, v := range s.versions {
		copied := *v
		c.versions[name] = &copied
	}
	return &c
}

// world is what the controller has made of the cluster.
type world struct {
	Status   v1alpha1.CanaryStatus
	Split    map[string]int64
	Versions map[string]int32
	Apex     ApexLead
	ApexTo   string
	Target   int32
	Gone     bool
}

func (s *sim) world() world {
	w := world{s.status, s.split, map[string]int32{}, s.apex.Leads, s.apexTo, s.target.Replicas, s.gone}
	for name, v := range s.versions {
		w.Versions[name] = v.replicas
	}
	return w
}

// say gives a command; each has its own ID.
func (s *sim) say(verb v1alpha1.Verb) {
	n := 1
	if s.command != nil {
		_, _ = fmt.Sscan(s.command.ID, &n)
		n++
	}
	s.command = &v1alpha1.Command{ID: fmt.Sprint(n), Verb: verb, By: "jane", Reason: "said so"}
}

// shopSpec is a spec as the API server would default it.
func shopSpec(mods ...func(*v1alpha1.CanarySpec)) v1alpha1.CanarySpec {
	spec := v1alpha1.CanarySpec{
		TargetRef: v1alpha1.TargetReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "shop"},
		Steps: []v1alpha1.Step{
			{Weight: 5, Dwell: v1alpha1.Dur(20 * time.Second)},
			{Weight: 25, Dwell: v1alpha1.Dur(20 * time.Second)},
			{Weight: 50, Dwell: v1alpha1.Dur(20 * time.Second)},
		},
		Analysis: v1alpha1.AnalysisSpec{
			Interval: v1alpha1.Dur(10 * time.Second), SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"},
			Judge: v1alpha1.JudgeThreshold, FailureThreshold: 3, NoData: v1alpha1.NoDataHold,
			Timeout: v1alpha1.Dur(5 * time.Minute), OnTimeout: v1alpha1.OnTimeoutPause,
		},
		Traffic:  v1alpha1.TrafficSpec{Provider: v1alpha1.ProviderAuto},
		Access:   v1alpha1.AccessSpec{Mode: v1alpha1.AccessOff},
		Capacity: v1alpha1.CapacityProportional,
		PodGrace: v1alpha1.PodGraceSpec{
			Unschedulable: v1alpha1.Dur(2 * time.Minute), NotReady: v1alpha1.Dur(time.Minute),
		},
		ProgressDeadline: v1alpha1.Dur(2 * time.Minute),
		ScaleDownDelay:   v1alpha1.Dur(30 * time.Second),
	}
	for _, mod := range mods {
		mod(&spec)
	}
	return spec
}
