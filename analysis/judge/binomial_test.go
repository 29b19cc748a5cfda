package judge

import (
	"fmt"
	"math"
	"testing"
)

// counted is the probability of low to high of n by adding up.
func counted(n, low, high int, p float64) (sum float64) {
	for k := low; k <= high; k++ {
		sum += math.Exp(lnBinomial(n, k, p))
	}
	return sum
}

func TestBinomialTailsAddUp(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 30, 99, 300} {
		for _, p := range []float64{1e-4, 0.01, 0.05, 0.3, 0.5, 0.9, 0.999} {
			for low := 0; low <= n; low += 1 + n/13 {
				for high := low; high <= n; high += 1 + n/11 {
					got, want := lnBetween(float64(n), float64(low), float64(high), odds{p, 1 - p}), math.Log(counted(n, low, high, p))
					if want > -600 && math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) {
						t.Errorf("ln P(%d <= K <= %d of %d, p=%v) = %.12g, want %.12g", low, high, n, p, got, want)
					}
				}
			}
		}
	}
}

func TestManyTrialsAgreeWithFewer(t *testing.T) {
	const n = manyTrials
	for _, p := range []float64{0.01, 0.1, 0.5, 0.9} {
		for _, z := range []float64{-30, -8, -3, -1, -0.1, 0, 1e-3, 0.1, 1, 3, 5.9, 8, 29, 31, 60} {
			t.Run(fmt.Sprint(p, z), func(t *testing.T) {
				a, o := math.Round(n*p+z*math.Sqrt(n*p*(1-p))), odds{p, 1 - p}
				got, want := lnAtLeastOfMany(n, a, o), lnAtLeast(n, a, o)
				if math.Abs(got-want) > 1e-6*max(1, math.Abs(want)) {
					t.Errorf("ln P(K >= %v) = %.12g, want %.12g", a, got, want)
				}
			})
		}
	}
}
