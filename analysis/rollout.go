package analysis

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// start makes a candidate of a revision that is neither stable nor rolled back.
func (p *pass) start() bool {
	if !p.due() || p.obstacle() != nil || p.heldFromStart().why != "" {
		return false
	}
	p.candidate(v1alpha1.CandidateStatus{VersionStatus: *p.newVersion()})
	p.enter(v1alpha1.PhaseProgressing)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonNewRevision, Severity: Info, Transition: true,
		Message: newRevision(p.next.Candidate.VersionStatus, *p.next.Stable),
	})
	return true
}

// candidate begins a rollout. It has no pods yet.
func (p *pass) candidate(c v1alpha1.CandidateStatus) {
	p.next.RolledBackRevision = ""
	p.next.Checks, p.next.Evidence = nil, nil
	p.forgetGates()
	if p.next.FloorReplicas == nil {
		floor := p.asked()
		p.next.FloorReplicas = &floor
	}
	c.StartedAt = v1alpha1.At(p.now)
	p.next.Candidate = &c
}

// open gives a candidate its first pods, once nothing holds it and the webhooks before the rollout said yes.
func (p *pass) open() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhaseProgressing || c.Share > 0 || p.heldByPeople().why != "" {
		return false
	}
	if p.ask(v1alpha1.BeforeRollout, 0) {
		return true
	}
	return p.closed(v1alpha1.BeforeRollout, 0) == nil && p.grow(p.spec.Steps[0].Weight)
}

// readiness keeps the clock of the candidate's missing endpoints.
func (p *pass) readiness() bool {
	c := p.next.Candidate
	if c == nil || p.next.Phase == v1alpha1.PhaseRollingBack {
		return false
	}
	missing := p.size(c.Version) > 0 && !p.candidateReady()
	if missing == (c.NotReadySince != nil) {
		return false
	}
	c.NotReadySince = nil
	if missing {
		c.NotReadySince = v1alpha1.At(p.now)
	}
	return true
}

// begin gives a ready candidate its first weight.
func (p *pass) begin() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhaseProgressing || p.next.Step != nil || c.Share == 0 || p.held().why != "" {
		return false
	}
	return p.rise(0, allReady(p.seen.Versions[c.Version].Endpoints, p.size(c.Version)))
}

// rise gives the candidate the weight of a step, or all traffic after the last, as soon as it has the pods for it and the
// webhooks said yes. It says whether it did something towards that.
func (p *pass) rise(index int, why string) bool {
	weight, when := int32(100), v1alpha1.BeforePromotion
	if index < len(p.spec.Steps) {
		weight, when = p.spec.Steps[index].Weight, v1alpha1.BeforeStep
	}
	if acted, may := p.prepare(when, weight); !may {
		return acted
	}
	if when == v1alpha1.BeforePromotion {
		p.toPromotion(why)
	} else {
		p.climb(index, why)
	}
	return true
}

// prepare does what must come before a weight: the pods for it, then the questions to webhooks. It says whether it did
// something just now, and whether the weight may be given: nothing is missing and nothing holds it.
func (p *pass) prepare(when v1alpha1.WebhookPoint, weight int32) (acted, may bool) {
	switch {
	case p.grow(weight):
		return true, false
	case p.holdsBack() != "":
		return false, false
	case p.ask(when, weight):
		return true, false
	default:
		return false, p.closed(when, weight) == nil
	}
}

// climb puts the candidate on a step.
func (p *pass) climb(index int, why string) {
	c := p.next.Candidate
	from := c.Weight
	c.Weight = p.spec.Steps[index].Weight
	p.standOn(index)
	p.noteRollout(Note{Reason: v1alpha1.ReasonWeightRaised, Severity: Info, Message: raised(from, c.Weight, why)})
}

// standOn begins a step: nothing was seen on it yet.
func (p *pass) standOn(index int) {
	p.next.Step = &v1alpha1.StepStatus{
		Index:     int32(index),
		Position:  fmt.Sprintf("%d/%d", index+1, len(p.spec.Steps)),
		StartedAt: v1alpha1.At(p.now),
	}
}

// land starts a step's dwell when the data plane applies its weight and somebody answers. A person who scaled to 0 takes that
// back: what callers then get is not the candidate's doing.
func (p *pass) land() bool {
	s := p.next.Step
	if s == nil || p.next.Candidate == nil {
		return false
	}
	if s.LandedAt != nil && p.replicas() == 0 {
		s.LandedAt, s.StartedAt, s.Failed = nil, v1alpha1.At(p.now), 0
		s.Decision, s.Cause, s.Finding = "", "", ""
		return true
	}
	answers := p.seen.Versions[p.next.Candidate.Version].Endpoints > 0 && p.replicas() > 0
	if s.LandedAt != nil || !answers || !p.landed(p.weights()) {
		return false
	}
	s.LandedAt = v1alpha1.At(p.now)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonWeightLanded, Severity: Info, Minor: true,
		Message: landedAfter(p.next.Candidate.Weight, p.since(s.StartedAt)),
	})
	return true
}

