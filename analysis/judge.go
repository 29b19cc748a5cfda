package analysis

import (
	"math"
	"strconv"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// slowShare is the share of requests that may be slower than the p99 limit: "p99 <= limit" means that at most 1 in 100 is.
const slowShare = 0.01

// judge counts the new windows: those that began after the weight landed, each once. A candidate that broke a bound in
// failureThreshold windows in a row is rolled back; a window without requests or without an answer says nothing about it.
func (p *pass) judge() bool {
	s := p.next.Step
	testing := p.next.Phase == v1alpha1.PhaseProgressing || p.next.Phase == v1alpha1.PhasePaused
	if !testing || s == nil || s.LandedAt == nil {
		return false
	}
	judged := false
	for _, sample := range p.seen.Samples {
		if p.failed() && p.refuge() {
			break // it is rolled back for the windows before
		}
		if p.counts(sample) {
			s.LastWindow = v1alpha1.At(sample.End)
			p.next.Checks = evaluate(p.bounds(), sample)
			p.tally()
			judged = true
		}
	}
	return judged
}

// bounds are the spec's. A candidate that has all traffic, or whose stable lost its pods, is compared with nothing, because
// nothing is left beside it.
func (p *pass) bounds() v1alpha1.AnalysisSpec {
	bounds := p.spec.Analysis
	if p.next.Candidate.Weight == 100 || p.seen.Versions[p.next.Stable.Version].Endpoints == 0 {
		bounds.Baseline = nil
	}
	return bounds
}

// counts says whether a sample is of this rollout, began after the weight landed, and is newer than any judged one. One that
// ends far in the future would keep all that follow from counting, and is no measurement.
func (p *pass) counts(sample Sample) bool {
	s := p.next.Step
	if sample.Candidate.Version != p.next.Candidate.Version || sample.Stable.Version != p.next.Stable.Version {
		return false
	}
	if !sample.End.After(sample.Start) || sample.Start.Before(s.LandedAt.Time) || sample.End.After(p.now.Add(staleWindow)) {
		return false
	}
	return s.LastWindow == nil || !sample.Start.Before(s.LastWindow.Time)
}

// tally turns the newest checks into counts of windows, and into a rollback when there are too many failed ones.
func (p *pass) tally() {
	s := p.next.Step
	switch verdict := p.windowVerdict(); verdict {
	case v1alpha1.VerdictPass:
		s.Passed++
		s.Failed = 0
	case v1alpha1.VerdictFail:
		s.Failed++
		why := failedChecks(p.next.Checks, p.next.Candidate.VersionStatus)
		if p.failed() {
			return // fail rolls back
		}
		p.noteRollout(Note{
			Reason: v1alpha1.ReasonCheckFailed, Severity: Problem,
			Message: failedWindow(why, s.Failed, p.spec.Analysis.FailureThreshold),
		})
	case v1alpha1.VerdictHold, v1alpha1.VerdictNoData, v1alpha1.VerdictError:
	}
}

// failed says whether too many windows in a row failed at the step.
func (p *pass) failed() bool { return p.next.Step.Failed >= max(p.spec.Analysis.FailureThreshold, 1) }

// fail rolls back a candidate that failed too many windows in a row, as soon as there is something to go back to.
func (p *pass) fail() bool {
	s, limit := p.next.Step, p.spec.Analysis.FailureThreshold
	if s == nil || !p.active() || !p.failed() || len(p.next.Checks) == 0 || !p.refuge() {
		return false
	}
	why := failedChecks(p.next.Checks, p.next.Candidate.VersionStatus)
	p.rollBack(v1alpha1.ReasonAnalysisFailed, failedWindows(why, s.Failed, limit, s.Position))
	return true
}

// windowVerdict is the verdict on the newest window as a whole, after the spec's word on windows without requests.
func (p *pass) windowVerdict() v1alpha1.Verdict {
	verdict := worst(p.next.Checks)
	if verdict != v1alpha1.VerdictNoData {
		return verdict
	}
	switch p.spec.Analysis.NoData {
	case v1alpha1.NoDataRollBack:
		return v1alpha1.VerdictFail
	case v1alpha1.NoDataIgnore:
		return v1alpha1.VerdictPass
	case v1alpha1.NoDataHold:
		return v1alpha1.VerdictNoData
	default:
		return v1alpha1.VerdictNoData
	}
}

// severityOf orders verdicts: a window is as bad as its worst check.
var severityOf = map[v1alpha1.Verdict]int{
	v1alpha1.VerdictPass: 0, v1alpha1.VerdictHold: 1, v1alpha1.VerdictNoData: 2, v1alpha1.VerdictError: 3, v1alpha1.VerdictFail: 4,
}

// worst is the verdict of the worst check. No check at all is no data, never a pass.
func worst(checks []v1alpha1.CheckStatus) v1alpha1.Verdict {
	if len(checks) == 0 {
		return v1alpha1.VerdictNoData
	}
	verdict := v1alpha1.VerdictPass
	for _, c := range checks {
		if severityOf[c.Verdict] > severityOf[verdict] {
			verdict = c.Verdict
		}
	}
	return verdict
}

// evaluate holds one window against each bound of the spec, in a fixed order.
func evaluate(spec v1alpha1.AnalysisSpec, sample Sample) []v1alpha1.CheckStatus {
	var checks []v1alpha1.CheckStatus
	add := func(name string, verdict v1alpha1.Verdict, value, threshold string) {
		checks = append(checks, v1alpha1.CheckStatus{
			Name: name, Verdict: verdict, Value: value, Threshold: threshold,
			Requests: whole(sample.Candidate.Requests),
			Window:   v1alpha1.Dur(sample.Length()), EndedAt: v1alpha1.At(sample.End),
		})
	}
	if c := spec.SuccessRate; c != nil {
		verdict, value := successRate(spec, sample.Candidate)
		add(v1alpha1.CheckSuccessRate, verdict, value, ">= "+c.Min+"%")
	}
	if c := spec.Latency; c != nil {
		verdict, value := latency(c.P99.Of(), sample.Candidate)
		add(v1alpha1.CheckLatencyP99, verdict, value, "<= "+bound(c.P99.Of(), sample.Candidate.SlowBound))
	}
	if c := spec.Baseline; c != nil {
		verdict, value := baseline(spec, sample)
		add(v1alpha1.CheckBaseline, verdict, value, "<= "+c.MaxRatio+" x stable")
	}
	return checks
}

// sound says whether counts can be judged: finite, not negative, and no more failures or slow requests than requests.
func sound(c Counts) bool {
	for _, n := range []float64{c.Requests, c.Failures, c.Slow} {
		if math.IsNaN(n) || math.IsInf(n, 0) || n < 0 {
			return false
		}
	}
	return c.Failures <= c.Requests && (!c.Latency || c.Slow <= c.Requests)
}

func successRate(spec v1alpha1.AnalysisSpec, c Counts) (v1alpha1.Verdict, string) {
	switch {
	case !sound(c):
		return v1alpha1.VerdictError, unusable
	case c.Requests == 0:
		return v1alpha1.VerdictNoData, ""
	}
	failed := c.Failures / c.Requests
	return passIf[failed <= allowedFailures(spec)], succeeded(failed, spec.SuccessRate.Min)
}

func latency(limit time.Duration, c Counts) (v1alpha1.Verdict, string) {
	switch {
	case !sound(c):
		return v1alpha1.VerdictError, unusable
	case c.Requests == 0:
		return v1alpha1.VerdictNoData, ""
	case !c.Latency:
		return v1alpha1.VerdictError, notMeasured
	}
	share := c.Slow / c.Requests
	if within := share <= slowShare; c.P99 <= 0 || (c.P99 <= max(limit, c.SlowBound)) != within {
		return passIf[within], slower(share) // the quantile is interpolated and would contradict the count
	}
	return passIf[share <= slowShare], milliseconds(c.P99)
}

// baseline compares failure rates over the same window. A candidate that fails less than half of what the success rate
// allows harms nobody and passes at any ratio.
func baseline(spec v1alpha1.AnalysisSpec, sample Sample) (v1alpha1.Verdict, string) {
	candidate, stable := sample.Candidate, sample.Stable
	switch {
	case !sound(candidate) || !sound(stable):
		return v1alpha1.VerdictError, unusable
	case candidate.Requests == 0:
		return v1alpha1.VerdictNoData, ""
	case stable.Requests == 0:
		return v1alpha1.VerdictHold, stableSilent
	}
	rate, base := candidate.Failures/candidate.Requests, stable.Failures/stable.Requests
	limit := math.Max(decimal(spec.Baseline.MaxRatio, 1.5)*base, allowedFailures(spec)/2)
	return passIf[rate <= limit], against(rate, base)
}

// allowedFailures is the share of requests that may fail.
func allowedFailures(spec v1alpha1.AnalysisSpec) float64 {
	if spec.SuccessRate == nil {
		return slowShare
	}
	// Rounded to 1e-12, so that 99.9 means exactly 0.001 and a window that just meets the bound passes.
	return math.Round((100-decimal(spec.SuccessRate.Min, 99))*1e10) / 1e12
}

// passIf turns "the bound was kept" into a verdict.
var passIf = map[bool]v1alpha1.Verdict{true: v1alpha1.VerdictPass, false: v1alpha1.VerdictFail}

// decimal reads a decimal string that the CRD has checked; fallback stands in for one that it has not.
func decimal(s string, fallback float64) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return fallback
	}
	return f
}

// whole is a count as people read it; 0 stands for one that is none.
func whole(count float64) int64 {
	if count >= 0 && count < math.MaxInt64/2 {
		return int64(math.Round(count))
	}
	return 0
}

// windowEnd is the end of the first window that begins at or after t: windows end at multiples of their length.
func windowEnd(t time.Time, length time.Duration) time.Time {
	start := t.Truncate(length)
	if start.Before(t) {
		start = start.Add(length)
	}
	return start.Add(length)
}
