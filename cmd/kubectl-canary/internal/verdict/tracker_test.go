package verdict_test

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var start = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

func at(d time.Duration) *v1alpha1.Time { return v1alpha1.At(start.Add(d)) }

func version(name, revision, image string) v1alpha1.VersionStatus {
	return v1alpha1.VersionStatus{Version: name, Revision: revision, Image: image}
}

var (
	one   = version("v1", "rev1", "shop:1")
	two   = version("v2", "rev2", "shop:2")
	three = version("v3", "rev3", "shop:3")
)

func candidate(v v1alpha1.VersionStatus, began time.Duration) *v1alpha1.CandidateStatus {
	return &v1alpha1.CandidateStatus{VersionStatus: v, StartedAt: at(began)}
}

func record(v v1alpha1.VersionStatus, o v1alpha1.Outcome, began time.Duration) v1alpha1.RolloutRecord {
	return v1alpha1.RolloutRecord{VersionStatus: v, Outcome: o, Message: "because", StartedAt: at(began), EndedAt: at(began + time.Minute)}
}

func canary(changes ...func(*v1alpha1.CanaryStatus)) *v1alpha1.Canary {
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Name: "foobar", UID: "1", Generation: 1}}
	c.Status.ObservedGeneration = 1
	for _, change := range changes {
		change(&c.Status)
	}
	return c
}

func running(phase v1alpha1.Phase, c *v1alpha1.CandidateStatus, past ...v1alpha1.RolloutRecord) *v1alpha1.Canary {
	return canary(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Stable, s.Candidate, s.History, s.Message = phase, &one, c, past, "as it is"
	})
}

func resting(stable v1alpha1.VersionStatus, past ...v1alpha1.RolloutRecord) *v1alpha1.Canary {
	return canary(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Stable, s.History, s.Message = v1alpha1.PhaseSucceeded, &stable, past, "as it is"
		s.SetCondition(v1alpha1.Condition{Type: v1alpha1.ConditionReady, Status: v1alpha1.ConditionTrue}, start)
	})
}

func rolledBack(past ...v1alpha1.RolloutRecord) *v1alpha1.Canary {
	return canary(func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Stable, s.History, s.Message = v1alpha1.PhaseRolledBack, &one, past, "as it is"
		s.RolledBackRevision = past[0].Revision
	})
}

func TestWatch(t *testing.T) {
	another := resting(two)
	another.UID = "2"
	returned := record(two, v1alpha1.OutcomePromoted, -time.Hour)
	for name, test := range map[string]struct {
		looks []*v1alpha1.Canary
		want  verdict.Result
	}{
		"a rollout that runs": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0))},
			verdict.Result{Missing: "as it is"},
		},
		"a rollout that was promoted": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0)), resting(two, record(two, v1alpha1.OutcomePromoted, 0))},
			verdict.Result{Done: true, Code: 0, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was promoted: because"},
		},
		"a rollback that is recorded and not over": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseRollingBack, candidate(two, 0), record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.Result{Missing: "as it is"},
		},
		"a rollout that was rolled back": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0)), rolledBack(record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was rolled back: because"},
		},
		"a rollout that was superseded": {
			[]*v1alpha1.Canary{
				running(v1alpha1.PhaseProgressing, candidate(two, 0)),
				running(v1alpha1.PhaseProgressing, candidate(three, time.Minute), record(two, v1alpha1.OutcomeSuperseded, 0)),
			},
			verdict.Result{Done: true, Code: 2, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was superseded: because"},
		},
		"a rollout that was reverted": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0)), resting(one, record(two, v1alpha1.OutcomeReverted, 0))},
			verdict.Result{Done: true, Code: 2, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was reverted: because"},
		},
		"a version that returns is not taken for its rollout of before": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0), returned), rolledBack(record(two, v1alpha1.OutcomeRolledBack, 0), returned)},
			verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was rolled back: because"},
		},
		"a rollout of which nothing is left": {
			[]*v1alpha1.Canary{running(v1alpha1.PhaseProgressing, candidate(two, 0)), resting(one)},
			verdict.Result{Done: true, Code: 2, Sentence: "canary.serin.dev/foobar: v2 is not under test any more, and its end is not in the history"},
		},
		"nothing runs": {
			[]*v1alpha1.Canary{resting(two, record(two, v1alpha1.OutcomePromoted, 0))},
			verdict.Result{Missing: "no rollout runs; waiting for the next one"},
		},
		"the next rollout": {
			[]*v1alpha1.Canary{
				resting(one), running(v1alpha1.PhaseProgressing, candidate(two, 0)), resting(two, record(two, v1alpha1.OutcomePromoted, 0)),
			},
			verdict.Result{Done: true, Code: 0, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was promoted: because"},
		},
		"the next rollout that began and ended unseen": {
			[]*v1alpha1.Canary{resting(one), rolledBack(record(two, v1alpha1.OutcomeRolledBack, 0))},
			verdict.Result{Done: true, Code: 1, Sentence: "canary.serin.dev/foobar: v2 (shop:2) was rolled back: because"},
		},
		"a Canary that was deleted":               {[]*v1alpha1.Canary{resting(one), nil}, verdict.Result{Done: true, Code: 2, Sentence: "the Canary was deleted"}},
		"a Canary that was deleted and made anew": {[]*v1alpha1.Canary{resting(one), another}, verdict.Result{Done: true, Code: 2, Sentence: "the Canary was deleted"}},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := verdict.NewTracker(test.looks[0])
			var got verdict.Result
			for _, look := range test.looks {
				got = tracker.Watch(look)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
