//go:build e2e

package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kills is how often the controller of each of the shops is killed, so that it is killed 51 times in all.
const (
	shops = 3
	kills = 17
)

// seed is that of all random moments.
func seed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SERIN_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		must(t, err)
		seed = given
	}
	t.Logf("SERIN_SEED=%d", seed)
	return seed
}

// TestControllerKilledBetweenAnyTwoWrites adopts, promotes, rolls back, takes back and deletes, while the controller is killed
// right before or right after one of its next writes, again and again.
func TestControllerKilledBetweenAnyTwoWrites(t *testing.T) {
	t.Parallel()
	seed := seed(t)
	for n := range shops {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			t.Parallel()
			s := openShop(t)
			killed := make(chan struct{})
			controller := s.run()
			go func() {
				defer close(killed)
				killAtWrites(s, controller, rand.New(rand.NewPCG(seed, uint64(n))))
			}()
			s.release("good:1")
			cycles := 0
			for done := false; !done && !t.Failed(); cycles++ {
				cycle(s, cycles)
				select {
				case <-killed:
					done = true
				default:
				}
			}
			t.Logf("%d times through everything, %d writes", cycles, s.gate.written())
			s.noneLost()
			s.lawful()
		})
	}
}

// killAtWrites kills the controller at random writes and starts it again at once.
func killAtWrites(s *shop, controller *process, random *rand.Rand) {
	for i := range kills {
		when := moment(random.IntN(2))
		sprung := s.gate.set(1+random.IntN(7), when, controller.kill)
		select {
		case where := <-sprung:
			s.t.Logf("kill %d of %d %s", i+1, kills, where)
		case <-s.t.Context().Done():
			s.gate.lift()
			return
		}
		if err := controller.start(); err != nil {
			s.t.Error(err)
			return
		}
	}
}

// cycle goes through all that can become of a Canary, from the adoption of a good image to the deletion with another one.
func cycle(s *shop, n int) {
	t := s.t
	first, second, bad := fmt.Sprintf("good:%d", n+1), fmt.Sprintf("good:%d", n+2), fmt.Sprintf("bad:%d", n+2)
	before := len(s.slack.Messages())
	s.canary(quick)
	s.await(serves(first))
	if n == 0 {
		s.call()
	}
	s.release(second)
	s.await(serves(second))
	s.release(bad)
	s.await(rolledBack(bad))
	s.release(second)
	c := s.await(both(serves(second), settled))
	s.history(c, "Promoted "+second, "RolledBack "+bad+" AnalysisFailed")
	s.tidy("v2")
	s.toldSince(before, "v1 serves", "v2 is being tested", "v2 was promoted", "v3 is being tested", "v3 was rolled back", "v2 was taken back")
	must(t, s.user.Delete(t.Context(), &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "shop"}}))
	s.restored(second)
}
