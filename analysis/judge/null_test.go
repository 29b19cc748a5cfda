package judge

import (
	"fmt"
	"math"
	"testing"
)

// lnBinomial is the logarithm of the probability of exactly k of n.
func lnBinomial(n, k int, p float64) float64 {
	return lnChoose(float64(n), float64(k)) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p)
}

// atMostOne fails the test unless an expectation is at most 1, but for rounding.
func atMostOne(t *testing.T, mean float64) {
	t.Helper()
	if !(mean <= 1+1e-9) {
		t.Errorf("the expectation is %.12g", mean)
	}
}

// quantilesOf are quantiles of n requests of which k are slower than 200.
func quantilesOf(n, k int) Quantiles {
	at := func(part int) float64 {
		if k <= n/part {
			return 100
		}
		return 300
	}
	return Quantiles{Limit: 200, P50: at(2), P90: at(10), P99: at(100)}
}

func TestExpectationWithinTheLimitIsAtMostOne(t *testing.T) {
	for _, n := range []int{1, 5, 30, 120, 300} {
		for _, p0 := range []float64{0.001, 0.01, 0.05, 0.4} {
			for _, m := range effects {
				t.Run(fmt.Sprint(n, p0, m), func(t *testing.T) {
					for _, part := range []float64{0.3, 1} {
						var counts, quantiles float64
						for k := range n + 1 {
							chance := lnBinomial(n, k, part*p0)
							counts += math.Exp(chance + LnBin(float64(k), float64(n), p0, m))
							quantiles += math.Exp(chance + LnQuantiles(quantilesOf(n, k), float64(n), p0, m))
						}
						atMostOne(t, counts)
						// What is cut off at -20 counts for a little more than it is.
						atMostOne(t, quantiles-4*math.Exp(leastOfQuantiles))
					}
				})
			}
		}
	}
}

func TestExpectationAtTheBoundIsAtMostOne(t *testing.T) {
	for _, n := range []int{1, 30, 120} {
		for _, b := range []float64{0.01, 0.1, 0.5} {
			t.Run(fmt.Sprint(n, b), func(t *testing.T) {
				for _, part := range []float64{1, 1.5} {
					var counts, quantiles float64
					for k := range n + 1 {
						chance := lnBinomial(n, k, part*b)
						counts += math.Exp(chance + LnG(float64(k), float64(n), b, 1))
						for _, m := range gains {
							quantiles += math.Exp(chance+LnQuantiles(quantilesOf(n, k), float64(n), b, m)) / 4
						}
					}
					atMostOne(t, counts)
					atMostOne(t, quantiles-4*math.Exp(leastOfQuantiles))
				}
			})
		}
	}
}

func TestExpectationAgainstStableIsAtMostOne(t *testing.T) {
	for _, ps := range []float64{0.01, 0.05, 0.2} {
		t.Run(fmt.Sprint(ps), func(t *testing.T) {
			for _, m := range effects {
				for _, nc := range []int{5, 20} {
					const ns, rho = 60, 1.5
					mean := 0.0
					for fc := range nc + 1 {
						for fs := range ns + 1 {
							chance := lnBinomial(nc, fc, rho*ps) + lnBinomial(ns, fs, ps)
							mean += math.Exp(chance + LnRel(float64(fc), float64(nc), float64(fs), ns, rho, m))
						}
					}
					atMostOne(t, mean)
				}
			}
		})
	}
}

// TestEvidenceIsFair walks the tree of all counts of some windows of 3 requests at the limit: the mean evidence stays at most 1
// through mixtures and changes of weight.
func TestEvidenceIsFair(t *testing.T) {
	const limit = 0.2
	c := with(Check{Name: "slo", Kind: Failures, Limit: limit})
	c.Alpha = 1e-9 // so that no window is capped, and none is lost
	var walk func(s State, lnE float64, depth int) float64
	walk = func(s State, lnE float64, depth int) float64 {
		if depth == 5 {
			return math.Exp(lnE)
		}
		mean := 0.0
		for f := range 4 {
			weight := int32(5 + 5*(depth/2))
			next, r := c.Judge(s, Window{Weight: weight, Next: weight + 5, Candidate: Counts{Requests: 3, Failures: float64(f)}})
			mean += math.Exp(lnBinomial(3, f, limit)) * walk(next, r.LnE, depth+1)
		}
		return mean
	}
	mean := walk(State{}, 0, 0)
	atMostOne(t, mean)
	if mean < 1-1e-9 {
		t.Errorf("the expectation %v at the limit is below 1: something is lost", mean)
	}
}
