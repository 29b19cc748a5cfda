package analysis

import "github.com/serin-dev/serin/api/v1alpha1"

// restraint is what keeps a rollout from going on, and the sentence for it; the zero value keeps nothing.
type restraint struct{ reason, why string }

// held is what a person, the calendar or TrafficTargets have against a rise of the weight. A version that returns is rolling
// back, which nothing holds.
func (p *pass) held() restraint {
	if r := p.heldByPeople(); r.why != "" {
		return r
	}
	return p.heldByAccess()
}

// heldByPeople is what a person or the calendar says against a rise of the weight. It keeps a candidate from having pods too.
func (p *pass) heldByPeople() restraint {
	if c := p.next.Candidate; c != nil && c.Returning {
		return restraint{}
	}
	switch h := p.seen.Holds; {
	case p.spec.Suspend:
		return restraint{v1alpha1.ReasonSuspended, suspended}
	case h.Freeze != nil:
		return restraint{v1alpha1.ReasonFrozen, frozen(*h.Freeze)}
	case h.Window != nil && !h.Window.Open:
		return restraint{v1alpha1.ReasonWindowClosed, windowClosed(*h.Window)}
	default:
		return restraint{}
	}
}

// heldFromStart is what keeps a new rollout from starting.
func (p *pass) heldFromStart() restraint {
	if r := p.held(); r.why != "" {
		return r
	}
	for _, d := range p.seen.Holds.Dependencies {
		if !d.Ready {
			return restraint{v1alpha1.ReasonWaitingForDependency, waitingFor(d)}
		}
	}
	if s := p.seen.Holds.Slots; s != nil && s.Running >= s.Limit {
		return restraint{v1alpha1.ReasonQueued, queued(*s)}
	}
	return restraint{}
}

// holdsBack says in a sentence why no weight may rise now, whoever asks for it; "" means that it may.
func (p *pass) holdsBack() string {
	switch {
	case !p.seen.Target.Found:
		return targetNotFound(p.spec.TargetRef.Name)
	case !p.candidateReady():
		return p.podsMissing()
	default:
		return p.held().why
	}
}

// hold stops the clock of a step's timeout while the step is held, and starts it anew afterwards.
func (p *pass) hold() bool {
	s := p.next.Step
	if s == nil || p.next.Candidate == nil {
		return false
	}
	held := p.held().why != ""
	switch {
	case held && s.HeldSince == nil:
		s.HeldSince = v1alpha1.At(p.now)
	case !held && s.HeldSince != nil:
		s.HeldSince, s.ReleasedAt = nil, v1alpha1.At(p.now)
	default:
		return false
	}
	return true
}

// due says whether the target asks for a revision that should be rolled out and is not.
func (p *pass) due() bool {
	idle := p.next.Phase == v1alpha1.PhaseSucceeded || p.next.Phase == v1alpha1.PhaseRolledBack
	if !idle || p.next.Candidate != nil || !p.asks() {
		return false
	}
	revision := p.seen.Target.Revision
	return revision != p.next.Stable.Revision && revision != p.next.RolledBackRevision
}
