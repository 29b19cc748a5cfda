package rollout

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// script decides what it was told to, and then holds.
type script []judge.Decision

func (s *script) Look(judge.Window) judge.Decision {
	if len(*s) == 0 {
		return judge.Hold
	}
	next := (*s)[0]
	*s = (*s)[1:]
	return next
}

func TestPlay(t *testing.T) {
	const h, a, r = judge.Hold, judge.Advance, judge.RollBack
	for name, c := range map[string]struct {
		says script
		plan Plan
		want Outcome
	}{
		"the last step is left":           {script{h, a, a}, Plan{Steps: []int32{5, 50}, Most: 9}, Outcome{End: Promoted, Windows: 3, Began: []int{0, 2}}},
		"the judge rolls back":            {script{a, h, r}, Plan{Steps: []int32{5, 50}, Most: 9}, Outcome{End: RolledBack, Windows: 3, Began: []int{0, 1}}},
		"a step takes too long":           {script{h, a}, Plan{Steps: []int32{5, 50}, Most: 3}, Outcome{End: Paused, Windows: 5, Began: []int{0, 2}}},
		"an advance that is not followed": {script{a, a, r}, Plan{Steps: []int32{5, 50}, Stays: true, Most: 9}, Outcome{End: RolledBack, Windows: 3, Began: []int{0}}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Play(&c.says, c.plan, world.World{RPS: 1, Seconds: 30}, rand.NewPCG(1, 1))
			got.Requests = 0
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestThreshold(t *testing.T) {
	window := func(weight int32, failures, slow float64) judge.Window {
		return judge.Window{Weight: weight, Candidate: judge.Counts{Requests: 100, Failures: failures, Slow: slow}}
	}
	good, failing, slow, later := window(5, 1, 1), window(5, 2, 0), window(5, 0, 2), window(10, 0, 0)
	const h, a, r = judge.Hold, judge.Advance, judge.RollBack
	for name, c := range map[string]struct {
		windows []judge.Window
		want    []judge.Decision
	}{
		"windows at their limits pass":        {[]judge.Window{good, good}, []judge.Decision{h, a}},
		"failed ones add up over the rollout": {[]judge.Window{failing, good, good, later, slow}, []judge.Decision{h, h, a, h, r}},
		"passed ones add up over one step":    {[]judge.Window{good, later, later}, []judge.Decision{h, h, a}},
		"a window without requests is none":   {[]judge.Window{{Weight: 5}, good, good}, []judge.Decision{h, h, a}},
	} {
		t.Run(name, func(t *testing.T) {
			j := Threshold{Limit: 0.01, Passes: 2, Fails: 2}
			var got []judge.Decision
			for _, w := range c.windows {
				got = append(got, j.Look(w))
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
