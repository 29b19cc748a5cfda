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
		p.waitForWeight(a)
	case v1alpha1.PhaseSucceeded, v1alpha1.PhaseRolledBack:
	}
	for _, r := range p.next.Retiring {
		if r.Since == nil {
			a.after(r.LostAt, p.spec.ProgressDeadline.Of())
			a.poll(r.LostAt)
		}
		a.after(r.Since, p.spec.ScaleDownDelay.Of())
	}
	if p.targetReplicas() == nil && p.seen.Target.ReplicasOwner == "" {
		a.after(p.next.AdoptedAt, p.spec.ScaleDownDelay.Of())
	}
	return a.next
}

// waitForTeardown waits for the versions to finish what they have begun. All else is an event, looked for all the same.
func (p *pass) waitForTeardown() time.Duration {
	a := &alarm{p: p}
	a.in(pollLate)
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
	if p.next.Phase == v1alpha1.PhaseProgressing && !p.spec.Suspend {
		a.after(p.stepBegan(), p.stepTimeout())
	}
}

// nextWindow is the time until the next window should be readable. One that is a little late is looked for soon; one that
// does not come is waited for like the one after it.
func (p *pass) nextWindow() time.Duration {
	from, length := p.next.Step.LandedAt.Time, p.spec.Analysis.Interval.Of()
	if last := p.next.Step.LastWindow; last != nil {
		from = last.Time
	}
	due := windowEnd(from, length).Add(lateWindow).Sub(p.now)
	switch {
	case due > 0:
		return due
	case -due < veryLate || length <= 0:
		return pollSoon
	default:
		return p.now.Add(-lateWindow).Truncate(length).Add(length + lateWindow).Sub(p.now)
	}
}
