package judge

import "math"

// manyTrials is where the continued fraction gives way to the saddlepoint: near the mean it takes as many rounds as the root of
// the trials, while the saddlepoint's error has become less than a millionth.
const manyTrials = 3e5

// lnAtLeast is the logarithm of the probability that a binomial number of n trials is at least a; both are whole.
func lnAtLeast(n, a float64, o odds) float64 {
	switch {
	case a <= 0:
		return 0
	case a > n:
		return math.Inf(-1)
	case n > manyTrials:
		return lnAtLeastOfMany(n, a, o)
	case o.p < (a+1)/(n+3):
		return lnBeta(n, a, o)
	default: // the fraction converges fast on one side of the mean only, so take the other tail from 1
		return lnLess(0, lnBeta(n, n-a+1, o.not()))
	}
}

// lnBeta is lnAtLeast as the regularised incomplete beta function I_p(a, n-a+1), by its continued fraction
//
//	I_x(a,b) = x^a (1-x)^b / (a B(a,b)) * 1/(1+ d1/(1+ d2/(1+ ...)))
//	d(2k) = k (b-k) x / ((a+2k-1)(a+2k)),    d(2k+1) = -(a+k)(a+b+k) x / ((a+2k)(a+2k+1))
//
// (NIST Digital Library of Mathematical Functions, 8.17.22), which is walked forwards, keeping the ratios of successive
// numerators and of successive denominators (Lentz).
func lnBeta(n, a float64, o odds) float64 {
	b := n - a + 1
	value, upper, lower := 1.0, 1.0, 0.0
	for k := 0.0; k < 1e5; k++ {
		if k > 0 {
			d := k * (b - k) * o.p / ((a + 2*k - 1) * (a + 2*k))
			upper, lower = apart(1+d/upper), 1/apart(1+d*lower)
			value *= upper * lower
		}
		d := -(a + k) * (a + b + k) * o.p / ((a + 2*k) * (a + 2*k + 1))
		upper, lower = apart(1+d/upper), 1/apart(1+d*lower)
		value *= upper * lower
		if math.Abs(upper*lower-1) < 1e-15 {
			break
		}
	}
	// The factor in front of the fraction is the probability of exactly a, times 1-x.
	return lnChoose(n, a) + a*math.Log(o.p) + b*math.Log(o.q) - math.Log(value)
}

// apart keeps a divisor from being 0.
func apart(x float64) float64 {
	if math.Abs(x) < 1e-300 {
		return 1e-300
	}
	return x
}

// lnChoose is the logarithm of the number of ways to choose a of n.
func lnChoose(n, a float64) float64 {
	all, _ := math.Lgamma(n + 1)
	chosen, _ := math.Lgamma(a + 1)
	rest, _ := math.Lgamma(n - a + 1)
	return all - chosen - rest
}

// lnAtLeastOfMany is lnAtLeast by the saddlepoint approximation for lattices (Lugannani and Rice), for a far from 0 and from n:
//
//	P = Q(r) + phi(r) (1/u - 1/r)    r: the signed root of twice the deviance, u: the saddlepoint in standard deviations
//
// where Q and phi are the upper tail and the density of the normal distribution. Large terms that cancel are never formed.
func lnAtLeastOfMany(n, a float64, o odds) float64 {
	excess := a - n*o.p
	up, down := excess/(n*o.p), -excess/(n*o.q)
	deviance := n*o.p*((1+up)*math.Log1p(up)-up) + n*o.q*((1+down)*math.Log1p(down)-down)
	r := math.Copysign(math.Sqrt(2*max(0, deviance)), excess)
	u := -math.Expm1(math.Log1p(down)-math.Log1p(up)) * math.Sqrt(a*(n-a)/n)
	lnDensity := -r*r/2 - math.Log(2*math.Pi)/2
	switch {
	case math.Abs(r) < 1e-3: // the limit of 1/u - 1/r
		return math.Log(math.Erfc(r/math.Sqrt2)/2 + math.Exp(lnDensity)*(1+o.p)/(3*math.Sqrt(n*o.p*o.q)))
	case r < 30:
		return min(0, math.Log(math.Erfc(r/math.Sqrt2)/2+math.Exp(lnDensity)*(1/u-1/r)))
	default: // Q(r)/phi(r) - 1/r by its asymptotic series
		rr := r * r
		return lnDensity + math.Log(1/u-(1-(3-15/rr)/rr)/(rr*r))
	}
}
