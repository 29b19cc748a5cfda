package judge

import "math"

// mostOfQuantiles and leastOfQuantiles bound what the quantiles of one window may say.
const (
	leastOfQuantiles = -20
	mostOfQuantiles  = 4.605170185988092 // ln 100
)

// LnQuantiles returns the natural logarithm of the likelihood ratio of quantiles: where 50, 90 and 99 of 100 requests are
// relative to the limit says between which two numbers the slow ones among n are, and the ratio is that of the probabilities of
// this interval with odds of m times those of q0 and with q0 itself (0 < q0 < 1, m > 0):
//
//	ln P(K in I | n, theta) - ln P(K in I | n, q0)    with theta = q0 m / (1 + q0 (m-1))
//
// The order of outcomes survives their coarsening, so the expectation of the ratio is at most 1 for m > 1 as long as a request
// is slow with probability q0 at most, for m < 1 as long as it is so at least. It is 0 where the interval is empty, which
// happens with few requests, and between -20 and ln 100 always. N is taken as a whole number.
func LnQuantiles(q Quantiles, n, q0, m float64) float64 {
	return q.against(n, q0).lnL(m)
}

// placed are quantiles of n requests as the interval that the number of slow ones is in, and what it is compared with.
type placed struct {
	n, low, high float64
	null         odds
	// lnNull is the logarithm of the interval's probability with these odds, +Inf where the interval says nothing.
	lnNull float64
}

// against places quantiles of n requests against a probability.
func (q Quantiles) against(n, q0 float64) placed {
	n = math.Round(n)
	low, high := slowBetween(q, n)
	p := placed{n: n, low: low, high: high, null: odds{q0, 1 - q0}, lnNull: math.Inf(1)}
	if n >= 1 && low <= high && q0 > 0 && q0 < 1 {
		p.lnNull = lnBetween(n, low, high, p.null)
	}
	return p
}

// lnL is the logarithm of the likelihood ratio with odds of m times those that it is placed against.
func (p placed) lnL(m float64) float64 {
	if math.IsInf(p.lnNull, 0) {
		return 0
	}
	scale := 1 + p.null.p*(m-1)
	ratio := lnBetween(p.n, p.low, p.high, odds{p.null.p * m / scale, p.null.q / scale}) - p.lnNull
	return min(mostOfQuantiles, max(leastOfQuantiles, ratio))
}

// slowBetween returns the least and the greatest number of slow ones among n that agree with the quantiles.
func slowBetween(q Quantiles, n float64) (low, high float64) {
	of99, of90, of50 := math.Floor(n/100), math.Floor(n/10), math.Floor(n/2)
	switch {
	case q.P99 <= q.Limit:
		return 0, of99
	case q.P90 <= q.Limit:
		return of99 + 1, of90
	case q.P50 <= q.Limit:
		return of90 + 1, of50
	default:
		return of50 + 1, n
	}
}

// odds are a probability and its complement. Both are kept, because 1-p forgets the digits of a small p.
type odds struct{ p, q float64 }

// not is the complement.
func (o odds) not() odds { return odds{o.q, o.p} }

// lnBetween is the logarithm of the probability that a binomial number of n trials is at least low and at most high. It adds or
// subtracts those tails that are small, so that no digits are lost.
func lnBetween(n, low, high float64, o odds) float64 {
	switch mean := n * o.p; {
	case mean < low:
		return lnLess(lnAtLeast(n, low, o), lnAtLeast(n, high+1, o))
	case mean > high:
		return lnLess(lnAtLeast(n, n-high, o.not()), lnAtLeast(n, n-low+1, o.not()))
	default:
		return lnLess(0, lnAdd(lnAtLeast(n, high+1, o), lnAtLeast(n, n-low+1, o.not())))
	}
}

// lnLess is the logarithm of a difference of what a and b are logarithms of, a >= b.
func lnLess(a, b float64) float64 {
	if b >= a {
		return math.Inf(-1)
	}
	return a + math.Log1p(-math.Exp(b-a))
}
