package world

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/serin-dev/serin/analysis/judge"
)

// means draws many windows and returns the mean and the variance of a number of each, and how far the mean may be off.
func means(draws int, number func(rand.Source) float64) (mean, variance, off float64) {
	var sum, squares float64
	for i := range draws {
		x := number(rand.NewPCG(1, uint64(i)))
		sum += x
		squares += x * x
	}
	n := float64(draws)
	mean = sum / n
	variance = squares/n - mean*mean
	return mean, variance, 4 * math.Sqrt(variance/n)
}

func TestCountsHaveTheirMeanAndVariance(t *testing.T) {
	bursts := func(Moment) Version { return Version{Failing: 0.001, Burst: 10} }
	at10 := Moment{Weight: 10, Next: 25}
	for name, c := range map[string]struct {
		world          World
		number         func(judge.Window) float64
		mean, variance float64
	}{
		"the candidate's requests at 1 rps":             {World{RPS: 1, Seconds: 30}, func(w judge.Window) float64 { return w.Candidate.Requests }, 3, 3},
		"the candidate's requests at 1000 rps":          {World{RPS: 1000, Seconds: 30}, func(w judge.Window) float64 { return w.Candidate.Requests }, 3000, 3000},
		"stable's requests":                             {World{RPS: 20, Seconds: 10}, func(w judge.Window) float64 { return w.Stable.Requests }, 180, 180},
		"few failures":                                  {World{RPS: 20, Seconds: 30}, func(w judge.Window) float64 { return w.Candidate.Failures }, 0.06, 0.06},
		"some failures":                                 {World{RPS: 20, Seconds: 30, Candidate: Fails(0.05)}, func(w judge.Window) float64 { return w.Candidate.Failures }, 3, 3},
		"many failures":                                 {World{RPS: 1000, Seconds: 30, Candidate: Fails(0.5)}, func(w judge.Window) float64 { return w.Candidate.Failures }, 1500, 1500},
		"nothing but failures":                          {World{RPS: 20, Seconds: 30, Candidate: Fails(1)}, func(w judge.Window) float64 { return w.Candidate.Requests - w.Candidate.Failures }, 0, 0},
		"failures in bursts":                            {World{RPS: 20, Seconds: 30, Stable: bursts}, func(w judge.Window) float64 { return w.Stable.Failures }, 0.54, 5.4},
		"slow requests of a healthy version":            {World{RPS: 1000, Seconds: 30}, func(w judge.Window) float64 { return w.Candidate.Slow }, 3000 * 0.0027786, 3000 * 0.0027786},
		"slow requests of one that takes twice as long": {World{RPS: 20, Seconds: 30, Candidate: Slower(2)}, func(w judge.Window) float64 { return w.Candidate.Slow }, 60 * 0.0828285, 60 * 0.0828285},
		"slow requests at the limit":                    {World{RPS: 20, Seconds: 30, Candidate: Slower(TimesFor(0.01))}, func(w judge.Window) float64 { return w.Candidate.Slow }, 0.6, 0.6},
	} {
		t.Run(name, func(t *testing.T) {
			mean, variance, off := means(20_000, func(source rand.Source) float64 { return c.number(c.world.Window(source, at10)) })
			if math.Abs(mean-c.mean) > off {
				t.Errorf("the mean is %.4g, want %.4g +- %.2g", mean, c.mean, off)
			}
			if math.Abs(variance-c.variance) > 0.12*c.variance {
				t.Errorf("the variance is %.4g, want %.4g", variance, c.variance)
			}
		})
	}
}

// Quantiles that are drawn at their ranks are above the limit as often as enough of all requests are slow.
func TestQuantilesAreThoseOfSortedTimes(t *testing.T) {
	slow := Slower(2)(Moment{})
	for name, c := range map[string]struct{ n, rankFromTop float64 }{
		"the slowest of 30":         {30, 1},
		"the second slowest of 150": {150, 2},
	} {
		t.Run(name, func(t *testing.T) {
			above, _, off := means(20_000, func(source rand.Source) float64 {
				if slow.quantiles(dice{source}, c.n).P99 > LimitMS {
					return 1
				}
				return 0
			})
			want, _, offToo := means(20_000, func(source rand.Source) float64 {
				if (dice{source}).binomial(c.n, slow.SlowShare()) >= c.rankFromTop {
					return 1
				}
				return 0
			})
			if math.Abs(above-want) > off+offToo {
				t.Errorf("p99 is above the limit in %.4f of the draws, want %.4f", above, want)
			}
			median, _, off := means(20_000, func(source rand.Source) float64 {
				return math.Log(slow.quantiles(dice{source}, c.n).P50)
			})
			if want := math.Log(2 * medianMS); math.Abs(median-want) > off+2*spread/c.n {
				t.Errorf("the median's logarithm is %.4f on average, want about %.4f", median, want)
			}
		})
	}
}

func TestOneRequestHasThreeEqualQuantiles(t *testing.T) {
	q := Healthy(Moment{}).quantiles(dice{rand.NewPCG(1, 1)}, 1)
	if q.P50 != q.P99 || q.P90 != q.P99 || q.P99 <= 0 {
		t.Errorf("got %+v", q)
	}
	if q := Healthy(Moment{}).quantiles(dice{rand.NewPCG(1, 1)}, 0); q != nil {
		t.Errorf("quantiles of no request: %+v", q)
	}
}
