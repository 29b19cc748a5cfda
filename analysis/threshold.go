package analysis

import (
	"math"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// measure holds a window against the bounds of the spec: the Threshold judge. A candidate that broke one in failureThreshold
// windows in a row is rolled back.
func (p *pass) measure(sample Sample) {
	p.next.Step.Decision, p.next.Step.Cause, p.next.Step.Finding, p.next.Evidence = "", "", "", nil
	p.next.Checks = evaluate(p.bounds(), sample)
	p.tally()
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

// evaluate holds one window against each bound of the spec, in a fixed order.
func evaluate(spec v1alpha1.AnalysisSpec, sample Sample) []v1alpha1.CheckStatus {
	var checks []v1alpha1.CheckStatus
	add := func(name string, verdict v1alpha1.Verdict, value, threshold string) {
		checks = append(checks, v1alpha1.CheckStatus{
			Name: name, Verdict: verdict, Value: value, Threshold: threshold,
			Requests: whole(sample.Candidate.Requests),
			Window:   v1alpha1.Dur(sample.Length()), EndedAt: v1alpha1.At(sample.End),
			DryRun: dryRun(spec, name),
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
	for _, c := range spec.Checks {
		verdict, value := custom(c, sample)
		add(c.Name, verdict, value, threshold(c))
	}
	return checks
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

// passIf turns "the bound was kept" into a verdict.
var passIf = map[bool]v1alpha1.Verdict{true: v1alpha1.VerdictPass, false: v1alpha1.VerdictFail}
