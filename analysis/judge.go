package analysis

import (
	"math"
	"strconv"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// slowShare is the share of requests that may be slower than the p99 limit: "p99 <= limit" means that at most 1 in 100 is.
const slowShare = 0.01

// judge counts the new windows: those that began after the weight landed, each once. A window without requests or without an
// answer says nothing about the candidate.
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
			if p.byEvidence() {
				p.weigh(sample)
			} else {
				p.measure(sample)
			}
			judged = true
		}
	}
	return judged
}

// byEvidence says whether the Evidence judge decides. It is the default; a Canary of an older release may name none.
func (p *pass) byEvidence() bool { return p.spec.Analysis.Judge != v1alpha1.JudgeThreshold }

// counts says whether a sample is news of this rollout. One that ends far in the future would keep all that follow from
// counting, and is no measurement.
func (p *pass) counts(sample Sample) bool {
	if sample.Candidate.Version != p.next.Candidate.Version || sample.Stable.Version != p.next.Stable.Version {
		return false
	}
	return sample.End.After(sample.Start) && !sample.End.After(p.now.Add(staleWindow)) && News(p.next.Step, sample)
}

// News says whether a window began after the weight of a step landed, and none that reaches into it was judged. Only such a
// window is worth further questions.
func News(s *v1alpha1.StepStatus, sample Sample) bool {
	return s != nil && s.LandedAt != nil && !sample.Start.Before(s.LandedAt.Time) &&
		(s.LastWindow == nil || !sample.Start.Before(s.LastWindow.Time))
}

// failed says whether the windows up to the newest condemn the candidate.
func (p *pass) failed() bool {
	s := p.next.Step
	return s.Decision == v1alpha1.DecisionRollBack || s.Failed >= max(p.spec.Analysis.FailureThreshold, 1)
}

// fail rolls back a candidate that its windows condemn, as soon as there is something to go back to.
func (p *pass) fail() bool {
	s := p.next.Step
	if s == nil || !p.active() || !p.failed() || len(p.next.Checks) == 0 || !p.refuge() {
		return false
	}
	why := s.Finding
	if s.Decision != v1alpha1.DecisionRollBack {
		why = failedWindows(failedChecks(p.next.Checks, p.next.Candidate.VersionStatus), s.Failed, p.spec.Analysis.FailureThreshold, s.Position)
	}
	p.rollBack(v1alpha1.ReasonAnalysisFailed, why)
	return true
}

// severityOf orders verdicts: a window is as bad as its worst check.
var severityOf = map[v1alpha1.Verdict]int{
	v1alpha1.VerdictPass: 0, v1alpha1.VerdictHold: 1, v1alpha1.VerdictNoData: 2, v1alpha1.VerdictError: 3, v1alpha1.VerdictFail: 4,
}

// worst is the verdict of the worst check that decides. No such check at all is no data, never a pass.
func worst(checks []v1alpha1.CheckStatus) v1alpha1.Verdict {
	verdict := v1alpha1.VerdictNoData
	decides := 0
	for _, c := range checks {
		if c.DryRun {
			continue
		}
		if decides++; decides == 1 || severityOf[c.Verdict] > severityOf[verdict] {
			verdict = c.Verdict
		}
	}
	return verdict
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

// allowedFailures is the share of requests that may fail.
func allowedFailures(spec v1alpha1.AnalysisSpec) float64 {
	if spec.SuccessRate == nil {
		return slowShare
	}
	// Rounded to 1e-12, so that 99.9 means exactly 0.001 and a window that just meets the bound passes.
	return math.Round((100-decimal(spec.SuccessRate.Min, 99))*1e10) / 1e12
}

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

// NextWindow is where the next window that counts begins: at the end of the one judged last, or else once the step's weight has
// landed, at a multiple of a fifth of the interval, so that Canaries whose weights land together ask for the same window. A server
// that is asked for the window since then gives it when it is as long as the spec says; others have one that begins later. It
// is false while no window counts.
func NextWindow(s *v1alpha1.StepStatus, interval time.Duration) (begin time.Time, ok bool) {
	if s == nil || s.LandedAt == nil {
		return time.Time{}, false
	}
	if s.LastWindow != nil && s.LastWindow.After(s.LandedAt.Time) {
		return roundUp(s.LastWindow.Time, time.Second), true // of another server; one that knows since ends at whole seconds
	}
	return roundUp(s.LandedAt.Time, max(interval/5, time.Second).Truncate(time.Second)), true
}

// roundUp is the first multiple of a length of time that does not lie before t.
func roundUp(t time.Time, to time.Duration) time.Time {
	if down := t.Truncate(to); down.Before(t) {
		return down.Add(to)
	}
	return t
}
