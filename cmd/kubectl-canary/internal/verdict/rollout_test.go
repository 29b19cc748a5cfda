package verdict_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"

	"github.com/google/go-cmp/cmp"
)

// remembering is a Canary whose status remembers windows.
func remembering(c *v1alpha1.Canary) *v1alpha1.Canary {
	c.Status.Evidence = &v1alpha1.EvidenceStatus{Recent: []v1alpha1.WindowRecord{{EndedAt: at(0)}}}
	return c
}

func TestRollout(t *testing.T) {
	testing2 := remembering(running(v1alpha1.PhaseProgressing, candidate(two, 0)))
	promoted := record(two, v1alpha1.OutcomePromoted, 0)
	another := resting(one)
	another.UID = "2"
	for name, test := range map[string]struct {
		looks []*v1alpha1.Canary
		want  verdict.State
	}{
		"one that runs":        {[]*v1alpha1.Canary{testing2}, verdict.State{Version: "v2", Evident: true}},
		"one that is promoted": {[]*v1alpha1.Canary{testing2, resting(two, promoted)}, verdict.State{Version: "v2", Evident: true, Done: true, How: "promoted"}},
		"one that is rolled back": {
			[]*v1alpha1.Canary{testing2, rolledBack(record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.State{Version: "v2", Evident: true, Done: true, Code: 1, How: "rolled back"},
		},
		"one that was rolled back and is not over": {
			[]*v1alpha1.Canary{testing2, running(v1alpha1.PhaseRollingBack, candidate(two, 0), record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.State{Version: "v2", Evident: true},
		},
		"the evidence of a newer one is not that of the one before": {
			[]*v1alpha1.Canary{testing2, running(v1alpha1.PhaseProgressing, candidate(three, time.Minute), record(two, v1alpha1.OutcomeSuperseded, 0))},
			verdict.State{Version: "v2", Done: true, Code: 2, How: "superseded"},
		},
		"nor is that of a newer one that has ended": {
			[]*v1alpha1.Canary{testing2, resting(three, record(three, v1alpha1.OutcomePromoted, time.Minute), record(two, v1alpha1.OutcomeSuperseded, 0))},
			verdict.State{Version: "v2", Done: true, Code: 2, How: "superseded"},
		},
		"nor that of a second try of the same version": {
			[]*v1alpha1.Canary{testing2, resting(two, record(two, v1alpha1.OutcomePromoted, time.Minute), record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.State{Version: "v2", Done: true, Code: 1, How: "rolled back"},
		},
		"the past, if windows of it are left": {
			[]*v1alpha1.Canary{remembering(resting(two, promoted))}, verdict.State{Version: "v2", Evident: true, Done: true, How: "promoted"},
		},
		"the next one, if the target asks for it already": {
			[]*v1alpha1.Canary{remembering(resting(one, record(one, v1alpha1.OutcomePromoted, -time.Hour)))}, verdict.State{},
		},
		"the next one, if none are": {[]*v1alpha1.Canary{resting(two, promoted)}, verdict.State{}},
		"the next one that runs":    {[]*v1alpha1.Canary{resting(one), testing2}, verdict.State{Version: "v2", Evident: true}},
		"the next one that began and ended unseen": {
			[]*v1alpha1.Canary{resting(one), resting(two, promoted)}, verdict.State{Version: "v2", Evident: true, Done: true, How: "promoted"},
		},
		"a Canary that was deleted":               {[]*v1alpha1.Canary{testing2, nil}, verdict.State{Version: "v2", Done: true, Code: 2, How: "the Canary was deleted"}},
		"a Canary that was deleted and made anew": {[]*v1alpha1.Canary{testing2, another}, verdict.State{Version: "v2", Done: true, Code: 2, How: "the Canary was deleted"}},
		"an end that nobody wrote down":           {[]*v1alpha1.Canary{testing2, resting(one)}, verdict.State{Version: "v2", Done: true, Code: 2, How: "its end is not in the history"}},
	} {
		t.Run(name, func(t *testing.T) {
			target := deployment("foobar", "shop:2")
			rollout := verdict.NewRollout(verdict.Facts{Canary: test.looks[0], Target: &target})
			var got verdict.State
			for _, look := range test.looks {
				got = rollout.Look(look)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
