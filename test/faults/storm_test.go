//go:build e2e

package faults

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestStormsOfAnswersHoldARolloutAtMost answers every second write, or every fourth request, in the API server's place, through a whole
// rollout that is promoted and one that is rolled back.
func TestStormsOfAnswersHoldARolloutAtMost(t *testing.T) {
	t.Parallel()
	seed := seed(t)
	storms := map[string]struct {
		of     func(*http.Request) bool
		oneIn  int // one in so many of those is answered like that
		answer refusal
	}{
		"409":                            {isWrite, 2, refusal{code: http.StatusConflict, reason: metav1.StatusReasonConflict}},
		"429":                            {notAWatch, 4, refusal{code: http.StatusTooManyRequests, reason: metav1.StatusReasonTooManyRequests, retryAfter: 1}},
		"the answers to writes are lost": {isWrite, 2, refusal{lose: true}},
	}
	for name, storm := range storms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			s.run()
			s.open(quick)
			var mu sync.Mutex
			random := rand.New(rand.NewPCG(seed, 0))
			s.gate.storm(func(r *http.Request) *refusal {
				mu.Lock()
				defer mu.Unlock()
				if storm.of(r) && random.IntN(storm.oneIn) == 0 {
					return &storm.answer
				}
				return nil
			})
			s.release("good:2")
			s.await(serves("good:2"))
			s.release("bad:3")
			s.await(rolledBack("bad:3"))
			c := s.await(both(rolledBack("bad:3"), settled))
			s.gate.storm(nil)

			t.Logf("the gate refused or lost %d requests", len(s.gate.refused()))
			if len(s.gate.refused()) == 0 {
				t.Error("there was no storm")
			}
			s.history(c, "Promoted good:2", "RolledBack bad:3 AnalysisFailed")
			s.tidy("v2")
			s.noneLost()
			s.lawful()
			s.toldOnce("v1 serves", "v2 is being tested", "v2 was promoted", "v3 is being tested", "v3 was rolled back")
		})
	}
}

// notAWatch is every request but a watch, a lease or an Event.
func notAWatch(r *http.Request) bool {
	return r.URL.Query().Get("watch") == "" && !strings.Contains(r.URL.Path, "/events")
}
