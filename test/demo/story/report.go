package story

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/sim/load"
	"github.com/serin-dev/serin/test/sim/slack"
)

// Report is what became of everything.
type Report struct {
	// Releases are in the order of the story.
	Releases []ReleaseReport
	// Requests is how many the allowed caller sent, FailedBySerin how many of them failed without a release's doing.
	Requests, FailedBySerin uint64
	// Refused is how many requests of the stranger got 403, LetIn how many did not.
	Refused, LetIn uint64
	// Messages are what Slack got.
	Messages []slack.Message
	// Examples are the first failures.
	Examples []load.Example
}

// ReleaseReport is what became of one release.
type ReleaseReport struct {
	Release Release
	// Got is how its rollout ended, Why the reason that status gives.
	Got Outcome
	Why string
	// Took is how long the chapter took.
	Took time.Duration
	// Windows is how many windows were judged, Late why the evidence for a step came later than its dwell; empty if none did.
	Windows int32
	Late    string
	// Sent is how many requests it answered, FailedByRelease how many of them it failed on purpose.
	Sent, FailedByRelease uint64
	// FailedBySerin is how many requests failed otherwise while it was rolled out.
	FailedBySerin uint64
}

// fillOutcome reads from the history how the rollout ended. The first release has none: it was adopted.
func (r *ReleaseReport) fillOutcome(c *v1alpha1.Canary) {
	if r.Release.Want == Adopted && c.Status.AdoptedAt != nil {
		r.Got, r.Why = Adopted, "the target's pods were taken over"
		return
	}
	for _, record := range c.Status.History {
		if record.Image != image(r.Release.Name) {
			continue
		}
		r.Why = record.Message
		switch record.Outcome {
		case v1alpha1.OutcomePromoted:
			r.Got = Promoted
		case v1alpha1.OutcomeRolledBack:
			r.Got = RolledBack
		case v1alpha1.OutcomeReverted, v1alpha1.OutcomeSuperseded:
			r.Got = Outcome(record.Outcome)
		}
		return
	}
}

// messagesWanted is how many messages the story makes: one per adoption, one per start of a rollout and one per end.
func messagesWanted() int {
	wanted := 0
	for _, release := range Releases() {
		wanted++
		if release.Want != Adopted {
			wanted++
		}
	}
	return wanted
}

// Wrong lists in sentences what was not as it must be; empty is a good ending. Messages count only where nothing was killed.
func (r *Report) Wrong() []string {
	var wrong []string
	for _, release := range r.Releases {
		if release.Got != release.Release.Want {
			wrong = append(wrong, fmt.Sprintf("%s was %q, not %s", release.Release.Name, release.Got, release.Release.Want))
		}
	}
	if r.FailedBySerin > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d requests failed without a release's doing", r.FailedBySerin, r.Requests))
	}
	if r.Requests == 0 {
		wrong = append(wrong, "no request was sent")
	}
	if r.LetIn > 0 || r.Refused == 0 {
		wrong = append(wrong, fmt.Sprintf("of the stranger's requests %d got 403 and %d did not", r.Refused, r.LetIn))
	}
	return wrong
}

// WrongMessages says in a sentence what is wrong with the messages, "" if nothing is.
func (r *Report) WrongMessages() string {
	if wanted := messagesWanted(); len(r.Messages) != wanted {
		return fmt.Sprintf("Slack got %d messages, not %d", len(r.Messages), wanted)
	}
	return ""
}
