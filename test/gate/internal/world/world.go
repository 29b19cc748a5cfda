package world

import (
	"math/rand/v2"

	"github.com/serin-dev/serin/analysis/judge"
)

// World is where a rollout takes place.
type World struct {
	// RPS is the number of requests per second that reach both versions together, on average.
	RPS float64
	// Seconds is the length of a window.
	Seconds float64
	// Candidate and Stable are how the two versions do; nil is Healthy.
	Candidate, Stable Behaviour
	// Quantiles says that the times of requests are known by quantiles, and not by the number of slow ones.
	Quantiles bool
}

// Moment is a window of a rollout.
type Moment struct {
	// Window counts the windows of the rollout, from 0.
	Window int
	// Weight is the candidate's share of the requests in percent, Next the one that it gets after this step.
	Weight, Next int32
}

// Window draws what is seen at a moment: requests arrive independently of each other, and each goes to the candidate with the
// probability of its weight.
func (w World) Window(source rand.Source, m Moment) judge.Window {
	requests, share := w.RPS*w.Seconds, float64(m.Weight)/100
	return judge.Window{
		Weight: m.Weight, Next: m.Next,
		Candidate: w.counts(source, w.Candidate.at(m), requests*share),
		Stable:    w.counts(source, w.Stable.at(m), requests*(1-share)),
	}
}

// counts draws what one version did in a window in which so many requests are expected.
func (w World) counts(source rand.Source, v Version, expected float64) judge.Counts {
	d := dice{source}
	counts := judge.Counts{Requests: d.poisson(expected)}
	if v.Burst > 0 {
		counts.Failures = min(counts.Requests, v.Burst*d.poisson(counts.Requests*v.Failing/v.Burst))
	} else {
		counts.Failures = d.binomial(counts.Requests, v.Failing)
	}
	if w.Quantiles {
		counts.Quantiles = v.quantiles(d, counts.Requests)
	} else {
		counts.Slow = d.binomial(counts.Requests, v.SlowShare())
	}
	return counts
}
