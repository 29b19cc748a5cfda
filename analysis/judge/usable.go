package judge

// Counts beyond mostTotal are not of requests. Bad ones may exceed all by the part slack: fractions are rounded.
const (
	mostTotal = 1e15
	slack     = 1e-9
)

// unusable says whether the window cannot be, and the name of the check that it is about if that is one. Checks that are dry
// runs have no say: what they cannot use counts as not seen.
func (c Config) unusable(w Window) (check string, bad bool) {
	if !w.Candidate.usable() || !w.Stable.usable() {
		return "", true
	}
	for _, check := range c.Checks {
		if check.DryRun || check.ofRequests() {
			continue
		}
		if pair, ok := w.Others[check.Name]; ok && !pair.usable() {
			return check.Name, true
		}
	}
	return "", false
}

// usable says whether the counts can be. Slow ones and quantiles matter only where they are what is known.
func (n Counts) usable() bool {
	if !(Part{n.Failures, n.Requests}).usable() {
		return false
	}
	switch {
	case n.Unmeasured:
		return true
	case n.Quantiles != nil:
		return n.Requests == 0 || n.Quantiles.usable()
	default:
		return Part{n.Slow, n.Requests}.usable()
	}
}

// usable says whether the quantiles can be: no NaN, none negative or infinite, in their order.
func (q Quantiles) usable() bool {
	const most = 1e300
	return q.Limit >= 0 && q.Limit <= most && q.P50 >= 0 && q.P50 <= q.P90 && q.P90 <= q.P99 && q.P99 <= most
}

// usable says whether both parts can be.
func (p Pair) usable() bool { return p.Candidate.usable() && p.Stable.usable() }

// usable says whether the numbers can be; no comparison with NaN holds.
func (p Part) usable() bool {
	return p.Bad >= 0 && p.Total >= 0 && p.Total <= mostTotal && p.Bad <= p.Total*(1+slack)
}
