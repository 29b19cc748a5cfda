package proxy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestDrawsFollowTheWeights draws with a fixed seed and allows four standard deviations, which a right drawer exceeds once in
// 16,000 seeds.
func TestDrawsFollowTheWeights(t *testing.T) {
	const draws = 200_000
	tests := map[string]map[string]int64{
		"5 to 95":          {"a": 95, "b": 5},
		"one in a million": {"a": 999_999, "b": 1},
		"thirds":           {"a": 1, "b": 1, "c": 1},
		"one alone":        {"a": 7},
	}
	for name, weights := range tests {
		t.Run(name, func(t *testing.T) {
			draw := rand.New(rand.NewPCG(1, 2)).Int64N
			var w wheel
			for backend, weight := range weights {
				w.add(&version{backend: backend, weight: weight})
			}
			counts := map[string]int64{}
			for range draws {
				counts[w.spin(draw).backend]++
			}
			for backend, weight := range weights {
				share := float64(weight) / float64(w.total())
				tolerance := 4 * math.Sqrt(draws*share*(1-share))
				if off := math.Abs(float64(counts[backend]) - draws*share); off > tolerance {
					t.Errorf("%s was drawn %d times of %d, %.0f off, tolerance %.0f", backend, counts[backend], draws, off, tolerance)
				}
			}
		})
	}
}

func TestAnEmptyWheelDrawsNothing(t *testing.T) {
	var w wheel
	if v := w.spin(rand.Int64N); v != nil {
		t.Errorf("drew %v", v)
	}
	v := &version{backend: "a", weight: 1}
	w.add(v)
	if rest := w.without(v); rest.spin(rand.Int64N) != nil {
		t.Error("the only version is still there")
	}
}

func TestTheLessBusyEndpointIsPicked(t *testing.T) {
	now := time.Unix(1000, 0)
	draw := rand.New(rand.NewPCG(3, 4)).Int64N
	idle, busy := &endpoint{state: &endpointState{}}, &endpoint{state: &endpointState{}}
	busy.state.inFlight.Store(5)
	v := &version{endpoints: []*endpoint{busy, idle}}
	for range 100 {
		if v.pick(draw, now, nil) != idle {
			t.Fatal("the busy one was picked")
		}
	}
	if got := v.pick(draw, now, []*endpoint{idle}); got != busy {
		t.Error("the other one was not picked after the first was tried")
	}
	if got := v.pick(draw, now, []*endpoint{idle, busy}); got != nil {
		t.Error("one was picked although all were tried")
	}
	idle.state.cool(now)
	if got := v.pick(draw, now, nil); got != busy {
		t.Error("an endpoint that could not be dialled was picked while there was another")
	}
	busy.state.cool(now)
	if got := v.pick(draw, now, nil); got == nil {
		t.Error("nothing was picked although endpoints are there")
	}
	if got := v.pick(draw, now.Add(coolDown), nil); got != idle {
		t.Error("an endpoint was passed over for longer than its time")
	}
}

func TestEndpointsOfAVersionShareEvenly(t *testing.T) {
	const draws = 90_000
	draw := rand.New(rand.NewPCG(5, 6)).Int64N
	v := &version{}
	counts := map[*endpoint]int{}
	for range 3 {
		v.endpoints = append(v.endpoints, &endpoint{state: &endpointState{}})
	}
	for range draws {
		counts[v.pick(draw, time.Unix(0, 0), nil)]++
	}
	for _, e := range v.endpoints {
		if off := math.Abs(float64(counts[e]) - draws/3); off > 4*math.Sqrt(draws*2/9.) {
			t.Errorf("an endpoint got %d of %d", counts[e], draws)
		}
	}
}
