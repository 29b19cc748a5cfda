//go:build e2e

package faults

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// hour is by how much clocks are stepped, in seconds.
const hour = 3600

// steppable builds the programs whose wall clock can be stepped, once.
var steppable = sync.OnceValues(func() (programs struct{ serin, part string }, err error) {
	folder := shared.plane.Dir
	flag, err := overlay(shared.ctx, folder)
	if err == nil {
		programs.serin, err = build(shared.ctx, folder, "serin-steppable", "./cmd/serin", flag)
	}
	if err == nil {
		programs.part, err = build(shared.ctx, folder, "part-steppable", "./test/faults/part", flag)
	}
	return programs, err
})

// aClock is a clock that shows the true time.
func aClock(t *testing.T) wallClock {
	clock := wallClock(filepath.Join(t.TempDir(), "clock"))
	must(t, clock.step(0))
	return clock
}

// hasty rolls back at once what takes too long, so that a clock that jumps would show.
var hasty = shopOptions{
	steps:    "[{weight: 25, dwell: 10s}, {weight: 50, dwell: 2s}]",
	analysis: `{interval: 1s, successRate: {min: "95"}, timeout: 10m, onTimeout: RollBack}`,
}

// TestClockOfTheControllerSteppedByAnHour sets the controller's clock while pods start and while a weight is tested, and sets it
// right again seconds later.
func TestClockOfTheControllerSteppedByAnHour(t *testing.T) {
	for name, by := range map[string]int{"forward": hour, "back": -hour} {
		t.Run(name, func(t *testing.T) {
			programs, err := steppable()
			must(t, err)
			s, clock := openShop(t), aClock(t)
			controller := s.controller("controller", programs.serin, "--leader-elect=false")
			controller.env = clock.env()
			must(t, controller.start())
			s.open(hasty)

			s.release("late:2")
			s.await(func(c *v1alpha1.Canary) bool {
				return c.Status.Candidate != nil && c.Status.Candidate.NotReadySince != nil
			})
			must(t, clock.step(by))
			s.elapse(time.Second)
			must(t, clock.step(0))

			landed := s.await(both(atWeight(25), judgedOnce)).Status.Step.LandedAt.Time
			must(t, clock.step(by))
			s.elapse(5 * time.Second)
			if c := s.now(); c.Status.Phase != v1alpha1.PhaseProgressing || c.Status.Candidate.Weight != 25 {
				t.Errorf("with a clock that is off by an hour the rollout is %s: %s", c.Status.Phase, c.Status.Message)
			}
			must(t, clock.step(0))
			s.await(func(c *v1alpha1.Canary) bool { return c.Status.Candidate == nil || c.Status.Candidate.Weight != 25 })
			if stood := time.Since(landed); stood < 10*time.Second {
				t.Errorf("the step was left after %s, before its dwell of 10s", stood)
			}
			c := s.await(both(serves("late:2"), settled))
			s.history(c, "Promoted late:2")
			s.tidy("v2")
			s.noneLost()
			s.lawful()
		})
	}
}

// TestClocksOfAllPartsSteppedByAnHour sets the clocks of the controller, the TrafficMetrics server and the proxies at once, as on
// a cluster of one node, and leaves them so.
func TestClocksOfAllPartsSteppedByAnHour(t *testing.T) {
	programs, err := steppable()
	must(t, err)
	clock := aClock(t)
	shared.replaceParts(t, programs.part, clock.env())
	t.Cleanup(func() { shared.replaceParts(t, shared.part, nil) })
	for _, step := range []struct {
		name string
		by   int
	}{{"forward", hour}, {"back", 0}} {
		t.Run(step.name, func(t *testing.T) {
			s := openShop(t)
			controller := s.controller("controller", programs.serin, "--leader-elect=false")
			controller.env = clock.env()
			must(t, controller.start())
			s.open(hasty)
			s.release("good:2")
			s.await(both(atWeight(25), judgedOnce))
			must(t, clock.step(step.by))
			s.promotedAndRolledBack()
			s.noneLost()
		})
	}
}
