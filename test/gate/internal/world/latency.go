package world

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/serin-dev/serin/analysis/judge"
)

// The times that requests of a healthy version take are lognormal with the median medianMS and the shape spread. 1 in 360 takes
// longer than LimitMS, four medians, which is what 1 in 100 may. Of a version that takes twice as long 1 in 12 does.
const (
	medianMS = 50
	spread   = 0.5
	// LimitMS is the time that 99 of 100 requests must keep, in milliseconds.
	LimitMS = 200
)

var healthyTime = distuv.LogNormal{Mu: math.Log(medianMS), Sigma: spread}

// SlowShare is the share of requests that take longer than LimitMS.
func (v Version) SlowShare() float64 { return healthyTime.Survival(LimitMS / v.slower()) }

// TimesFor is how many times as long requests must take so that this share of them takes longer than LimitMS.
func TimesFor(slowShare float64) float64 { return LimitMS / healthyTime.Quantile(1-slowShare) }

// quantiles draws those of the times of n requests: the times at three ranks when all are sorted, such that at least 50, 90 and
// 99 of 100 are not above them. The others need not be drawn, since of sorted uniform numbers the ones below a given rank are
// again uniform below its number.
func (v Version) quantiles(d dice, n float64) *judge.Quantiles {
	if n == 0 {
		return nil
	}
	rank50, rank90, rank99 := n-math.Floor(n/2), n-math.Floor(n/10), n-math.Floor(n/100)
	at99 := d.ranked(rank99, n)
	at90 := at99 * d.below(rank90, rank99)
	at50 := at90 * d.below(rank50, rank90)
	time := func(uniform float64) float64 { return v.slower() * healthyTime.Quantile(uniform) }
	return &judge.Quantiles{Limit: LimitMS, P50: time(at50), P90: time(at90), P99: time(at99)}
}
