package story

import (
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// windowsToRollBack is the number of windows that must be enough against a release that fails a fifth of its requests, or
// answers three of ten slowly, at the rates of the story.
const windowsToRollBack = 2

// proof is how the judge came to its decisions, by the images of the releases.
type proof struct {
	windows map[string]int32
	late    map[string]string
	seen    map[string]bool // steps that were proven
}

func newProof() *proof {
	return &proof{windows: map[string]int32{}, late: map[string]string{}, seen: map[string]bool{}}
}

// see takes in a state of the Canary. A step is proven late when the first window that proved it ended after its dwell.
func (p *proof) see(canary *v1alpha1.Canary) {
	c, s, e := canary.Status.Candidate, canary.Status.Step, canary.Status.Evidence
	if c == nil || e == nil {
		return
	}
	p.windows[c.Image] = e.Judged
	if s == nil || s.LandedAt == nil || s.LastWindow == nil || s.Decision != v1alpha1.DecisionAdvance || int(s.Index) >= len(canary.Spec.Steps) {
		return
	}
	key := c.Image + " " + s.StartedAt.String()
	if p.seen[key] {
		return
	}
	p.seen[key] = true
	dwell := canary.Spec.Steps[s.Index].Dwell.Of()
	if proven := s.LastWindow.Sub(s.LandedAt.Time); proven > dwell {
		p.late[c.Image] = fmt.Sprintf("step %s was proven %s after its weight landed, later than its dwell of %s", s.Position, proven, dwell)
	}
}

// WrongJudge lists in sentences what the judge should have done faster. It counts only where nothing was killed, because a
// controller that is away misses windows.
func (r *Report) WrongJudge() []string {
	var wrong []string
	for _, release := range r.Releases {
		switch {
		case release.Release.Want == RolledBack && release.Windows > windowsToRollBack:
			wrong = append(wrong, fmt.Sprintf("%s was rolled back after %d windows, not %d", release.Release.Name, release.Windows, windowsToRollBack))
		case release.Release.Want == Promoted && release.Late != "":
			wrong = append(wrong, release.Release.Name+": "+release.Late)
		}
	}
	return wrong
}
