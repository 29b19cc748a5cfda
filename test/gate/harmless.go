package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// rolledBack is how many rollouts are rolled back that should not be.
func rolledBack(limit float64, reference string) measure {
	return measure{what: "wrongly rolled back", in: rollouts, of: ended(rollout.RolledBack), limit: limit, reference: reference}
}

// healthy is G1: a candidate that keeps its limits is not rolled back.
func healthy() (cells []cell) {
	wrongly := rolledBack(0.005, "<= 0.05%")
	wrongly.limitOf500 = 0.01
	for _, fails := range []struct {
		name              string
		candidate, stable float64
	}{
		{"0.1% fail", 0.001, 0.001},
		{"0.5% fail, of stable's 0.1%", 0.005, 0.001},
		{"0.5% fail, of stable's as many", 0.005, 0.005},
	} {
		for _, rps := range []float64{1, 20, 1000} {
			s := ramp(traffic(rps)).to(world.Fails(fails.candidate))
			s.world.Stable = world.Fails(fails.stable)
			cells = append(cells, cell{"G1", fmt.Sprintf("%s; %.0f rps", fails.name, rps), s.play, []measure{wrongly}})
		}
	}
	return cells
}

// An outage of outageWindows windows, in which this share of the requests fails.
const (
	outageWindows = 10
	outageFails   = 0.05
)

// sharedOutage is G3: what befalls both versions is not the candidate's fault, and no time to promote it.
func sharedOutage() (cells []cell) {
	for _, c := range []struct {
		rps float64
		// windows are those of most healthy rollouts; the outage begins in each of them equally often.
		windows int
		// promoted is the limit of promotions. At 1 rps the first windows of an outage look like others.
		promoted float64
	}{{1, 120, math.Inf(1)}, {20, 16, 0}, {1000, 16, 0}} {
		s := ramp(traffic(c.rps))
		play := func(run int, source rand.Source) rollout.Outcome {
			began := run % c.windows
			s := s.to(outageFrom(began))
			s.world.Stable = s.world.Candidate
			o := s.play(run, source)
			if o.End == rollout.Promoted && o.Windows > began && o.Windows <= began+outageWindows {
				o.End = promotedInOutage
			}
			return o
		}
		cells = append(cells, cell{"G3", fmt.Sprintf("5%% of both versions fail for 5 min; %.0f rps", c.rps), play, []measure{
			rolledBack(0.01, "<= 0.3%"),
			{what: "promoted meanwhile", in: rollouts, of: ended(promotedInOutage), limit: c.promoted, reference: "0"},
		}})
	}
	return cells
}

// promotedInOutage is a promotion before the end of the outage.
const promotedInOutage rollout.End = "PromotedInOutage"

// outageFrom is a healthy version but for an outage that begins in a window.
func outageFrom(began int) world.Behaviour {
	return func(m world.Moment) world.Version {
		if m.Window >= began && m.Window < began+outageWindows {
			return world.Version{Failing: outageFails}
		}
		return world.Healthy(m)
	}
}

// bursts is G4: failures that come ten at a time prove nothing.
func bursts() (cells []cell) {
	tens := func(world.Moment) world.Version { return world.Version{Failing: world.HealthyFailing, Burst: 10} }
	for _, c := range []struct {
		rps, limit float64
		reference  string
	}{{1, math.Inf(1), "3.1%"}, {20, 0.01, "0.15%"}, {1000, 0.01, "0.05%"}} {
		s := ramp(traffic(c.rps)).to(tens)
		s.world.Stable = tens
		cells = append(cells, cell{"G4", fmt.Sprintf("0.1%% fail, ten at a time; %.0f rps", c.rps), s.play, []measure{
			rolledBack(c.limit, c.reference),
		}})
	}
	return cells
}