// advance leaves a step whose dwell is over and whose newest window passed.
func (p *pass) advance() bool {
	s := p.next.Step
	if p.next.Phase != v1alpha1.PhaseProgressing || s == nil || p.held().why != "" {
		return false
	}
	if s.Leave != "" {
		return p.rise(p.nextIndex(), s.Leave)
	}
	step := p.currentStep()
	ready := s.LandedAt != nil && p.candidateReady() && p.seen.Target.Found
	if !ready || p.since(s.LandedAt) < step.Dwell.Of() || !p.evident() {
		return false
	}
	if p.needsApproval() {
		p.pause(v1alpha1.PauseApproval, waitsForApproval(s.Position, p.next.Candidate.Weight))
		return true
	}
	return p.rise(p.nextIndex(), p.whyAdvance(step.Dwell.Of()))
}

// whyAdvance says what there is for leaving the step.
func (p *pass) whyAdvance(dwell time.Duration) string {
	s := p.next.Step
	if p.byEvidence() {
		return provenStep(s.Finding, dwell)
	}
	return passedStep(s.Passed, dwell)
}

// needsApproval says whether a person has yet to approve that the step is left.
func (p *pass) needsApproval() bool {
	return p.currentStep().Approval == v1alpha1.ApprovalRequired && !p.next.Step.Approved
}

// evident says whether there is evidence for the candidate now: that of the newest window, and it is not an old one. What
// passed before the metrics fell silent is none.
func (p *pass) evident() bool {
	s := p.next.Step
	enough := p.windowVerdict() == v1alpha1.VerdictPass
	if p.byEvidence() {
		enough = s.Decision == v1alpha1.DecisionAdvance
	}
	return s.Passed > 0 && enough && p.seen.MetricsError == "" && !p.old(s.LastWindow)
}

// nextIndex is the step above the weight of now, or the number of steps after the last. Steps that were edited away under a
// running rollout are skipped, and no planned weight above is jumped.
func (p *pass) nextIndex() int {
	i := slices.IndexFunc(p.spec.Steps, func(s v1alpha1.Step) bool { return s.Weight > p.next.Candidate.Weight })
	if i < 0 {
		return len(p.spec.Steps)
	}
	return i
}

func (p *pass) toPromotion(why string) {
	p.next.Step, p.next.Pause = nil, nil
	p.enter(v1alpha1.PhasePromoting)
	p.noteRollout(Note{Reason: v1alpha1.ReasonPromoting, Severity: Info, Message: promoting(p.next.Candidate.Version, why)})
}

// currentStep is the step of the spec that belongs to the weight of now.
func (p *pass) currentStep() v1alpha1.Step { return stepAtWeight(p.spec, p.next.Candidate.Weight) }

func (p *pass) currentIndex() int { return max(p.nextIndex()-1, 0) }

// promote gives a candidate with all its endpoints ready all the traffic. The time to land counts from here.
func (p *pass) promote() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhasePromoting || c.Weight == 100 {
		return false
	}
	if acted, may := p.prepare(v1alpha1.BeforePromotion, 100); !may {
		return acted
	}
	from := c.Weight
	c.Weight = 100
	p.enter(v1alpha1.PhasePromoting)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonWeightRaised, Severity: Info,
		Message: raised(from, 100, allReady(p.seen.Versions[c.Version].Endpoints, p.size(c.Version))),
	})
	return true
}

// swap makes the candidate stable once all traffic has landed on it. Nothing is copied or restarted.
func (p *pass) swap() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhasePromoting || c.Weight != 100 || !p.candidateReady() || !p.landed(Split(100)) {
		return false
	}
	old, took, reason := *p.next.Stable, p.since(c.StartedAt), v1alpha1.ReasonPromoted
	message := promoted(c.VersionStatus, old, took)
	if c.Returning {
		reason, message = v1alpha1.ReasonReverted, returned(c.VersionStatus, old, took)
	}
	p.noteRollout(Note{Reason: reason, Severity: Good, Transition: true, Message: message})
	p.record(v1alpha1.OutcomePromoted, reason, message)
	p.retiring(old, v1alpha1.At(p.now))
	p.next.Retiring[len(p.next.Retiring)-1].Proven = true
	p.forgetGates()
	p.ask(v1alpha1.AfterRollout, 0)
	stable := c.VersionStatus
	p.next.Stable, p.next.Candidate, p.next.Step, p.next.Pause = &stable, nil, nil, nil
	p.enter(v1alpha1.PhaseSucceeded)
	return true
}
