package analysis

import (
	"math"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Limits of checks that the spec has no words for.
const (
	// outOfBounds is the share of looks at a gauge that may be out of its bounds.
	outOfBounds = 0.1
	// leastLimit stands for a limit of 0: no number of good requests proves that none can fail.
	leastLimit = 0.001
	// defaultRatio is how many times stable's failure rate the candidate's may be.
	defaultRatio = "1.5"
)

// JudgeOf says what the Evidence judge judges, and how sure it must be, for a spec. The order of the checks is that of
// status.checks.
func JudgeOf(spec v1alpha1.AnalysisSpec) judge.Config {
	spec = withBaseline(spec)
	config := judge.Defaults()
	config.Alpha = decimal(spec.FalseRollbackRate, config.Alpha)
	config.Beta = decimal(spec.MissRate, config.Beta)
	config.WholeRollout = spec.Evidence == v1alpha1.EvidenceRollout
	add := func(c judge.Check) {
		c.DryRun = dryRun(spec, c.Name)
		config.Checks = append(config.Checks, c)
	}
	allowed := atLeastSome(allowedFailures(spec))
	if spec.SuccessRate != nil {
		add(judge.Check{Name: v1alpha1.CheckSuccessRate, Kind: judge.Failures, Limit: allowed})
	}
	if spec.Latency != nil {
		add(judge.Check{Name: v1alpha1.CheckLatencyP99, Kind: judge.Slow, Limit: slowShare})
	}
	add(judge.Check{Name: v1alpha1.CheckBaseline, Kind: judge.Ratio, Limit: allowed, MaxRatio: decimal(spec.Baseline.MaxRatio, 1.5)})
	for _, c := range spec.Checks {
		if c.Gauge != nil {
			add(judge.Check{Name: c.Name, Kind: judge.Gauge, Limit: outOfBounds})
		} else {
			add(judge.Check{Name: c.Name, Kind: judge.Share, Limit: atLeastSome(allowedShare(c))})
		}
	}
	return config
}

func atLeastSome(limit float64) float64 {
	if limit <= 0 {
		return leastLimit
	}
	return limit
}

// withBaseline is a spec that compares with stable, as the Evidence judge always does.
func withBaseline(spec v1alpha1.AnalysisSpec) v1alpha1.AnalysisSpec {
	if spec.Baseline == nil || spec.Baseline.MaxRatio == "" {
		spec.Baseline = &v1alpha1.BaselineCheck{MaxRatio: defaultRatio}
	}
	return spec
}

// weigh adds a window to the evidence of the rollout: the Evidence judge. The dwell is kept by the step's clock.
func (p *pass) weigh(sample Sample) { p.scales(sample, p.nextWeight(), 0).weigh() }

// weighing is one window on the scales: what it showed, and what came of it.
type weighing struct {
	p      *pass
	config judge.Config
	sample Sample
	window judge.Window
	state  judge.State
	result judge.Result
}

// scales are ready to weigh a window, for the next weight and at least so many windows at the step.
func (p *pass) scales(sample Sample, next int32, dwell int) *weighing {
	if next <= 0 {
		next = p.nextWeight()
	}
	config := JudgeOf(p.spec.Analysis)
	config.Dwell = dwell
	return &weighing{p: p, config: config, sample: sample, window: p.window(sample, next)}
}

// weigh adds the window to the evidence, and records what came of it.
func (v *weighing) weigh() {
	p := v.p
	wasDegraded := p.next.Evidence != nil && p.next.Evidence.Degraded
	v.state, v.result = v.config.Judge(stateOf(p.next.Evidence, latencyLimit(p.spec.Analysis)), v.window)
	v.remember()
	p.next.Checks = v.checks()
	v.decide()
	if v.result.Degraded && !wasDegraded {
		p.noteRollout(Note{Reason: v1alpha1.ReasonBaselineDegraded, Severity: Problem, Message: v.degraded()})
	}
}

// latencyLimit is the limit of a spec that has one, else 0.
func latencyLimit(spec v1alpha1.AnalysisSpec) time.Duration {
	if spec.Latency == nil {
		return 0
	}
	return spec.Latency.P99.Of()
}

// window is a sample as the judge takes it.
func (p *pass) window(sample Sample, next int32) judge.Window {
	w := judge.Window{
		Weight: p.next.Candidate.Weight, Next: next,
		Candidate: p.judged(sample.Candidate), Stable: p.judged(sample.Stable),
	}
	for _, c := range sample.Custom {
		if c.Problem != "" || c.Candidate == nil {
			continue
		}
		if w.Others == nil {
			w.Others = map[string]judge.Pair{}
		}
		pair := judge.Pair{Candidate: *c.Candidate}
		if c.Stable != nil {
			pair.Stable = *c.Stable
		}
		w.Others[c.Name] = pair
	}
	return w
}

// judged are counts as the judge takes them.
func (p *pass) judged(c Counts) judge.Counts {
	counts := judge.Counts{Requests: c.Requests, Failures: c.Failures}
	limit := p.spec.Analysis.Latency
	switch {
	case limit == nil:
	case !c.Latency:
		counts.Unmeasured = true
	case c.Bucketed:
		counts.Slow = c.Slow
	default:
		counts.Quantiles = &judge.Quantiles{
			Limit: limit.P99.Of().Seconds(), P50: c.P50.Seconds(), P90: c.P90.Seconds(), P99: c.P99.Seconds(),
		}
	}
	return counts
}

// nextWeight is the weight above the one of now, 100 after the last step.
func (p *pass) nextWeight() int32 {
	if i := p.nextIndex(); i < len(p.spec.Steps) {
		return p.spec.Steps[i].Weight
	}
	return 100
}

// decide records what the window led to, and says what people should know of it.
func (v *weighing) decide() {
	p, s := v.p, v.p.next.Step
	cause := s.Cause
	s.Decision, s.Cause, s.Finding = v1alpha1.Decision(v.result.Decision), string(v.result.Cause), v.finding()
	v.missing()
	switch v.result.Cause {
	case judge.Proven, judge.Unproven, judge.Dwelling:
		s.Passed++
	case judge.Suspicious:
		if cause != s.Cause {
			p.noteRollout(Note{Reason: v1alpha1.ReasonSuspicious, Severity: Problem, Message: s.Finding})
		}
	case judge.Unusable, judge.FailsFast, judge.Guilty, judge.NotReached, judge.NoRequests, judge.Unanswered, judge.Breaking:
	}
	v.warn()
}

// warn says once per step that it cannot be decided before its timeout at today's traffic.
func (v *weighing) warn() {
	p, s := v.p, v.p.next.Step
	longest := v.longest()
	if v.result.Cause != judge.Unproven || p.next.Phase != v1alpha1.PhaseProgressing || longest == nil || s.TooSlow {
		return
	}
	timeout := stepTimeout(p.spec, p.currentStep())
	if left := timeout - p.since(stepBegan(p.next)); longest.NeededTime.Of() > left {
		s.TooSlow = true
		p.noteRollout(Note{
			Reason: v1alpha1.ReasonTooSlow, Severity: Problem, Transition: true,
			Message: tooSlow(s.Position, *longest, timeout, p.spec.Analysis.OnTimeout),
		})
	}
}

// missing applies the spec's word on windows without requests.
func (v *weighing) missing() {
	p, s := v.p, v.p.next.Step
	if v.result.Cause != judge.NoRequests {
		s.Failed = 0
		return
	}
	switch p.spec.Analysis.NoData {
	case v1alpha1.NoDataRollBack:
		s.Failed++
		why := noRequests(p.next.Candidate.Version, v.sample.Length())
		if limit := p.spec.Analysis.FailureThreshold; s.Failed >= max(limit, 1) {
			s.Decision, s.Finding = v1alpha1.DecisionRollBack, failedWindows(why, s.Failed, limit, s.Position)
		} else {
			s.Finding = failedWindow(why, s.Failed, limit)
			p.noteRollout(Note{Reason: v1alpha1.ReasonCheckFailed, Severity: Problem, Message: s.Finding})
		}
	case v1alpha1.NoDataIgnore:
		answered := worst(p.next.Checks) == v1alpha1.VerdictNoData // a check of one's own may have had no answer
		if v.result.LnE < math.Log(judge.SuspiciousOdds) && answered {
			s.Decision, s.Finding = v1alpha1.DecisionAdvance, noRequestsIgnored(p.next.Candidate.Version)
			s.Passed++
		}
	case v1alpha1.NoDataHold:
	}
}

// longest is the deciding check whose evidence for the next weight takes longest, nil when all have it or nobody can say.
func (v *weighing) longest() *v1alpha1.CheckStatus {
	var longest *v1alpha1.CheckStatus
	for i := range v.p.next.Checks {
		c := &v.p.next.Checks[i]
		if c.DryRun || c.NeededTime == nil || c.Needed == 0 {
			continue
		}
		if longest == nil || c.NeededTime.Of() > longest.NeededTime.Of() {
			longest = c
		}
	}
	return longest
}

// pace is how many things a check sees per second of a window at today's traffic: for requests, what all versions got times
// the candidate's weight. Windows without an answer say nothing about it.
func (v *weighing) pace(c judge.Check) float64 {
	var seen, seconds float64
	for i, w := range v.state.Recent {
		total := (w.Candidate.Requests + w.Stable.Requests) * float64(v.p.next.Candidate.Weight) / 100
		if c.Kind == judge.Share || c.Kind == judge.Gauge {
			if total = w.Others[c.Name].Candidate.Total; total == 0 {
				continue
			}
		}
		seen += total
		seconds += v.p.next.Evidence.Recent[i].Window.Of().Seconds()
	}
	if seconds <= 0 {
		return 0
	}
	return seen / seconds
}

// neededTime is how long a number of good ones takes at a pace, in whole seconds.
func neededTime(needed, pace float64) *v1alpha1.Duration {
	if needed <= 0 || pace <= 0 {
		return nil
	}
	seconds := math.Ceil(needed / pace)
	const year = 365 * 24 * 3600
	d := v1alpha1.Dur(time.Duration(min(seconds, year)) * time.Second)
	return &d
}
