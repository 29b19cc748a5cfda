package story

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// kills is how often the controller is killed.
const kills = 20

// TestChaosKilledControllerChangesNoOutcome tells the story of the demo while the controller is killed at random moments.
// SERIN_SEED repeats the moments of an earlier run as well as a clock can.
func TestChaosKilledControllerChangesNoOutcome(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SERIN_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("SERIN_SEED: %v", err)
		}
		seed = given
	}
	t.Logf("SERIN_SEED=%d", seed)
	world := startWorld(t)

	killed := make(chan error, 1)
	go func() { killed <- killAgainAndAgain(t.Context(), t, world.Controller, seed) }()
	report, err := Tell(t.Context(), world, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	for _, sentence := range report.Wrong() {
		t.Error(sentence)
	}
	for _, example := range report.Examples {
		t.Logf("failed during %s: %s", example.Chapter, example.Text)
	}
	for _, release := range report.Releases {
		t.Logf("%s %s in %.1fs: %d requests, %d failed by it, %d failed by Serin", release.Release.Name, release.Got,
			release.Took.Seconds(), release.Sent, release.FailedByRelease, release.FailedBySerin)
	}
}

// killAgainAndAgain kills the controller at random moments, from right after its start to well into its work, and starts it
// again at once. It returns after the last start, when the controller is left alone.
func killAgainAndAgain(ctx context.Context, t *testing.T, controller *Controller, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range kills {
		lived := time.Duration(random.Int64N(int64(2500 * time.Millisecond)))
		select {
		case <-time.After(lived):
		case <-ctx.Done():
			return ctx.Err()
		}
		controller.Kill()
		t.Logf("kill %d of %d after %s", i+1, kills, lived.Round(time.Millisecond))
		if err := controller.Start(); err != nil {
			return err
		}
	}
	return nil
}
