package judge

import "math"

// leastShare is the smallest share that a limit or a bound is taken for: below it nobody counts far enough to tell.
const leastShare = 1e-6

// Upper returns the share of bad ones that f bad ones among n rule out: the least b with LnG(f, n, b, 1) >= ln(1/beta), to
// about 12 digits. The true share is below it with probability 1-beta, whenever one looks. It is 1 when nothing is ruled out.
// For overdispersed counts divide f and n by phi.
func Upper(f, n, beta float64) float64 {
	target := -math.Log(beta)
	if !(n > 0) || !(LnG(f, n, 1, 1) > target) {
		return 1
	}
	// Without any bad one the answer is near (target+1)/n; with some it is further above f/n.
	guess := (f + 2*math.Sqrt(f) + target + 1) / n
	return rise(min(1, guess), 1, func(b float64) (value, slope float64) {
		terms := lnGains(f, n, b)
		sum := lnSum(terms[:])
		for i, m := range gains {
			slope += math.Exp(terms[i]-sum) * n * (1 - m) / (1 - b*(1-m))
		}
		return sum - lnGainsCount - target, slope
	})
}

// Needed returns how many more good ones it takes, as a whole number, until LnG with f bad ones among n rules out b (0 < b <= 1)
// with overdispersion phi: until it reaches ln(1/beta). It is 0 when it has.
func Needed(f, n, b, phi, beta float64) float64 {
	return needed(lnGains(f, n, b), b, phi, beta)
}

// needed is Needed from the exponents that were gathered, of counts or of quantiles.
func needed(terms [4]float64, b, phi, beta float64) float64 {
	target := -math.Log(beta)
	if lnMean(tempered(terms, phi)) >= target {
		return 0
	}
	var each [4]float64 // what one more good one adds to each exponent
	for i, m := range gains {
		each[i] = -math.Log1p(max(b, leastShare) * (m - 1))
	}
	after := func(more float64) (value, slope float64) {
		then := terms
		for i := range then {
			then[i] += more * each[i]
		}
		then = tempered(then, phi)
		sum := lnSum(then[:])
		for i := range then {
			slope += math.Exp(then[i]-sum) * each[i] / phi
		}
		return sum - lnGainsCount - target, slope
	}
	whole := math.Ceil(rise(0, math.Inf(1), after) * (1 - 1e-12))
	if value, _ := after(whole); value < 0 {
		whole++
	}
	return max(1, whole)
}

// rise returns where an increasing convex function reaches 0, above 0 and below most, by Newton's method from x: one step from
// the left lands at the right of the answer, and from the right every step comes nearer without passing it. Both functions above
// are logarithms of sums of exponentials of convex functions, hence convex.
func rise(x, most float64, fn func(float64) (value, slope float64)) float64 {
	for range 100 {
		value, slope := fn(x)
		next := min(most, x-value/slope)
		if !(next > 0) || math.IsInf(next, 1) {
			return x
		}
		if math.Abs(next-x) <= 1e-13*next {
			return next
		}
		x = next
	}
	return x
}
