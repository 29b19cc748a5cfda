package analysis

import (
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// start makes a candidate of a revision that is neither stable nor rolled back.
func (p *pass) start() bool {
	idle := p.next.Phase == v1alpha1.PhaseSucceeded || p.next.Phase == v1alpha1.PhaseRolledBack
	if !idle || p.next.Candidate != nil || !p.asks() || p.spec.Suspend || p.obstacle() != nil {
		return false
	}
	revision := p.seen.Target.Revision
	if revision == p.next.Stable.Revision || revision == p.next.RolledBackRevision {
		return false
	}
	p.next.RolledBackRevision = ""
	p.next.Checks = nil
	p.next.Candidate = &v1alpha1.CandidateStatus{
		VersionStatus: *p.newVersion(),
		NotReadySince: v1alpha1.At(p.now),
		StartedAt:     v1alpha1.At(p.now),
	}
	p.enter(v1alpha1.PhaseProgressing)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonNewRevision, Severity: Info, Transition: true,
		Message: newRevision(p.next.Candidate.VersionStatus, *p.next.Stable),
	})
	return true
}

// readiness keeps the clock of the candidate's missing endpoints.
func (p *pass) readiness() bool {
	c := p.next.Candidate
	if c == nil || p.next.Phase == v1alpha1.PhaseRollingBack {
		return false
	}
	missing := p.replicas() > 0 && !p.candidateReady()
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
	if p.next.Phase != v1alpha1.PhaseProgressing || p.next.Step != nil || p.holdsBack() != "" {
		return false
	}
	p.climb(0, allReady(p.seen.Versions[p.next.Candidate.Version].Endpoints, p.replicas()))
	return true
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

// land starts a step's dwell when the data plane applies its weight.
func (p *pass) land() bool {
	s := p.next.Step
	if s == nil || s.LandedAt != nil || p.next.Candidate == nil || !p.landed(p.weights()) {
		return false
	}
	s.LandedAt = v1alpha1.At(p.now)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonWeightLanded, Severity: Info,
		Message: landedAfter(p.next.Candidate.Weight, p.since(s.StartedAt)),
	})
	return true
}

// advance leaves a step whose dwell is over and whose newest window passed.
func (p *pass) advance() bool {
	s := p.next.Step
	if p.next.Phase != v1alpha1.PhaseProgressing || s == nil || s.LandedAt == nil || p.holdsBack() != "" {
		return false
	}
	step := p.currentStep()
	if p.since(s.LandedAt) < step.Dwell.Of() || !p.evident() {
		return false
	}
	if p.needsApproval() {
		p.pause(v1alpha1.PauseApproval, waitsForApproval(s.Position, p.next.Candidate.Weight))
		return true
	}
	p.leaveStep(passedStep(s.Passed, step.Dwell.Of()))
	return true
}

// needsApproval says whether a person has yet to approve that the step is left.
func (p *pass) needsApproval() bool {
	return p.currentStep().Approval == v1alpha1.ApprovalRequired && !p.next.Step.Approved
}

// evident says whether there is evidence for the candidate now: the newest window passed, and it is not an old one. What
// passed before the metrics fell silent is none.
func (p *pass) evident() bool {
	s := p.next.Step
	return s.Passed > 0 && p.windowVerdict() == v1alpha1.VerdictPass && p.seen.MetricsError == "" &&
		p.since(s.LastWindow) <= max(staleWindow, 3*p.spec.Analysis.Interval.Of())
}

// staleWindow is the age at which a window says nothing about the candidate of now, unless windows are long.
const staleWindow = time.Minute

// leaveStep goes to the next step above the weight of now, or to promotion after the last. Steps that were edited away
// under a running rollout are skipped, and no planned weight above is jumped.
func (p *pass) leaveStep(why string) {
	i := slices.IndexFunc(p.spec.Steps, func(s v1alpha1.Step) bool { return s.Weight > p.next.Candidate.Weight })
	if i < 0 {
		p.toPromotion(why)
		return
	}
	p.climb(i, why)
}

