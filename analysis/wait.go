package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// alarm collects instants at which time alone may change something, and keeps the nearest; 0 means never.
type alarm struct {
	p    *pass
	next time.Duration
}

// in rings after d.
func (a *alarm) in(d time.Duration) {
	d = max(d, time.Millisecond)
	if a.next == 0 || d < a.next {
		a.next = d
	}
}

// after rings when t is longer ago than d, and not again.
func (a *alarm) after(t *v1alpha1.Time, d time.Duration) {
	if t != nil && a.p.since(t) <= d {
		a.in(d - a.p.since(t) + time.Millisecond)
	}
}

// at rings at an instant that lies ahead.
func (a *alarm) at(t time.Time) {
	if !t.IsZero() && t.After(a.p.now) {
		a.in(t.Sub(a.p.now) + time.Millisecond)
	}
}

// poll rings soon for what began to be waited for at t, and the later the longer it does not come.
func (a *alarm) poll(t *v1alpha1.Time) { a.in(min(max(a.p.since(t)/10, pollSoon), pollLate)) }

// wait is the time until something can change without an event.
func (p *pass) wait() time.Duration {
	a := &alarm{p: p}
	switch p.next.Phase {
	case v1alpha1.PhaseInitializing:
		a.after(p.next.PhaseSince, p.spec.ProgressDeadline.Of())
		if p.endpointsReady(p.next.Stable.Version) {
			a.poll(p.next.PhaseSince)
		}
	case v1alpha1.PhaseRollingBack:
		a.after(p.next.PhaseSince, p.spec.ProgressDeadline.Of())
		a.poll(p.next.PhaseSince)
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting:
		a.after(p.next.Candidate.NotReadySince, p.spec.ProgressDeadline.Of())
		a.at(p.seen.Holds.Changes)
		p.waitForOthers(a)
		p.waitForAccess(a)
		p.waitForWeight(a)
	case v1alpha1.PhaseSucceeded, v1alpha1.PhaseRolledBack:
		if p.due() {
			a.at(p.seen.Holds.Changes)
			if r := p.heldFromStart().reason; r == v1alpha1.ReasonQueued || r == v1alpha1.ReasonWaitingForDependency {
				a.in(pollLate) // it also comes as an event
			}
		}
	}
	p.waitForRetiring(a)
	if p.targetReplicas() == nil && p.seen.Target.ReplicasOwner == "" {
		a.after(p.next.AdoptedAt, p.spec.ScaleDownDelay.Of())
	}
	return a.next
}

// waitForRetiring waits until versions have no traffic, and then for scaleDownDelay.
func (p *pass) waitForRetiring(a *alarm) {
	for _, r := range p.next.Retiring {
		if r.Since == nil {
			a.after(r.LostAt, p.spec.ProgressDeadline.Of())
			a.poll(r.LostAt)
		}
		a.after(r.Since, p.spec.ScaleDownDelay.Of())
	}
}

// waitForOthers waits for pods in trouble to get over it, and for webhooks to say yes, as long as each may take.
func (p *pass) waitForOthers(a *alarm) {
	if t := p.seen.Versions[p.next.Candidate.Version].Trouble; t != nil && t.Kind != TroubleLasting {
		a.after(v1alpha1.At(t.Since), p.grace(t.Kind))
	}
	for _, g := range p.waitingGates() {
		if p.next.Phase != v1alpha1.PhasePaused {
			a.after(p.gateBegan(g), p.webhook(g).Deadline.Of())
		}
	}
}

// waitForAccess asks again who calls stable and what they may ask: neither comes as an event.
func (p *pass) waitForAccess(a *alarm) {
	if p.next.Phase != v1alpha1.PhasePaused && p.accessLack().why != "" {
		a.in(pollLate)
	}
}

// waitForTeardown waits for the versions to finish what they have begun. All else is an event, looked for all the same.
func (p *pass) waitForTeardown() time.Duration {
	a := &alarm{p: p}
	a.in(pollLate)
	p.waitForRetiring(a)
	for _, r := range p.next.Retiring {
		a.after(r.LostAt, p.mostRetiring())
	}
	a.after(p.next.WithdrawnAt, p.spec.ScaleDownDelay.Of())
	return a.next
}

// waitForWeight waits for the candidate's weight to land, and then for its next window.
func (p *pass) waitForWeight(a *alarm) {
	s := p.next.Step
	switch {
	case p.next.Phase == v1alpha1.PhasePromoting && p.next.Candidate.Weight == 100:
		a.after(p.next.PhaseSince, p.spec.ProgressDeadline.Of())
		a.poll(p.next.PhaseSince)
	case s == nil:
		return
	case s.LandedAt == nil:
		a.after(s.StartedAt, p.spec.ProgressDeadline.Of())
		a.poll(s.StartedAt)
	default:
		a.in(p.nextWindow())
		if p.next.Phase == v1alpha1.PhaseProgressing {
			a.after(s.LandedAt, p.currentStep().Dwell.Of())
		}
	}
	if p.next.Phase == v1alpha1.PhaseProgressing && p.held().why == "" && s.Leave == "" {
		a.after(stepBegan(p.next), stepTimeout(p.spec, p.currentStep()))
	}
}

// nextWindow is the time until the next window should be readable. One that is a little late is looked for soon; one that does
// not come ever more rarely, and at the latest where it ends at a server that knows only windows that end at multiples of their
// length.
func (p *pass) nextWindow() time.Duration {
	length := p.spec.Analysis.Interval.Of()
	begin, _ := NextWindow(p.next.Step, length)
	due := begin.Add(length + lateWindow).Sub(p.now)
	switch {
	case p.unborn(p.next.Step.LastWindow):
		return pollLate // a clock was set, and will be set right at any time
	case due > 0:
		return due
	case -due < veryLate || length <= 0:
		return pollSoon
	default:
		return min(-due, p.now.Add(-lateWindow).Truncate(length).Add(length+lateWindow).Sub(p.now))
	}
}
