package main

import (
	"math"
	"math/rand/v2"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// peeks is how often the evidence at the boundary is looked at.
const peeks = 1000

// boundary is G2: the evidence against a candidate that is exactly at its limit reaches 100 with a probability of at most 1%,
// however often one looks. No guard, no other check and no decision helps.
func boundary() (cells []cell) {
	limit := world.Fails(0.01)
	drifting := func(m world.Moment) world.Version { return world.Version{Failing: drift(m.Window)} }
	ratio := func(m world.Moment) world.Version {
		return world.Version{Failing: judge.DefaultMaxRatio * drift(m.Window)}
	}
	slow := world.Slower(world.TimesFor(0.01))
	for _, c := range []struct {
		name              string
		kind              judge.Kind
		candidate, stable world.Behaviour
		quantiles         bool
	}{
		{"1% fail", judge.Failures, limit, nil, false},
		{"1.5 times stable's fail, which drift", judge.Ratio, ratio, drifting, false},
		{"1% slow, known by quantiles", judge.Slow, slow, nil, true},
	} {
		s := fixed(10, traffic(20)).to(c.candidate)
		s.world.Stable, s.world.Quantiles = c.stable, c.quantiles
		s.plan.Most = peeks
		s.config.Checks = []judge.Check{{Name: "only", Kind: c.kind, Limit: 0.01, MaxRatio: judge.DefaultMaxRatio}}
		play := func(_ int, source rand.Source) rollout.Outcome {
			return rollout.Play(&rollout.Raw{Config: s.config}, s.plan, s.world, source)
		}
		cells = append(cells, cell{"G2", c.name + "; 1000 looks", play, []measure{{
			what: "evidence reached 100", in: rollouts, of: ended(rollout.RolledBack),
			limit: 0.01, limitOf500: 11. / 500, reference: "<= 0.60%",
		}}})
	}
	return cells
}

// drift is the share of stable's requests that fail: up and down between 0.1 and 2% within 100 windows.
func drift(window int) float64 {
	const least, most = 0.001, 0.02
	return least + (most-least)*(1-math.Cos(2*math.Pi*float64(window)/100))/2
}
