package judge

// The guard takes stable's share of bad ones to be above the limit when at least guardBad of them and the score interval of
// guardZ standard deviations say so.
const (
	guardBad = 5
	guardZ   = 2
)

// guarded is the limit of this window: the check's, or more while stable itself breaks it, since the candidate cannot be blamed
// for what befalls both. Evidence falls as the limit rises, so the guarantee against wrong rollbacks is untouched.
func (v view) guarded(recent []Window) float64 {
	limit := v.check.limit()
	switch v.check.Kind {
	case Ratio: // stable is in it already
		return limit
	case Gauge: // one look in a window is too few for an interval, so a look at which stable was as bad blames nobody
		if v.stable.total > 0 {
			return min(1, max(limit, v.stable.bad/v.stable.total))
		}
		return limit
	case Failures, Slow, Share:
	}
	return v.check.breach(recent, ofStable)
}

// side is one version's part of a window.
type side func(w Window, check string) (Counts, Part)

func ofStable(w Window, check string) (Counts, Part) { return w.Stable, w.Others[check].Stable }
func ofCandidate(w Window, check string) (Counts, Part) {
	return w.Candidate, w.Others[check].Candidate
}

// breach is the largest share that a version may have while it surely breaks the check's limit, and the limit while it does
// not. It looks at the newest window, and at the newest three and ten together.
func (k Check) breach(recent []Window, of side) float64 {
	limit := k.limit()
	raised := limit
	var bad, total float64
	for back := 1; back <= min(len(recent), keptWindows); back++ {
		seen := k.see(of(recent[len(recent)-back], k.Name))
		bad += seen.atLeastBad()
		total += seen.total
		if back != 1 && back != 3 && back != keptWindows && back != len(recent) {
			continue
		}
		if lower, upper := Wilson(bad, total, guardZ); bad >= guardBad && lower > limit {
			raised = max(raised, upper)
		}
	}
	return raised
}

// breaking is the deciding check whose limit the candidate's newest windows surely break. What the windows before have proven
// says nothing of a fault, or an outage of both versions, that began just now.
func (c Config) breaking(s State) (string, bool) {
	for _, check := range c.Checks {
		counted := check.Kind != Ratio && check.Kind != Gauge && !check.DryRun
		if counted && check.breach(s.Recent, ofCandidate) > check.limit() {
			return check.Name, true
		}
	}
	return "", false
}

// atLeastBad is the number of bad ones that there were for certain.
func (s sight) atLeastBad() float64 {
	if s.quantiles == nil || !(s.total > 0) {
		return s.bad
	}
	low, high := slowBetween(*s.quantiles, s.total)
	return min(low, max(0, high))
}
