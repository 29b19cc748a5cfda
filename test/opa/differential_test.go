package opa

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/serin-dev/serin/policy"
)

const (
	// defaultCases is how many requests are decided twice; SERIN_OPA_CASES says another number.
	defaultCases = 100_000
	// batch is how many requests are put to each snapshot.
	batch = 100
)

// TestPolicyDecidesAsOpenPolicyAgentDoes decides random requests twice. Whether a request is allowed, and by which TrafficTarget
// first, must be the same. SERIN_OPA_SEED begins elsewhere: with the seed of a failure and SERIN_OPA_CASES=100 it comes back at once.
func TestPolicyDecidesAsOpenPolicyAgentDoes(t *testing.T) {
	cases, first := setting(t, "SERIN_OPA_CASES", defaultCases), setting(t, "SERIN_OPA_SEED", 1)
	if testing.Short() {
		cases = min(cases, 1000)
	}
	seeds := max(1, cases/batch)
	a := newAgent(t)
	tally := map[string]int{}
	for seed := first; seed < first+seeds; seed++ {
		w := newWorld(uint64(seed))
		s := w.snapshot()
		requests := make([]policy.Request, batch)
		for i := range requests {
			requests[i] = w.request(s)
		}
		a.load(t, s)
		graph := policy.Build(s)
		for i, names := range a.decide(t, requests) {
			r := requests[i]
			got, allowed, target := graph.Authorize(r), len(names) > 0, ""
			if allowed {
				target = r.Destination.Namespace + "/" + names[0]
			}
			if got.Allowed != allowed || got.Target != target {
				t.Fatalf("seed %d: %+v\nis decided as %+v,\nbut Open Policy Agent finds it allowed by %q of the targets %+v\nwith bindings %+v\nand groups %+v",
					seed, r, got, names, s.TrafficTargets, s.IdentityBindings, s.HTTPRouteGroups)
			}
			tally[fmt.Sprintf("%s, allowed %t", r.Protocol, allowed)]++
		}
	}
	t.Logf("seeds %d to %d: %d requests of %d snapshots: %v", first, first+seeds-1, seeds*batch, seeds, tally)
	share := float64(tally["HTTP, allowed true"]+tally["TCP, allowed true"]+tally["UDP, allowed true"]) / float64(seeds*batch)
	if share < 0.1 || share > 0.9 {
		t.Errorf("%.0f%% of the requests are allowed, so that one of the two answers is hardly tested", 100*share)
	}
}

func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	value, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s is %q, not a number", name, text)
	}
	return value
}
