package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/serin-dev/serin/test/gate/internal/rollout"
)

// unit says how a number is written.
type unit int

const (
	// rollouts are counted, and the limit is a share of all.
	rollouts unit = iota
	seconds
	requests
	microseconds
	packages
)

// measure is a number that the outcomes of a cell have, and what it is held to.
type measure struct {
	what string
	in   unit
	of   func([]rollout.Outcome) float64
	// limit is the greatest value; limitOf500 is another one for at most 500 rollouts, where there is one.
	limit, limitOf500 float64
	// reference is what the design's simulation measured.
	reference string
}

// most is the greatest value for n rollouts.
func (m measure) most(n int) float64 {
	limit := m.limit
	if m.limitOf500 > 0 && n <= 500 {
		limit = m.limitOf500
	}
	if m.in == rollouts {
		return math.Floor(limit*float64(n) + 1e-9)
	}
	return limit
}

// write is a value with its unit.
func (u unit) write(value float64, n int) string {
	switch u {
	case rollouts:
		return fmt.Sprintf("%.0f of %d", value, n)
	case seconds:
		if math.IsInf(value, 1) {
			return "never"
		}
		return fmt.Sprintf("%.0f s", value)
	case microseconds:
		return fmt.Sprintf("%.1f us", value)
	case requests, packages:
	}
	return strconv.FormatFloat(value, 'f', 0, 64)
}

// count is the number of rollouts for which something holds.
func count(holds func(rollout.Outcome) bool) func([]rollout.Outcome) float64 {
	return func(outcomes []rollout.Outcome) float64 {
		sum := 0.0
		for _, o := range outcomes {
			if holds(o) {
				sum++
			}
		}
		return sum
	}
}

// ended counts the rollouts with an end.
func ended(end rollout.End) func([]rollout.Outcome) float64 {
	return count(func(o rollout.Outcome) bool { return o.End == end })
}

// clock measures how long rollouts with an end took, from the beginning of a step on.
type clock struct {
	end rollout.End
	// windowSeconds is the length of a window in seconds.
	windowSeconds float64
	step          int
}

// within is the time in which a share of the rollouts that reached the step came to the end; other ends take forever.
func (c clock) within(share float64) func([]rollout.Outcome) float64 {
	return func(outcomes []rollout.Outcome) float64 {
		var times []float64
		for _, o := range outcomes {
			switch {
			case len(o.Began) <= c.step:
			case o.End == c.end:
				times = append(times, float64(o.Windows-o.Began[c.step])*c.windowSeconds)
			default:
				times = append(times, math.Inf(1))
			}
		}
		return ranked(times, share)
	}
}

// median is what half of the rollouts keep.
func (c clock) median(limit float64, reference string) measure {
	return measure{what: "time until " + c.name() + ", median", in: seconds, of: c.within(0.5), limit: limit, reference: reference}
}

// p95 is what 95 of 100 rollouts keep.
func (c clock) p95(limit float64, reference string) measure {
	return measure{what: "time until " + c.name() + ", p95", in: seconds, of: c.within(0.95), limit: limit, reference: reference}
}

// slowest is what all rollouts keep.
func (c clock) slowest(limit float64, reference string) measure {
	return measure{what: "time until " + c.name() + ", the longest", in: seconds, of: c.within(1), limit: limit, reference: reference}
}

func (c clock) name() string {
	if c.end == rollout.Promoted {
		return "promoted"
	}
	return "rolled back"
}

// ranked is the least of the values that a share of them does not exceed.
func ranked(values []float64, share float64) float64 {
	if len(values) == 0 {
		return math.Inf(1)
	}
	slices.Sort(values)
	return values[int(math.Ceil(share*float64(len(values))))-1]
}

// meanRequests is the mean number of requests that the candidates got until they were rolled back.
func meanRequests(outcomes []rollout.Outcome) float64 {
	sum := 0.0
	for _, o := range outcomes {
		if o.End != rollout.RolledBack {
			return math.Inf(1)
		}
		sum += o.Requests
	}
	return sum / float64(len(outcomes))
}
