package judge

import "math"

// SuspiciousOdds is the evidence at which a candidate gets no more traffic: three to one.
const SuspiciousOdds = 3

// Judge returns what one window leads to, and the state to remember for the next one. The old state is left as it is. What is
// remembered of checks that are not in c any more is dropped, and checks that are new begin with nothing seen. A window that is
// Unusable leaves the state unchanged.
func (c Config) Judge(s State, w Window) (State, Result) {
	c = c.sane()
	if name, bad := c.unusable(w); bad {
		silent := Window{Weight: w.Weight, Next: w.Next}
		_, r := c.look(c.memories(s.Memories), silent, s.Recent)
		r.Decision, r.Cause, r.Check = Hold, Unusable, name
		return s, r
	}
	next := c.begin(s, w)
	var r Result
	next.Memories, r = c.look(next.Memories, w, next.Recent)
	r.Decision, r.Cause, r.Check = c.decide(next, w, r)
	return next, r
}

// look lets every check learn from the window, in place, and reports what all of them know.
func (c Config) look(memories []Memory, w Window, recent []Window) ([]Memory, Result) {
	r := Result{Checks: make([]CheckResult, len(c.Checks))}
	sum, deciding := math.Inf(-1), 0
	for i, check := range c.Checks {
		v := c.view(check, w, recent)
		memories[i] = v.learn(c, memories[i])
		r.Checks[i] = v.report(c, memories[i])
		if check.DryRun {
			continue
		}
		deciding++
		sum = lnAdd(sum, r.Checks[i].LnE)
		r.Degraded = r.Degraded || v.limit > check.limit()
	}
	if deciding > 0 {
		r.LnE = sum - math.Log(float64(deciding))
	}
	return memories, r
}

// report says what a check knows after the window.
func (v view) report(c Config, m Memory) CheckResult {
	r := CheckResult{
		Name:     v.check.Name,
		Measured: v.measured(),
		LnE:      m.Null.LnE(),
		Limit:    v.limit,
		Bad:      m.Bad,
		Total:    m.Total,
		Upper:    Upper(m.Bad/c.Phi, m.Total/c.Phi, c.Beta),
		Bound:    v.bound,
	}
	if v.check.Kind == Ratio {
		r.LnE = min(r.LnE, m.Floor.LnE())
		return r
	}
	terms := lnGains(m.Bad, m.Total, v.bound)
	quantiles := m.Bound == v.bound && m.LnQ != [4]float64{}
	if quantiles {
		for i := range terms {
			terms[i] += m.LnQ[i]
		}
	}
	r.LnG = lnMean(tempered(terms, c.Phi))
	if v.bound < 1 {
		r.Needed = needed(terms, v.bound, c.Phi, c.Beta)
	}
	if quantiles { // they speak of one bound only
		r.Upper = 1
		if r.Needed == 0 {
			r.Upper = v.bound
		}
	}
	return r
}

// temper divides the exponents by the overdispersion and caps them: no window alone decides.
func (c Config) temper(lnL [8]float64) [8]float64 {
	most := -math.Log(c.Alpha)
	for k := range lnL {
		lnL[k] = min(most, lnL[k]/c.Phi)
	}
	return lnL
}
