package verdict

import (
	"fmt"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
)

// Goal is what is waited for.
type Goal string

// Goals.
const (
	Promoted   Goal = "promoted"
	RolledBack Goal = "rolledback"
	Paused     Goal = "paused"
)

// Facts are what a wait judges by.
type Facts struct {
	// Canary is nil when it does not exist any more.
	Canary *v1alpha1.Canary
	// Target is the Deployment of spec.targetRef, nil if it could not be read.
	Target *appsv1.Deployment
	// Versions are the Deployments that Serin made.
	Versions []appsv1.Deployment
	Now      time.Time
}

// Wait waits for a Goal. It must be made before the first look.
type Wait struct {
	// Goal is what is waited for.
	Goal Goal
	// Revision binds the wait to one revision, or to the beginning of one. Empty means what the target asks for.
	Revision string
	// Settle is how long after Started a state is not believed to be about the newest change of the target, for changes that
	// do not show in what Serin records of a version.
	Settle time.Duration
	// Started is when the wait began.
	Started time.Time

	tracker *Tracker
}

// Judge says whether the wait is over.
func (w *Wait) Judge(f Facts) Result {
	if f.Canary == nil {
		return done(Otherwise, "the Canary was deleted before it was %s", w.Goal)
	}
	if w.tracker == nil {
		w.tracker = NewTracker(f.Canary)
	}
	if w.Revision != "" {
		return w.ofRevision(f)
	}
	ended := w.tracker.Ended(f.Canary)
	if why := behind(f); why != "" {
		return missing("%s", why)
	}
	if left := w.Started.Add(w.Settle).Sub(f.Now); left > 0 {
		return Result{Missing: "giving the controller time to see the newest change", Again: left}
	}
	if ended != nil {
		if ended.Outcome == v1alpha1.OutcomeReverted {
			return done(Otherwise, "%s", told(f.Canary, *ended))
		}
		w.tracker = NewTracker(f.Canary) // A rollout that was superseded is followed by that of the newer revision.
	}
	return w.ofTarget(f.Canary)
}

// ofTarget judges a state that is about what the target asks for now.
func (w *Wait) ofTarget(c *v1alpha1.Canary) Result {
	s := &c.Status
	var now Goal
	switch {
	case s.Phase == v1alpha1.PhaseSucceeded && s.Candidate == nil && is(s, v1alpha1.ConditionReady):
		now = Promoted
	case s.Phase == v1alpha1.PhaseRolledBack && s.RolledBackRevision != "" && !is(s, v1alpha1.ConditionReconciling):
		now = RolledBack
	case s.Phase == v1alpha1.PhasePaused:
		now = Paused
	}
	switch now {
	case w.Goal:
		return done(Reached, "%s %s: %s", name(c), w.Goal, s.Message)
	case Promoted, RolledBack:
		return done(Otherwise, "%s is not %s but %s: %s", name(c), w.Goal, now, s.Message)
	case Paused:
	}
	return missing("%s", s.Message)
}

// is says whether a condition is True.
func is(s *v1alpha1.CanaryStatus, kind string) bool {
	c := s.Condition(kind)
	return c != nil && c.Status == v1alpha1.ConditionTrue
}

// ofRevision judges by the revision that was asked for: whatever else happens does not matter.
func (w *Wait) ofRevision(f Facts) Result {
	c, s := f.Canary, &f.Canary.Status
	tracked := w.tracker.followed != nil && w.about(w.tracker.followed.Revision)
	ended := w.tracker.Ended(c)
	switch {
	case s.Candidate != nil && w.about(s.Candidate.Revision):
		if !w.about(w.tracker.followed.Revision) {
			w.tracker = NewTracker(c)
		}
		if w.Goal == Paused && s.Phase == v1alpha1.PhasePaused {
			return done(Reached, "%s paused: %s", name(c), s.Message)
		}
		return missing("%s", s.Message)
	case s.Stable != nil && w.about(s.Stable.Revision) && s.Phase != v1alpha1.PhaseInitializing:
		return w.came(c, Promoted, fmt.Sprintf("%s (%s) serves", s.Stable.Version, s.Stable.Image))
	case w.about(s.RolledBackRevision):
		return w.came(c, RolledBack, s.Message)
	case tracked && ended != nil && ended.Outcome != "":
		return w.came(c, goalOf(ended.Outcome), told(c, *ended))
	case w.Started.Add(w.Settle).After(f.Now):
		return Result{Missing: fmt.Sprintf("revision %s is not under test", w.Revision), Again: w.Started.Add(w.Settle).Sub(f.Now)}
	}
	return w.fromHistory(c)
}

// fromHistory judges a revision that is neither under test nor serves.
func (w *Wait) fromHistory(c *v1alpha1.Canary) Result {
	for _, r := range c.Status.History {
		if w.about(r.Revision) && r.Outcome != v1alpha1.OutcomePromoted {
			return w.came(c, goalOf(r.Outcome), told(c, r))
		}
	}
	return missing("revision %s is not under test: %s", w.Revision, c.Status.Message)
}

// came is the result of an end.
func (w *Wait) came(c *v1alpha1.Canary, end Goal, sentence string) Result {
	if end == w.Goal {
		return done(Reached, "%s %s: %s", name(c), w.Goal, sentence)
	}
	return done(Otherwise, "%s is not %s: %s", name(c), w.Goal, sentence)
}

// goalOf is the goal that an outcome reaches, "" if none.
func goalOf(o v1alpha1.Outcome) Goal {
	return map[v1alpha1.Outcome]Goal{
		v1alpha1.OutcomePromoted: Promoted, v1alpha1.OutcomeRolledBack: RolledBack,
		v1alpha1.OutcomeSuperseded: "", v1alpha1.OutcomeReverted: "",
	}[o]
}

// about says whether a revision is the one asked for.
func (w *Wait) about(revision string) bool {
	return revision != "" && strings.HasPrefix(revision, w.Revision)
}
