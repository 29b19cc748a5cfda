package judge

import "math"

// Mixture is the state of one e-process against "the share of bad ones is at most the limit": likelihood ratios for eight sizes
// of a fault, each mixed over the windows at which the fault may have begun. The zero value has seen nothing.
type Mixture struct {
	// R is the part of the prior that has not been put on any beginning yet, from 1 downwards. It counts as 1 while T is 0.
	R float64
	// T is the number of windows that were added.
	T int
	// LnM are the natural logarithms of the evidence for each size of a fault, odds of 1.5, 2, 3, 5, 10, 30, 100 and 1000 times
	// those of the limit, weighted with the prior of the beginnings so far. They count as -Inf while T is 0.
	LnM [8]float64
}

// hazard is the part of the remaining prior that a window gets for being the one at which a fault begins: half for the first of
// a rollout and a quarter for the first at a weight, since a change is when faults begin, and else what keeps the sum of many
// windows from using it up. T counts the window; seen are those before it at the same weight.
func hazard(t, seen int) float64 {
	switch {
	case t <= 1:
		return 0.5
	case seen == 0:
		return 0.25
	default:
		return 1 / float64(t+8)
	}
}

// Add returns the state after one more window with the given logarithms of likelihood ratios, one for each size of a fault.
// Hazard is the part of the remaining prior, between 0 and 1, that is put on a fault that begins with this window.
func (x Mixture) Add(hazard float64, lnL [8]float64) Mixture {
	if x.T == 0 {
		x = empty()
	}
	begins := x.R * hazard
	x.R -= begins
	x.T++
	lnBegins := math.Log(begins)
	for k := range x.LnM {
		x.LnM[k] = lnAdd(x.LnM[k], lnBegins) + lnL[k]
	}
	return x
}

// LnE returns the natural logarithm of the evidence: 0 when nothing was seen. As long as the limit is kept, its exponential has
// an expectation of at most 1 after any number of windows.
func (x Mixture) LnE() float64 {
	if x.T == 0 {
		return 0
	}
	return lnAdd(math.Log(x.R), lnSum(x.LnM[:])-lnEffectsCount)
}

// empty is the zero value written out.
func empty() Mixture {
	x := Mixture{R: 1}
	for k := range x.LnM {
		x.LnM[k] = math.Inf(-1)
	}
	return x
}
