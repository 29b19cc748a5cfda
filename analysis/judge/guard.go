package judge

// The guard takes stable's share of bad ones to be above the limit when at least guardBad of them and the score interval of
// guardZ standard deviations say so.
const (
	guardBad = 5
	guardZ   = 2
)

// guarded is the limit of this window: the check's, or more while stable itself breaks it, since the candidate cannot be blamed
// for what befalls both. It looks at the newest window, and at the newest three and ten together. Evidence falls as the limit
// rises, so the guarantee against wrong rollbacks is untouched.
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
	raised := limit
	var bad, total float64
	for back := 1; back <= min(len(recent), keptWindows); back++ {
		w := recent[len(recent)-back]
		seen := v.check.see(w.Stable, w.Others[v.check.Name].Stable)
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

// atLeastBad is the number of bad ones that there were for certain.
func (s sight) atLeastBad() float64 {
	if s.quantiles == nil || !(s.total > 0) {
		return s.bad
	}
	low, high := slowBetween(*s.quantiles, s.total)
	return min(low, max(0, high))
}
