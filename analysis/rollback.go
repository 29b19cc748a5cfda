package analysis

import (
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// maxHistory is the number of ended rollouts that status keeps.
const maxHistory = 10

// rollBack takes the candidate's traffic, from any phase, in one write.
func (p *pass) rollBack(reason, why string) {
	c := p.next.Candidate
	p.noteRollout(Note{
		Reason: reason, Severity: Problem, Transition: true,
		Message: rollingBack(c.VersionStatus, *p.next.Stable, c.Weight, why),
	})
	p.record(v1alpha1.OutcomeRolledBack, reason, why)
	p.forgetGates()
	p.ask(v1alpha1.OnRollback, 0)
	c.Weight = 0
	p.next.RolledBackRevision = c.Revision
	p.next.Step, p.next.Pause = nil, nil
	p.enter(v1alpha1.PhaseRollingBack)
}

// rolledBack ends a rollback when the data plane sends the candidate nothing more, or when nobody could say so for the
// whole progress deadline.
func (p *pass) rolledBack() bool {
	if p.next.Phase != v1alpha1.PhaseRollingBack {
		return false
	}
	took, landed := p.since(p.next.PhaseSince), v1alpha1.At(p.now)
	message := rolledBackAfter(*p.next.Stable, took)
	if !p.landed(Weights{}) {
		if took <= p.spec.ProgressDeadline.Of() {
			return false
		}
		message, landed = rolledBackUnseen(took), nil
	}
	p.noteRollout(Note{Reason: v1alpha1.ReasonRolledBack, Severity: Info, Message: message})
	p.leave(landed)
	p.ask(v1alpha1.AfterRollout, 0)
	p.next.Candidate = nil
	p.enter(v1alpha1.PhaseRolledBack)
	return true
}

// revert ends a rollout because the target asks for stable again: no new pods, no steps.
func (p *pass) revert() bool {
	if p.next.Candidate == nil || !p.asks() || p.seen.Target.Revision != p.next.Stable.Revision {
		return false
	}
	p.drop(v1alpha1.OutcomeReverted, Note{
		Reason: v1alpha1.ReasonReverted, Severity: Info, Transition: true,
		Message: reverted(p.next.Candidate.VersionStatus, *p.next.Stable),
	})
	return true
}

// supersede ends a rollout because the target asks for something newer; start makes the new candidate.
func (p *pass) supersede() bool {
	c := p.next.Candidate
	if c == nil || !p.asks() || p.seen.Target.Revision == c.Revision {
		return false
	}
	p.drop(v1alpha1.OutcomeSuperseded, Note{
		Reason: v1alpha1.ReasonSuperseded, Severity: Info, Transition: true,
		Message: superseded(c.VersionStatus, p.seen.Target.Image),
	})
	return true
}

// drop ends the candidate without calling it bad. One that is being rolled back has been recorded as that. One that never had
// traffic has none to lose, and goes at once; one that was to return had some as stable, and may still be at work on it.
func (p *pass) drop(outcome v1alpha1.Outcome, n Note) {
	c, rollingBack := p.next.Candidate, p.next.Phase == v1alpha1.PhaseRollingBack
	p.noteRollout(n)
	if !rollingBack {
		p.record(outcome, n.Reason, n.Message)
	}
	if rollingBack || c.Weight > 0 || c.Returning {
		p.leave(nil)
	}
	p.forgetGates()
	p.ask(v1alpha1.AfterRollout, 0)
	p.next.Candidate, p.next.Step, p.next.Pause, p.next.RolledBackRevision = nil, nil, nil, ""
	p.enter(v1alpha1.PhaseSucceeded)
}

// leave lets the candidate retire, if it ever had pods.
func (p *pass) leave(since *v1alpha1.Time) {
	c := p.next.Candidate
	if c.Share > 0 || c.Weight > 0 {
		p.retiring(c.VersionStatus, since)
		p.next.Retiring[len(p.next.Retiring)-1].Proven = c.Returning
	}
}

// recoverToStable ends RolledBack when the target asks for stable again.
func (p *pass) recoverToStable() bool {
	if p.next.Phase != v1alpha1.PhaseRolledBack || !p.asks() ||
		p.seen.Target.Revision != p.next.Stable.Revision {
		return false
	}
	p.next.RolledBackRevision = ""
	p.enter(v1alpha1.PhaseSucceeded)
	p.note(Note{
		Reason: v1alpha1.ReasonReverted, Severity: Good, Transition: true,
		Message: recovered(*p.next.Stable), To: p.next.Stable.Image,
	})
	return true
}

// deadline rolls back what should have happened by itself and did not. A weight that nobody can see is no failure of the
// candidate, so only a data plane that answers, and says otherwise, counts.
func (p *pass) deadline() bool {
	limit := p.spec.ProgressDeadline.Of()
	if !p.active() || !p.refuge() {
		return false
	}
	c := p.next.Candidate
	if late := p.since(c.NotReadySince); c.NotReadySince != nil && late > limit {
		p.rollBack(v1alpha1.ReasonProgressDeadline, notReady(c.Version, p.seen.Versions[c.Version].Endpoints, p.size(c.Version), late))
		return true
	}
	if g := p.overdue(); g != nil {
		p.rollBack(v1alpha1.ReasonWebhookRefused, webhookOverdue(*g, p.since(g.Since)))
		return true
	}
	if late := p.landingFor(); late > limit && p.seen.Traffic.Landed != nil && !p.landed(p.weights()) {
		p.rollBack(v1alpha1.ReasonProgressDeadline, notLanded(p.wanted(), p.seen.Traffic.Landed, late))
		return true
	}
	return false
}

// wanted lists the weights that the status asks for, by version.
func (p *pass) wanted() map[string]int64 {
	w := p.weights()
	return map[string]int64{p.next.Stable.Version: int64(w.Stable()), p.next.Candidate.Version: int64(w.Candidate())}
}

// landingFor is how long a written weight has not been applied.
func (p *pass) landingFor() time.Duration {
	switch s := p.next.Step; {
	case s != nil && s.LandedAt == nil:
		return p.since(s.StartedAt)
	case p.next.Phase == v1alpha1.PhasePromoting && p.next.Candidate.Weight == 100:
		return p.since(p.next.PhaseSince)
	default:
		return 0
	}
}

// timeout ends a step that took too long, as the spec says.
func (p *pass) timeout() bool {
	s := p.next.Step
	if p.next.Phase != v1alpha1.PhaseProgressing || s == nil || s.Leave != "" || p.held().why != "" {
		return false
	}
	took, limit := p.since(stepBegan(p.next)), stepTimeout(p.spec, p.currentStep())
	if took <= limit {
		return false
	}
	why := tookTooLong(s.Position, took, limit, p.holding())
	switch action := p.spec.Analysis.OnTimeout; {
	case action == v1alpha1.OnTimeoutRollBack && !p.refuge():
		return false
	case action == v1alpha1.OnTimeoutRollBack:
		p.rollBack(v1alpha1.ReasonStepTimeout, why)
	case action == v1alpha1.OnTimeoutPromote && p.needsApproval():
		p.pause(v1alpha1.PauseApproval, why)
	case action == v1alpha1.OnTimeoutPromote && s.LandedAt != nil && !p.accused() && p.holdsBack() == "":
		s.Leave = why
	default:
		p.pause(v1alpha1.PauseTimeout, why)
	}
	return true
}

// accused says whether the newest window speaks against the candidate.
func (p *pass) accused() bool {
	s := p.next.Step
	return s.Failed > 0 || s.Decision == v1alpha1.DecisionRollBack ||
		s.Cause == string(judge.Suspicious) || s.Cause == string(judge.Breaking)
}

// pause keeps the weight until a person decides.
func (p *pass) pause(reason v1alpha1.PauseReason, why string) {
	p.next.Pause = &v1alpha1.PauseStatus{Reason: reason, Since: v1alpha1.At(p.now)}
	p.enter(v1alpha1.PhasePaused)
	p.noteRollout(Note{Reason: v1alpha1.ReasonPaused, Severity: Info, Transition: true, Message: why})
}

// record adds the rollout of now to the history, the newest first.
func (p *pass) record(outcome v1alpha1.Outcome, reason, message string) {
	c := p.next.Candidate
	p.next.History = append([]v1alpha1.RolloutRecord{{
		VersionStatus: c.VersionStatus, Outcome: outcome, Reason: reason, Message: message,
		StartedAt: c.StartedAt, EndedAt: v1alpha1.At(p.now), Waited: p.waited(),
	}}, p.next.History...)
	if len(p.next.History) > maxHistory {
		p.next.History = p.next.History[:maxHistory]
	}
}
