package verdict

import "github.com/serin-dev/serin/api/v1alpha1"

// Rollout is the rollout whose windows are written down: the one in progress at the first look, else the newest one if the
// status remembers windows of it and the target asks for nothing newer, else the next one.
type Rollout struct {
	tracker *Tracker
	// past is a rollout that had ended before the first look.
	past *v1alpha1.RolloutRecord
}

// NewRollout looks for the first time.
func NewRollout(f Facts) *Rollout {
	c := f.Canary
	r := &Rollout{tracker: NewTracker(c)}
	remembers := c.Status.Evidence != nil && len(c.Status.Evidence.Recent) > 0 && len(c.Status.History) > 0
	if c.Status.Candidate == nil && remembers && behind(f) == "" {
		r.past = c.Status.History[0].DeepCopy()
	}
	return r
}

// State is how a Rollout stands.
type State struct {
	// Version is the one under test, "" while no rollout runs.
	Version string
	// Evident says that the evidence in the status is that of the rollout.
	Evident bool
	// Done says that the rollout has ended: Code is then watch's exit code, and How it ended a word or two.
	Done bool
	Code int
	How  string
}

// Look says how the rollout stands; c is nil when the Canary does not exist any more.
func (r *Rollout) Look(c *v1alpha1.Canary) State {
	if r.past != nil {
		return State{Version: r.past.Version, Evident: true, Done: true, Code: codes()[r.past.Outcome], How: words()[r.past.Outcome]}
	}
	if c == nil || string(c.UID) != r.tracker.uid {
		return State{Version: r.tracker.Following(), Done: true, Code: Neither, How: "the Canary was deleted"}
	}
	record := r.tracker.Ended(c)
	if record == nil {
		return State{Version: r.tracker.Following(), Evident: c.Status.Candidate != nil}
	}
	newest := len(c.Status.History) > 0 && recordOf(record, &v1alpha1.CandidateStatus{
		VersionStatus: c.Status.History[0].VersionStatus, StartedAt: c.Status.History[0].StartedAt,
	})
	state := State{
		Version: record.Version, Evident: newest && c.Status.Candidate == nil,
		Done: true, Code: codes()[record.Outcome], How: words()[record.Outcome],
	}
	if record.Outcome == "" {
		state.Code, state.How = Neither, "its end is not in the history"
	}
	return state
}