func (p *pass) toPromotion(why string) {
	p.next.Step, p.next.Pause = nil, nil
	p.enter(v1alpha1.PhasePromoting)
	p.noteRollout(Note{Reason: v1alpha1.ReasonPromoting, Severity: Info, Message: promoting(p.next.Candidate.Version, why)})
}

// currentStep is the step of the spec that belongs to the weight of now: the last that is not above it.
func (p *pass) currentStep() v1alpha1.Step { return p.spec.Steps[p.currentIndex()] }

func (p *pass) currentIndex() int {
	above := slices.IndexFunc(p.spec.Steps, func(s v1alpha1.Step) bool { return s.Weight > p.next.Candidate.Weight })
	if above < 0 {
		above = len(p.spec.Steps)
	}
	return max(above-1, 0)
}

// promote gives a candidate with all its endpoints ready all the traffic. The time to land counts from here.
func (p *pass) promote() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhasePromoting || c.Weight == 100 || p.holdsBack() != "" {
		return false
	}
	from := c.Weight
	c.Weight = 100
	p.enter(v1alpha1.PhasePromoting)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonWeightRaised, Severity: Info,
		Message: raised(from, 100, allReady(p.seen.Versions[c.Version].Endpoints, p.replicas())),
	})
	return true
}

// swap makes the candidate stable once all traffic has landed on it. Nothing is copied or restarted.
func (p *pass) swap() bool {
	c := p.next.Candidate
	if p.next.Phase != v1alpha1.PhasePromoting || c.Weight != 100 || !p.candidateReady() || !p.landed(Split(100)) {
		return false
	}
	old, took := *p.next.Stable, p.since(c.StartedAt)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonPromoted, Severity: Good, Transition: true,
		Message: promoted(c.VersionStatus, old, took),
	})
	p.record(v1alpha1.OutcomePromoted, v1alpha1.ReasonPromoted, p.lastMessage())
	p.retiring(old, v1alpha1.At(p.now))
	stable := c.VersionStatus
	p.next.Stable, p.next.Candidate, p.next.Step, p.next.Pause = &stable, nil, nil, nil
	p.enter(v1alpha1.PhaseSucceeded)
	return true
}

// retire lets versions go that lost their traffic long enough ago.
func (p *pass) retire() bool {
	if p.next.Stable == nil {
		return false
	}
	changed := false
	var kept []v1alpha1.RetiringStatus
	for _, r := range p.next.Retiring {
		switch drained := p.drained(r); {
		case drained && r.Since == nil:
			r.Since, changed = v1alpha1.At(p.now), true
		case !drained && r.Since != nil:
			r.Since, changed = nil, true
		}
		if r.Since != nil && p.since(r.Since) >= p.spec.ScaleDownDelay.Of() {
			changed = true
			continue
		}
		kept = append(kept, r)
	}
	p.next.Retiring = kept
	return changed
}

// drained says whether a version gets no traffic: the data plane said so, or nobody has said anything for the progress
// deadline. A version that the data plane still names keeps its pods, and so does one that may have traffic because the
// first version does not serve yet. What was seen when it was decided tells of the weights before that.
func (p *pass) drained(r v1alpha1.RetiringStatus) bool {
	switch {
	case p.seen.Traffic.Landed[r.Version] > 0 || (r.Since == nil && p.since(r.LostAt) == 0):
		return false
	case r.Since != nil || p.landed(p.weights()):
		return true
	default:
		return p.next.Phase != v1alpha1.PhaseInitializing && p.since(r.LostAt) > p.spec.ProgressDeadline.Of()
	}
}

// retiring notes that a version gets no more traffic, and since when the data plane was seen to send it none, nil if it was not.
func (p *pass) retiring(v v1alpha1.VersionStatus, since *v1alpha1.Time) {
	p.next.Retiring = append(p.next.Retiring, v1alpha1.RetiringStatus{
		Version: v.Version, Revision: v.Revision, LostAt: v1alpha1.At(p.now), Since: since,
	})
}
