package judge

// sight is what a check saw of one version in one window: bad ones of a total, or of the total only how the quantiles lie.
type sight struct {
	bad, total float64
	quantiles  *Quantiles
}

// see returns what the check saw of a version, whose counts and whose observation these are. The total is 0 where there was
// nothing to see.
func (k Check) see(counts Counts, part Part) sight {
	switch k.Kind {
	case Failures, Ratio:
		return sight{bad: counts.Failures, total: counts.Requests}
	case Slow:
		switch {
		case counts.Unmeasured:
			return sight{}
		case counts.Quantiles != nil:
			return sight{total: counts.Requests, quantiles: counts.Quantiles}
		}
		return sight{bad: counts.Slow, total: counts.Requests}
	case Share, Gauge:
	}
	if !part.usable() {
		return sight{}
	}
	return sight{bad: part.Bad, total: part.Total}
}

// view is one check in one window.
type view struct {
	check             Check
	candidate, stable sight
	// limit is that of this window, bound the one for the next weight.
	limit, bound float64
}

// view looks at a window through a check. Recent are the windows for the guard, the newest last.
func (c Config) view(check Check, w Window, recent []Window) view {
	pair := w.Others[check.Name]
	v := view{
		check:     check,
		candidate: check.see(w.Candidate, pair.Candidate),
		stable:    check.see(w.Stable, pair.Stable),
		bound:     c.Bound(check, w.Next),
	}
	v.limit = v.guarded(recent)
	return v
}

// measured says whether there was something to see; for a Ratio that takes both versions.
func (v view) measured() bool {
	return v.candidate.total > 0 && (v.check.Kind != Ratio || v.stable.total > 0)
}

// learn returns the memory with what this window adds to it. For a Ratio a window without requests of stable is one too, which
// says nothing about the ratio but something about the floor.
func (v view) learn(c Config, m Memory) Memory {
	n := v.candidate
	if !(n.total > 0) {
		return m
	}
	h := hazard(m.Null.T+1, m.Seen)
	m.Null = m.Null.Add(h, c.temper(v.lnL()))
	if v.check.Kind == Ratio {
		m.Floor = m.Floor.Add(h, c.temper(v.lnFloor()))
	}
	m.Seen++
	if n.quantiles == nil {
		m.Bad += n.bad
		m.Total += n.total
		return m
	}
	if m.Bound != v.bound {
		m.LnQ, m.Bound = [4]float64{}, v.bound // what was said about another bound says nothing about this one
	}
	at := n.quantiles.against(n.total, v.bound)
	for i, gain := range gains {
		m.LnQ[i] += at.lnL(gain)
	}
	return m
}

// lnL are the logarithms of the likelihood ratios of the window, for each size of a fault.
func (v view) lnL() (lnL [8]float64) {
	n, s := v.candidate, v.stable
	var at placed
	if n.quantiles != nil {
		at = n.quantiles.against(n.total, v.limit)
	}
	for k, m := range effects {
		switch {
		case v.check.Kind == Ratio:
			lnL[k] = LnRel(n.bad, n.total, s.bad, s.total, v.check.maxRatio(), m)
		case n.quantiles != nil:
			lnL[k] = at.lnL(m)
		default:
			lnL[k] = LnBin(n.bad, n.total, v.limit, m)
		}
	}
	return lnL
}

// lnFloor are the same against half of the limit, below which a candidate that is worse than stable harms nobody.
func (v view) lnFloor() (lnL [8]float64) {
	for k, m := range effects {
		lnL[k] = LnBin(v.candidate.bad, v.candidate.total, v.check.limit()/2, m)
	}
	return lnL
}
