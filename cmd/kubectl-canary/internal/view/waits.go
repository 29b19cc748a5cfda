package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// waitReason is the one word that says what goes on: the reason that Ready, Reconciling and Stalled share.
func waitReason(c *v1alpha1.Canary) string {
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionReady} {
		if cond := c.Status.Condition(kind); cond != nil && cond.Status == v1alpha1.ConditionTrue {
			return cond.Reason
		}
	}
	return ""
}

// waits says what a Canary waits for, a clause each, with the command that helps where one does.
func (o Options) waits(s Snapshot) []string {
	status := &s.Canary.Status
	if status.Phase == v1alpha1.PhasePaused {
		return append([]string{pausedFor(s.Canary)}, o.openQuestions(s)...)
	}
	clauses := o.openQuestions(s)
	switch waitReason(s.Canary) {
	case v1alpha1.ReasonFrozen:
		clauses = append(clauses, o.freezes(s)...)
	case v1alpha1.ReasonQueued:
		clauses = append(clauses, limits(s)...)
	case v1alpha1.ReasonWindowClosed:
		clauses = append(clauses, "a window to open: "+windows(s.Canary.Spec.Windows))
	case v1alpha1.ReasonWaitingForDependency:
		clauses = append(clauses, "other Canaries: "+dependencies(s.Canary.Spec.DependsOn))
	case v1alpha1.ReasonAccessMissing:
		clauses = append(clauses, fmt.Sprintf("TrafficTargets that let those who call %s call %s as well", status.Stable.Version, status.Candidate.Version))
	case v1alpha1.ReasonAccessUnknown:
		clauses = append(clauses, fmt.Sprintf("somebody to say who calls %s, and whether they may call %s", status.Stable.Version, status.Candidate.Version))
	case v1alpha1.ReasonSuspended:
		clauses = append(clauses, "spec.suspend to be set to false")
	case v1alpha1.ReasonWaitingForPods, v1alpha1.ReasonPodsFailing, v1alpha1.ReasonStableDown, v1alpha1.ReasonInitializing:
		clauses = append(clauses, podsOf(s)...)
	case v1alpha1.ReasonLanding:
		clauses = append(clauses, o.landing(s.Canary))
	case v1alpha1.ReasonTesting, v1alpha1.ReasonSuspicious, v1alpha1.ReasonNoTrafficReaches:
		clauses = append(clauses, o.lacking(s.Canary)...)
	}
	if status.Phase == v1alpha1.PhaseRolledBack && len(clauses) == 0 {
		clauses = append(clauses, "a change of the target, or "+how(s.Canary, "retry"))
	}
	return clauses
}

// how is the command that a person can copy.
func how(c *v1alpha1.Canary, verb string) string {
	return fmt.Sprintf("`kubectl canary %s %s -n %s`", verb, c.Name, c.Namespace)
}

func pausedFor(c *v1alpha1.Canary) string {
	others := fmt.Sprintf("%s, or promote or abort", how(c, "resume"))
	position := ""
	if c.Status.Step != nil {
		position = " of step " + c.Status.Step.Position
	}
	if c.Status.Pause == nil {
		return "a person: " + others
	}
	switch c.Status.Pause.Reason {
	case v1alpha1.PauseApproval:
		return fmt.Sprintf("approval%s: %s, or abort", position, how(c, "approve"))
	case v1alpha1.PauseTimeout:
		return fmt.Sprintf("a person, because the time%s is over: %s", position, others)
	case v1alpha1.PauseCommand:
	}
	if last := c.Status.LastCommand; last != nil && last.Verb == v1alpha1.VerbPause && last.Refused == "" {
		return fmt.Sprintf("a person, because %s paused it: %s", who(last.By), others)
	}
	return "a person: " + others
}

// openQuestions are the webhooks whose yes is missing.
func (o Options) openQuestions(s Snapshot) []string {
	var clauses []string
	for _, g := range s.Canary.Status.Gates {
		if g.When == v1alpha1.OnRollback || g.When == v1alpha1.AfterRollout {
			continue
		}
		switch g.State {
		case v1alpha1.GateAsked:
			clauses = append(clauses, fmt.Sprintf("the answer of webhook %q (%s)%s", g.Webhook, g.When, o.asked(g)))
		case v1alpha1.GateRefused:
			clauses = append(clauses, fmt.Sprintf("webhook %q (%s) to say yes%s: %s", g.Webhook, g.When, o.deadline(s.Canary, g), g.Answer))
		case v1alpha1.GateOpen, v1alpha1.GateFailed:
		}
	}
	return clauses
}

