package main

import (
	"fmt"

	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// late is a candidate that begins to fail with a quarter of the requests.
func late(m world.Moment) world.Version {
	if m.Weight >= 25 {
		return world.Version{Failing: 0.05}
	}
	return world.Healthy(m)
}

// bad is G5: a candidate that breaks a limit is not promoted.
func bad() (cells []cell) {
	for _, c := range []struct {
		name      string
		candidate world.Behaviour
		limit     float64
		reference string
	}{
		{"2% fail", world.Fails(0.02), 0.005, "0.2%"},
		{"5% fail", world.Fails(0.05), 0.001, "0"},
		{"twice as slow", world.Slower(2), 0.001, "0"},
		{"5% fail from the 25% step on", late, 0.001, "0"},
	} {
		for _, rps := range []float64{1, 20, 1000} {
			play := ramp(traffic(rps)).to(c.candidate).play
			cells = append(cells, cell{"G5", fmt.Sprintf("%s; %.0f rps", c.name, rps), play, []measure{
				{what: "promoted although bad", in: rollouts, of: ended(rollout.Promoted), limit: c.limit, reference: c.reference},
			}})
		}
	}
	return cells
}

// harm is G8: few requests go to a bad candidate before it is rolled back.
func harm() (cells []cell) {
	for _, c := range []struct {
		fails, limit float64
		reference    string
	}{{0.02, 700, "597"}, {0.05, 150, "130"}, {0.1, 70, "56"}, {0.5, 25, "20"}, {1, 18, "14"}} {
		w := traffic(20)
		w.Seconds = 10
		play := ramp(w).to(world.Fails(c.fails)).play
		cells = append(cells, cell{"G8", fmt.Sprintf("%.0f%% fail; 20 rps, 10 s windows", 100*c.fails), play, []measure{
			{what: "candidate's requests until rolled back, mean", in: requests, of: meanRequests, limit: c.limit, reference: c.reference},
		}})
	}
	return cells
}

// slow is G9: requests that take twice as long are found on the way, by their number or by quantiles.
func slow() []cell {
	until := clock{end: rollout.RolledBack, windowSeconds: 30}
	counted := ramp(traffic(20)).to(world.Slower(2))
	quantiles := counted
	quantiles.world.Quantiles = true
	return []cell{
		{"G9", "twice as slow, counted; 20 rps", counted.play, []measure{until.median(150, "120 s"), until.p95(240, "180 s")}},
		{"G9", "twice as slow, known by quantiles; 20 rps", quantiles.play, []measure{until.median(180, "150 s"), until.p95(330, "270 s")}},
	}
}

// lateFault is G10: a fault that begins on the way is found as soon as one that was there from the first.
func lateFault() []cell {
	const onset = 2 // the third step is the one with a quarter
	until := clock{end: rollout.RolledBack, windowSeconds: 30, step: onset}
	before := rolledBack(0.005, "0")
	before.what += " before"
	before.of = count(func(o rollout.Outcome) bool { return o.End == rollout.RolledBack && len(o.Began) <= onset })
	return []cell{{"G10", "5% fail from the 25% step on; 20 rps", ramp(traffic(20)).to(late).play, []measure{
		until.median(90, "60 s"), until.p95(120, "90 s"), before,
	}}}
}

// healthyTime is G11: a healthy candidate is promoted as soon as its steps allow.
func healthyTime() (cells []cell) {
	until := clock{end: rollout.Promoted, windowSeconds: 30}
	for _, c := range []struct {
		name       string
		rps, limit float64
		reference  string
		whole      bool
	}{
		{"healthy", 20, 540, "480 s", false},
		{"healthy", 1000, 540, "480 s", false},
		{"healthy", 1, 4000, "3570 s", false},
		{"healthy, evidence of the whole rollout", 1, 2400, "2100 s", true},
	} {
		s := ramp(traffic(c.rps))
		s.config.WholeRollout = c.whole
		cells = append(cells, cell{"G11", fmt.Sprintf("%s; %.0f rps", c.name, c.rps), s.play, []measure{until.median(c.limit, c.reference)}})
	}
	return cells
}
