package view

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// present is the step that the candidate stands on, nil if it stands on none.
func present(c *v1alpha1.Canary) (*v1alpha1.StepStatus, *v1alpha1.Step) {
	at := c.Status.Step
	if c.Status.Candidate == nil || at == nil || int(at.Index) >= len(c.Spec.Steps) || at.Index < 0 {
		return nil, nil
	}
	return at, &c.Spec.Steps[at.Index]
}

// steps shows the rail of the rollout.
func (o Options) steps(s Snapshot) (node, bool) {
	c := s.Canary
	n := title("Steps")
	at, _ := present(c)
	ended := c.Status.Phase == v1alpha1.PhaseRollingBack
	for i, step := range c.Spec.Steps {
		mark, tone, detail := "○", Faint, ""
		switch {
		case at == nil:
		case i < int(at.Index) || c.Status.Phase == v1alpha1.PhasePromoting:
			mark, tone = "✓", Fine
		case i == int(at.Index) && ended:
			mark, tone, detail = "✗", Wrong, "rolled back here"
		case i == int(at.Index):
			mark, tone, detail = "▶", phaseTone(c.Status.Phase), o.here(c)
		}
		terms := "dwell " + span(step.Dwell.Of())
		if step.Approval == v1alpha1.ApprovalRequired {
			terms += ", approval"
		}
		rung := row(cell{tone, mark}, cell{tone, fmt.Sprintf("%d/%d", i+1, len(c.Spec.Steps))},
			cell{tone, fmt.Sprintf("%3d%%", step.Weight)}, faint(terms), cell{tone, detail})
		if at != nil && i == int(at.Index) {
			rung = rung.with(found(c)...)
		}
		n = n.with(rung)
	}
	if c.Status.Phase == v1alpha1.PhasePromoting {
		n = n.with(row(cell{Fine, "▶"}, faint(""), cell{Fine, "100%"}, faint("promotion"), cell{Fine, o.promotion(c)}))
	}
	return n, true
}

func (o Options) promotion(c *v1alpha1.Canary) string {
	if since := o.since(c.Status.PhaseSince); since != "" {
		return "for " + since
	}
	return ""
}

// here says how the present step stands: landed or not, and what is left of its times.
func (o Options) here(c *v1alpha1.Canary) string {
	at, step := present(c)
	if at.LandedAt == nil {
		if since := o.since(at.StartedAt); since != "" {
			return "landing for " + since
		}
		return "landing"
	}
	text := "landed " + o.since(at.LandedAt) + " ago"
	if left := o.left(at.LandedAt.Add(step.Dwell.Of())); left > 0 {
		text += ", dwell left " + span(left)
	} else {
		text += ", dwell over"
	}
	text += o.timeout(c)
	if byEvidence(c) {
		return text
	}
	text += ", " + count(int64(at.Passed), "window") + " passed"
	if at.Failed > 0 {
		text += fmt.Sprintf(", %d of %d failed in a row", at.Failed, c.Spec.Analysis.FailureThreshold)
	}
	return text
}

// timeout says what is left of a step's longest time. It stands still while the rollout is paused or held, and begins again
// after that.
func (o Options) timeout(c *v1alpha1.Canary) string {
	at, _ := present(c)
	switch {
	case c.Spec.Analysis.Timeout.Of() == 0 || c.Status.Phase == v1alpha1.PhasePaused:
		return ""
	case at.HeldSince != nil:
		return ", timeout stands still"
	}
	return fmt.Sprintf(", timeout in %s (%s)", span(o.timeoutLeft(c)), onTimeout(c))
}

// timeoutLeft is the time until a landed step that nothing holds has taken too long.
func (o Options) timeoutLeft(c *v1alpha1.Canary) time.Duration {
	deadline, _ := analysis.StepDeadline(c.Spec, c.Status)
	return o.left(deadline)
}

func onTimeout(c *v1alpha1.Canary) string {
	switch c.Spec.Analysis.OnTimeout {
	case v1alpha1.OnTimeoutRollBack:
		return "rolls back"
	case v1alpha1.OnTimeoutPromote:
		return "promotes"
	case v1alpha1.OnTimeoutPause:
	}
	return "pauses"
}
