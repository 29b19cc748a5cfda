package verdict

import (
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Tracker follows one rollout to its end: the one in progress when it first looks or, if there is none, the next one.
type Tracker struct {
	uid      string
	followed *v1alpha1.CandidateStatus
	// newest is the newest record of the past when nothing was in progress.
	newest v1alpha1.RolloutRecord
}

// NewTracker looks for the first time.
func NewTracker(c *v1alpha1.Canary) *Tracker {
	t := &Tracker{uid: string(c.UID), followed: c.Status.Candidate.DeepCopy()}
	if len(c.Status.History) > 0 {
		t.newest = c.Status.History[0]
	}
	return t
}

// Following is the version of the rollout that is followed, "" while none runs.
func (t *Tracker) Following() string {
	if t.followed == nil {
		return ""
	}
	return t.followed.Version
}

// Ended says how the rollout ended, nil while it has not. A Canary that is gone or was made anew ends it without a record.
func (t *Tracker) Ended(c *v1alpha1.Canary) *v1alpha1.RolloutRecord {
	candidate := c.Status.Candidate
	switch {
	case t.followed == nil && candidate != nil:
		t.followed = candidate.DeepCopy()
		return nil
	case t.followed == nil:
		return t.passed(c)
	case candidate != nil && same(candidate, t.followed):
		t.followed = candidate.DeepCopy() // Its start may have been recorded only now.
		return nil
	}
	for i := range c.Status.History {
		if r := &c.Status.History[i]; recordOf(r, t.followed) {
			return r
		}
	}
	return &v1alpha1.RolloutRecord{VersionStatus: t.followed.VersionStatus}
}

// passed finds a rollout that began and ended between two looks.
func (t *Tracker) passed(c *v1alpha1.Canary) *v1alpha1.RolloutRecord {
	if len(c.Status.History) == 0 {
		return nil
	}
	r := &c.Status.History[0]
	if r.Version == t.newest.Version && r.EndedAt.Equal(t.newest.EndedAt) {
		return nil
	}
	return r
}

func same(a, b *v1alpha1.CandidateStatus) bool {
	return a.Version == b.Version && (a.StartedAt == nil || b.StartedAt == nil || a.StartedAt.Equal(b.StartedAt))
}

// recordOf says whether a record is of a rollout. A version that returned has a record of each of its rollouts.
func recordOf(r *v1alpha1.RolloutRecord, c *v1alpha1.CandidateStatus) bool {
	return r.Version == c.Version && (r.StartedAt == nil || c.StartedAt == nil || r.StartedAt.Equal(c.StartedAt))
}

// Watch is the result of watching the rollout so far; c is nil when the Canary does not exist any more.
func (t *Tracker) Watch(c *v1alpha1.Canary) Result {
	if c == nil || string(c.UID) != t.uid {
		return done(Neither, "the Canary was deleted")
	}
	r := t.Ended(c)
	switch {
	case r == nil && t.followed == nil:
		return missing("no rollout runs; waiting for the next one")
	case r == nil:
		return missing("%s", c.Status.Message)
	case r.Outcome == "":
		return done(Neither, "%s: %s is not under test any more, and its end is not in the history", name(c), r.Version)
	}
	return Result{Done: true, Code: codes()[r.Outcome], Sentence: told(c, *r)}
}

// codes are watch's exit codes.
func codes() map[v1alpha1.Outcome]int {
	return map[v1alpha1.Outcome]int{
		v1alpha1.OutcomePromoted: Reached, v1alpha1.OutcomeRolledBack: Otherwise,
		v1alpha1.OutcomeSuperseded: Neither, v1alpha1.OutcomeReverted: Neither,
	}
}

// Late is the result when the time is over first.
func Late(what, waited, last string) Result {
	if last != "" {
		last = ": " + last
	}
	return Result{Done: true, Code: TimedOut, Sentence: fmt.Sprintf("timed out after %s waiting for %s%s", waited, what, last)}
}
