package judge

import "math"

// Defaults of a Config and of its checks.
const (
	// DefaultAlpha is how likely a candidate that keeps its limits may be rolled back.
	DefaultAlpha = 0.01
	// DefaultBeta is how likely a candidate as bad as its bound may leave a step.
	DefaultBeta = 0.05
	// DefaultPhi is the overdispersion of independent requests.
	DefaultPhi = 1.0
	// DefaultMaxRatio is how many times stable's share of failures the candidate's may be.
	DefaultMaxRatio = 1.5
)

// Defaults returns a Config with the default Alpha, Beta and Phi, without checks and without a dwell.
func Defaults() Config {
	return Config{Alpha: DefaultAlpha, Beta: DefaultBeta, Phi: DefaultPhi}
}

// sane replaces what cannot be by its default: probabilities outside (0,1), and an overdispersion below 1.
func (c Config) sane() Config {
	if !(c.Alpha > 1e-300 && c.Alpha < 1) {
		c.Alpha = DefaultAlpha
	}
	if !(c.Beta > 1e-300 && c.Beta < 1) {
		c.Beta = DefaultBeta
	}
	if !(c.Phi >= 1) || math.IsInf(c.Phi, 1) {
		c.Phi = DefaultPhi
	}
	return c
}

// ofRequests says whether the check is answered by the counts of requests rather than by an observation of its own.
func (k Check) ofRequests() bool {
	return k.Kind == Failures || k.Kind == Ratio || k.Kind == Slow
}

// limit is the largest share that is allowed, as something that can be computed with. One that is no number counts as the
// smallest; with 1 nothing can be broken.
func (k Check) limit() float64 {
	if !(k.Limit > leastShare) {
		return leastShare
	}
	return min(1, k.Limit)
}

// maxRatio is the largest ratio to stable's share that is allowed.
func (k Check) maxRatio() float64 {
	if !(k.MaxRatio > 0) || math.IsInf(k.MaxRatio, 1) {
		return DefaultMaxRatio
	}
	return k.MaxRatio
}

// Bound returns the share of bad ones that must be ruled out before the candidate gets the weight next, in percent: twice the
// limit, or more while so few requests go to it that it cannot spend more than the budget of failures, but half at most. A next
// weight that is none counts as 100. For a Gauge, whose looks are few, it is half. A Ratio has none: 0.
//
// Half would be at or below a limit that is nearly half or more, and then could never be ruled out by a candidate that keeps
// the limit. So above a limit of a quarter the most that is asked for grows with the limit, up to 1 for a limit of 1, which is
// nothing to be ruled out at all.
func (c Config) Bound(check Check, next int32) float64 {
	limit := check.limit()
	most := max(0.5, (1+2*limit)/3)
	if next < 1 || next > 100 {
		next = 100
	}
	switch check.Kind {
	case Ratio:
		return 0
	case Gauge:
		return most
	case Slow:
		return min(most, max(2*limit, c.budget(limit)*100/float64(next)))
	case Failures, Share:
	}
	return min(most, max(2*limit, limit*100/float64(next)))
}

// budget is the share of all requests that may fail: the limit of the check of failures that decides, if there is one.
func (c Config) budget(otherwise float64) float64 {
	for _, check := range c.Checks {
		if check.Kind == Failures && !check.DryRun {
			return check.limit()
		}
	}
	return otherwise
}
