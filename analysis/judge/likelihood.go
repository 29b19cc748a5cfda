package judge

import "math"

// effects are the odds multipliers m > 1 of the alternatives "worse than the limit", each with the same weight: from barely
// worse to broken, so that one of them is near whatever the truth is.
var effects = [8]float64{1.5, 2, 3, 5, 10, 30, 100, 1000}

// gains are the odds multipliers m < 1 of the alternatives "better than the bound".
var gains = [4]float64{0.5, 0.2, 0.05, 0.005}

// The logarithms of how many effects and gains there are: each has the same part of the prior.
const (
	lnEffectsCount = 3 * math.Ln2
	lnGainsCount   = 2 * math.Ln2
)

// LnBin returns the natural logarithm of the likelihood ratio of f bad ones among n: odds of a bad one that are m times those
// of p0, against p0 itself (0 < p0 <= 1, m > 0):
//
//	f ln m - n ln(1 + p0 (m-1))
//
// For m > 1 the expectation of the ratio is at most 1 as long as the mean probability of a bad one is at most p0, for m < 1 as
// long as it is at least p0. Fractions are allowed.
func LnBin(f, n, p0, m float64) float64 {
	return f*math.Log(m) - n*math.Log1p(p0*(m-1))
}

// LnRel returns the natural logarithm of the likelihood ratio of fc failures among nc requests of the candidate and fs among ns
// of stable, in the same window: of all failures, does the candidate have more than the share pi that it may have when its
// failures are rho times as frequent as stable's?
//
//	pi = rho nc / (rho nc + ns)
//	fc ln m - (fc+fs) ln(1 + pi (m-1))
//
// What befalls both versions alike cancels out. It is 0, which says nothing, where either had no requests or nothing failed.
func LnRel(fc, nc, fs, ns, rho, m float64) float64 { //nolint:revive // argument-limit: the formula has six numbers, and four of them are two pairs
	if nc == 0 || ns == 0 {
		return 0
	}
	pi := 1 / (1 + ns/(rho*nc)) // this way no product of large counts overflows
	return fc*math.Log(m) - (fc+fs)*math.Log1p(pi*(m-1))
}

// LnG returns the natural logarithm of the evidence that the share of bad ones is below b (0 < b <= 1), from f bad ones among
// n: the mean of the likelihood ratios with odds of 0.5, 0.2, 0.05 and 0.005 times those of b. It reaches ln(1/beta) with a
// probability of at most beta when the share is b or more, however often one looks. Phi (>= 1) divides the exponents where
// counts are overdispersed.
func LnG(f, n, b, phi float64) float64 {
	return lnMean(tempered(lnGains(f, n, b), phi))
}

// lnGains are the logarithms of the ratios whose mean LnG is.
func lnGains(f, n, b float64) (terms [4]float64) {
	for i, m := range gains {
		terms[i] = LnBin(f, n, b, m)
	}
	return terms
}

// tempered divides the exponents by the overdispersion: a power below 1 of a ratio still has an expectation of at most 1.
func tempered(terms [4]float64, phi float64) [4]float64 {
	for i := range terms {
		terms[i] /= phi
	}
	return terms
}

// lnMean is the logarithm of the mean of what the terms are logarithms of.
func lnMean(terms [4]float64) float64 {
	return lnSum(terms[:]) - lnGainsCount
}

// lnSum is the logarithm of the sum of what the terms are logarithms of; the greatest is set apart so that nothing overflows.
func lnSum(terms []float64) float64 {
	greatest := math.Inf(-1)
	for _, term := range terms {
		greatest = max(greatest, term)
	}
	if math.IsInf(greatest, -1) {
		return greatest
	}
	sum := 0.0
	for _, term := range terms {
		sum += math.Exp(term - greatest)
	}
	return greatest + math.Log(sum)
}

// lnAdd is lnSum of two.
func lnAdd(a, b float64) float64 {
	a, b = max(a, b), min(a, b)
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
