package analysis

import (
	"cmp"
	"math"
	"slices"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// checks are the verdicts on the newest window with the evidence behind them.
func (v *weighing) checks() []v1alpha1.CheckStatus {
	all := evaluate(withBaseline(v.p.spec.Analysis), v.sample)
	for i := range all {
		c, r, check := &all[i], v.result.Checks[i], v.config.Checks[i]
		c.Verdict = v.verdict(c.Verdict, check, r)
		if v.result.Cause == judge.Unusable {
			continue
		}
		c.Evidence = Odds(r.LnE)
		if r.Bound > 0 {
			c.MustRuleOut = percent(r.Bound)
			c.UpperBound = percent(r.Upper)
			c.Needed = int64(math.Ceil(min(r.Needed, math.MaxInt32)))
			c.NeededTime = neededTime(r.Needed, v.pace(check))
		}
	}
	return all
}

// verdict says what the evidence makes of a check. The bounds of one window alone decide nothing.
func (v *weighing) verdict(window v1alpha1.Verdict, check judge.Check, r judge.CheckResult) v1alpha1.Verdict {
	failsFast := v.result.Cause == judge.FailsFast && check.Kind == judge.Failures
	switch {
	case window == v1alpha1.VerdictError || window == v1alpha1.VerdictNoData:
		return window
	case failsFast || r.LnE >= -math.Log(v.config.Alpha):
		return v1alpha1.VerdictFail
	case v.result.Cause == judge.Suspicious && r.LnE >= math.Log(judge.SuspiciousOdds):
		return v1alpha1.VerdictHold
	case check.Kind == judge.Ratio && window == v1alpha1.VerdictHold, r.Needed > 0:
		return v1alpha1.VerdictHold
	default:
		return v1alpha1.VerdictPass
	}
}

// finding says in a sentence what the window led to.
func (v *weighing) finding() string {
	version := v.p.next.Candidate.Version
	switch v.result.Cause {
	case judge.Unusable:
		return unusableWindow
	case judge.FailsFast:
		return failsFast(v.accusation(), things(judge.Failures, v.sample.Candidate.Requests), v.sample.Length())
	case judge.Guilty:
		return guilty(v.accusation(), v.result.LnE, things(v.accused().Kind, v.fault().total))
	case judge.Suspicious:
		return suspicious(v.accusation(), v.result.LnE, things(v.accused().Kind, v.fault().total))
	case judge.NotReached:
		expected := v.window.Stable.Requests * float64(v.window.Weight) / float64(100-v.window.Weight)
		return starved(version, v.window.Candidate.Requests, expected)
	case judge.NoRequests:
		return noRequests(version, v.sample.Length())
	case judge.Breaking:
		if v.result.Checks[v.index(v.result.Check)].Limit > v.accused().Limit {
			return breaking(v.accusation(), bothBreak)
		}
		return breaking(v.accusation(), justBegan)
	case judge.Unanswered:
		return v.unanswered()
	case judge.Proven:
		return v.proven()
	case judge.Dwelling:
		return dwelling(v.state.Windows, v.config.Dwell)
	case judge.Unproven:
	}
	if longest := v.longest(); longest != nil {
		return unproven(*longest, v.pace(v.config.Checks[v.index(longest.Name)]))
	}
	return unprovenWithout(v.result.Check)
}

// proven says what is ruled out. A Ratio alone rules out nothing.
func (v *weighing) proven() string {
	proofs := v.proofs()
	if len(proofs) == 0 {
		return provenByRatio(v.result.LnE)
	}
	first := v.config.Checks[v.index(proofs[0].Name)]
	return proven(proofs, v.config.Beta, things(first.Kind, proofs[0].Total))
}

// index is a check's place.
func (v *weighing) index(name string) int {
	return max(slices.IndexFunc(v.config.Checks, func(c judge.Check) bool { return c.Name == name }), 0)
}

// unanswered says which check had no answer, and why.
func (v *weighing) unanswered() string {
	for _, c := range v.sample.Custom {
		if c.Name == v.result.Check && c.Problem != "" {
			return c.Problem
		}
	}
	return unansweredCheck(v.result.Check)
}

// degraded says which limit stable breaks itself.
func (v *weighing) degraded() string {
	for i, r := range v.result.Checks {
		if r.Limit > v.config.Checks[i].Limit {
			return degraded(v.p.next.Stable.Version, r)
		}
	}
	return degraded(v.p.next.Stable.Version, v.result.Checks[0])
}

// proofs are the deciding checks with a bound, and what is ruled out for them.
func (v *weighing) proofs() []judge.CheckResult {
	return slices.DeleteFunc(slices.Clone(v.result.Checks), func(r judge.CheckResult) bool {
		return r.Bound == 0 || v.config.Checks[v.index(r.Name)].DryRun
	})
}

// accused is the check that speaks most against the candidate. Of two that speak of failures the one with a plain limit says it
// better.
func (v *weighing) accused() judge.Check {
	most := v.config.Checks[v.index(v.result.Check)]
	for i, c := range v.config.Checks {
		if most.Kind == judge.Ratio && c.Kind == judge.Failures && !c.DryRun && v.result.Checks[i].LnE >= math.Log(judge.SuspiciousOdds) {
			return c
		}
	}
	return most
}

// accusation says what the candidate does, what stable does, and what the limit is, since the fault began.
func (v *weighing) accusation() string {
	c, f := v.accused(), v.fault()
	threshold := v.p.next.Checks[v.index(c.Name)].Threshold
	limit := v.result.Checks[v.index(c.Name)].Limit
	if v.result.Cause == judge.Breaking {
		limit = c.Limit
	}
	version := v.p.next.Candidate.Version
	switch c.Kind {
	case judge.Failures:
		return failsMore(version, f.share(), f.stable, limit)
	case judge.Ratio:
		return failsMoreThanStable(version, f.share(), f.stable, c)
	case judge.Slow:
		return isSlower(version, f.share(), f.stable, threshold)
	case judge.Share:
		return sharesMore(c.Name, f.share(), f.stable, threshold)
	case judge.Gauge:
		return outsideBounds(c.Name, f.bad, f.total, threshold)
	}
	return c.Name
}

// fault is what was counted since a fault began, as far as that can be told.
type fault struct {
	bad, total float64
	stable     string // stable's share over the same windows
}

func (f fault) share() float64 { return f.bad / max(f.total, 1) }

// fault finds the newest windows that speak most against the candidate: the mean over a step in which it was well at first
// would contradict the evidence.
func (v *weighing) fault() fault {
	check := v.accused()
	limit := v.result.Checks[v.index(check.Name)].Limit
	if v.result.Cause == judge.FailsFast {
		return v.since(check, 1)
	}
	lengths := make([]int, len(v.state.Recent))
	for i := range lengths {
		lengths[i] = i + 1
	}
	if len(lengths) == 0 {
		return fault{}
	}
	worst := slices.MaxFunc(lengths, func(a, b int) int {
		return cmp.Compare(v.since(check, a).excess(limit), v.since(check, b).excess(limit))
	})
	return v.since(check, worst)
}

// excess is how much a share above a limit is at odds with it: the logarithm of the largest likelihood ratio.
func (f fault) excess(limit float64) float64 {
	p := f.share()
	if p <= limit || f.total == 0 {
		return p - limit // nothing speaks against it: the highest share
	}
	good := 0.0
	if p < 1 {
		good = (f.total - f.bad) * math.Log((1-p)/(1-limit))
	}
	return f.bad*math.Log(p/limit) + good
}

// since adds up the last windows.
func (v *weighing) since(check judge.Check, windows int) fault {
	var candidate, stable judge.Part
	for _, w := range v.state.Recent[max(len(v.state.Recent)-windows, 0):] {
		c, s := partsOf(check, w)
		candidate.Bad, candidate.Total = candidate.Bad+c.Bad, candidate.Total+c.Total
		stable.Bad, stable.Total = stable.Bad+s.Bad, stable.Total+s.Total
	}
	f := fault{bad: candidate.Bad, total: candidate.Total, stable: stableSilent}
	if stable.Total > 0 {
		f.stable = "stable " + percent(stable.Bad/stable.Total)
	}
	return f
}

// partsOf is what a window says to a check. Where only quantiles are known, the least number of slow requests that they allow
// stands for the slow ones.
func partsOf(check judge.Check, w judge.Window) (candidate, stable judge.Part) {
	of := func(c judge.Counts) judge.Part {
		switch {
		case check.Kind != judge.Slow:
			return judge.Part{Bad: c.Failures, Total: c.Requests}
		case c.Unmeasured:
			return judge.Part{}
		case c.Quantiles != nil:
			return judge.Part{Bad: slowByQuantiles(*c.Quantiles, c.Requests), Total: c.Requests}
		default:
			return judge.Part{Bad: c.Slow, Total: c.Requests}
		}
	}
	if check.Kind == judge.Share || check.Kind == judge.Gauge {
		pair := w.Others[check.Name]
		return pair.Candidate, pair.Stable
	}
	return of(w.Candidate), of(w.Stable)
}

// slowByQuantiles is the least number of requests that must have been slower than the limit.
func slowByQuantiles(q judge.Quantiles, requests float64) float64 {
	switch {
	case q.P99 <= q.Limit:
		return 0
	case q.P90 <= q.Limit:
		return slowShare * requests
	case q.P50 <= q.Limit:
		return requests / 10
	default:
		return requests / 2
	}
}