func (o Options) asked(g v1alpha1.GateStatus) string {
	if ago := o.since(g.Since); ago != "" {
		return ", asked " + ago + " ago"
	}
	return ""
}

// deadline says how long a webhook may keep saying no.
func (o Options) deadline(c *v1alpha1.Canary, g v1alpha1.GateStatus) string {
	i := slices.IndexFunc(c.Spec.Webhooks, func(w v1alpha1.Webhook) bool { return w.Name == g.Webhook })
	if i < 0 || g.Since == nil || c.Spec.Webhooks[i].Deadline.Of() == 0 {
		return ""
	}
	return fmt.Sprintf(" within %s", span(o.left(g.Since.Add(c.Spec.Webhooks[i].Deadline.Of()))))
}

// freezes are the policies that freeze now.
func (o Options) freezes(s Snapshot) []string {
	var clauses []string
	for _, p := range s.Policies {
		if f := p.Spec.Freeze; f != nil && frozen(f, o.Now) {
			clauses = append(clauses, fmt.Sprintf("the end of the freeze of %s %q%s: %s", p.Kind, p.Name, o.until(f), f.Reason))
		}
	}
	if len(clauses) == 0 {
		return []string{"the end of a freeze"}
	}
	return clauses
}

// frozen says whether a freeze holds at an instant.
func frozen(f *v1alpha1.Freeze, now time.Time) bool {
	return (f.From == nil || !now.Before(f.From.Time)) && (f.Until == nil || now.Before(f.Until.Time))
}

func (o Options) until(f *v1alpha1.Freeze) string {
	if f.Until == nil {
		return ", which has no end"
	}
	return ", " + o.instant(f.Until.Time)
}

// limits are the policies that let only so many rollouts run.
func limits(s Snapshot) []string {
	var clauses []string
	for _, p := range s.Policies {
		if p.Spec.MaxRollouts == nil || (p.Running != nil && *p.Running < *p.Spec.MaxRollouts) {
			continue
		}
		clauses = append(clauses, fmt.Sprintf("a place: %s %q lets %s run at a time%s",
			p.Kind, p.Name, count(int64(*p.Spec.MaxRollouts), "rollout"), running(p)))
	}
	if len(clauses) == 0 {
		return []string{"a place: as many rollouts run as a policy allows"}
	}
	return clauses
}

func running(p Policy) string {
	if p.Running == nil {
		return ""
	}
	return fmt.Sprintf(", and %d run", *p.Running)
}

func windows(all []v1alpha1.Window) string {
	var parts []string
	for _, w := range all {
		parts = append(parts, fmt.Sprintf("%q for %s (%s)", w.Schedule, span(w.Duration.Of()), w.TimeZone))
	}
	return strings.Join(parts, ", ")
}

func dependencies(all []v1alpha1.CanaryReference) string {
	var names []string
	for _, d := range all {
		names = append(names, d.Name)
	}
	return strings.Join(names, ", ")
}

// landing says for how long the data plane has been waited for.
func (o Options) landing(c *v1alpha1.Canary) string {
	step := c.Status.Step
	if step == nil || step.StartedAt == nil || step.LandedAt != nil || c.Status.Candidate == nil {
		return "the data plane to apply the weights"
	}
	clause := fmt.Sprintf("the data plane to apply weight %d%%, written %s ago", c.Status.Candidate.Weight, o.since(step.StartedAt))
	if limit := c.Spec.ProgressDeadline.Of(); limit > 0 {
		clause += fmt.Sprintf("; at most %s more", span(o.left(step.StartedAt.Add(limit))))
	}
	return clause
}

// lacking says what a step that is being tested lacks.
func (o Options) lacking(c *v1alpha1.Canary) []string {
	at, step := present(c)
	if step == nil || at.LandedAt == nil {
		return nil
	}
	var clauses []string
	left := o.left(at.LandedAt.Add(step.Dwell.Of()))
	if left > 0 {
		clauses = append(clauses, fmt.Sprintf("the dwell of step %s: %s left", at.Position, span(left)))
	}
	switch {
	case byEvidence(c):
		clauses = append(clauses, o.evidenceLacking(c)...)
	case left == 0:
		clauses = append(clauses, fmt.Sprintf("a window that passes: the dwell of step %s is over", at.Position))
	}
	return clauses
}
