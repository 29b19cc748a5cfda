package main

import (
	"hash/fnv"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// cell is one kind of rollouts, and what is measured of them.
type cell struct {
	gate, name string
	// play is one of the rollouts.
	play     func(run int, source rand.Source) rollout.Outcome
	measures []measure
}

// run plays n rollouts on all processors.
func (c cell) run(n int) []rollout.Outcome {
	outcomes := make([]rollout.Outcome, n)
	seed := fnv.New64a()
	seed.Write([]byte(c.gate + " " + c.name))
	var next atomic.Int64
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for run := int(next.Add(1)) - 1; run < n; run = int(next.Add(1)) - 1 {
				outcomes[run] = c.play(run, rand.NewPCG(seed.Sum64(), uint64(run)))
			}
		})
	}
	all.Wait()
	return outcomes
}

// setting is a world, the way of a rollout through it, and what the judge is told.
type setting struct {
	world  world.World
	plan   rollout.Plan
	config judge.Config
}

// The way of every rollout, in seconds at a step: the least, which is 4 windows of 30 s, and the most.
const (
	dwell    = 120
	patience = 4 * 3600
)

// traffic is so many requests per second to two healthy versions, in windows of 30 s.
func traffic(rps float64) world.World { return world.World{RPS: rps, Seconds: 30} }

// to is traffic to a candidate that does not do as a healthy one.
func (s setting) to(candidate world.Behaviour) setting {
	s.world.Candidate = candidate
	return s
}

// ramp is a rollout by 5, 10, 25 and 50%.
func ramp(w world.World) setting { return way(w, rollout.Plan{Steps: []int32{5, 10, 25, 50}}) }

// fixed is a candidate that keeps a weight, until it is rolled back.
func fixed(weight int32, w world.World) setting {
	return way(w, rollout.Plan{Steps: []int32{weight}, Stays: true})
}

func way(w world.World, p rollout.Plan) setting {
	p.Most = int(patience / w.Seconds)
	config := judge.Defaults()
	config.Dwell = int(dwell / w.Seconds)
	config.Checks = []judge.Check{
		{Name: "failures", Kind: judge.Failures, Limit: 0.01},
		{Name: "ratio", Kind: judge.Ratio, Limit: 0.01, MaxRatio: judge.DefaultMaxRatio},
		{Name: "slow", Kind: judge.Slow, Limit: 0.01},
	}
	return setting{world: w, plan: p, config: config}
}

// play lets the judge lead one rollout.
func (s setting) play(_ int, source rand.Source) rollout.Outcome {
	return rollout.Play(&rollout.Evidence{Config: s.config}, s.plan, s.world, source)
}
