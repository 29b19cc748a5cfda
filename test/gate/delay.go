package main

import (
	"fmt"

	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// held is a limit of seconds, and the design's own number.
type held struct {
	limit     float64
	reference string
}

// delay is how long a bad candidate with a fixed weight lives.
type delay struct {
	fails, rps  float64
	weight      int32
	median, p95 held
	// slowest is for the last one.
	slowest held
}

// delays by gate: with windows of 30 s, and of 10 s.
var delaysOf = map[string][]delay{
	"G6": {
		{fails: 0.05, rps: 20, weight: 10, median: held{120, "90 s"}, p95: held{180, "150 s"}},
		{fails: 0.02, rps: 20, weight: 10, median: held{360, "300 s"}, p95: held{720, "630 s"}},
		{fails: 0.05, rps: 1, weight: 10, median: held{1300, "1110 s"}, p95: held{3000, "2580 s"}},
		{fails: 0.5, rps: 20, weight: 5, p95: held{60, "60 s"}},
		{fails: 0.02, rps: 1000, weight: 5, p95: held{60, "60 s"}},
		{fails: 0.5, rps: 1000, weight: 5, slowest: held{30, "30 s"}},
	},
	"G7": {
		{fails: 0.05, rps: 20, weight: 10, median: held{90, "70 s"}, p95: held{160, "140 s"}},
		{fails: 0.5, rps: 20, weight: 5, p95: held{30, "20 s"}},
		{fails: 0.02, rps: 1000, weight: 5, p95: held{40, "40 s"}},
	},
}

// delays are G6 or G7: a bad candidate does not live long.
func delays(gate string, windowSeconds float64) (cells []cell) {
	until := clock{end: rollout.RolledBack, windowSeconds: windowSeconds}
	for _, d := range delaysOf[gate] {
		w := world.World{RPS: d.rps, Seconds: windowSeconds}
		c := cell{gate: gate, name: fmt.Sprintf("%.0f%% fail; weight %d%%, %.0f rps", 100*d.fails, d.weight, d.rps)}
		c.play = fixed(d.weight, w).to(world.Fails(d.fails)).play
		for _, m := range []measure{
			until.median(d.median.limit, d.median.reference),
			until.p95(d.p95.limit, d.p95.reference),
			until.slowest(d.slowest.limit, d.slowest.reference),
		} {
			if m.limit > 0 {
				c.measures = append(c.measures, m)
			}
		}
		cells = append(cells, c)
	}
	return cells
}
