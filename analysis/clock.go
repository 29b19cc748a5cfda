package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// stepClocks moves the clocks that run in the status along with a clock that was set, so that no time has passed on them by
// that alone: no dwell is over, no deadline is missed, and nothing starts anew. A window that was judged keeps its end, which
// another clock wrote.
func (p *pass) stepClocks() {
	if p.seen.Stepped == 0 {
		return
	}
	if p.seen.Stepped < 0 {
		p.keepLanding()
	}
	for _, t := range p.clocks() {
		if *t != nil {
			*t = v1alpha1.At((*t).Add(p.seen.Stepped))
		}
	}
}

// mendTimes begins the clocks again that a stepped-back clock put into the future: they would stand still until it has caught
// up.
func (p *pass) mendTimes() {
	now := v1alpha1.At(p.now)
	if s := p.next.Step; s != nil && ahead(s.LandedAt, now) {
		p.keepLanding()
	}
	for _, t := range p.clocks() {
		if ahead(*t, now) {
			*t = now
		}
	}
	if s := p.next.Step; s != nil && p.unborn(s.LastWindow) && p.measuredNow() {
		s.LastWindow = now
	}
}

// keepLanding has the newest window take the place of the landing before that is moved back, so that no window counts that was
// measured before.
func (p *pass) keepLanding() {
	if s := p.next.Step; s != nil && s.LandedAt != nil && !ahead(s.LastWindow, s.LandedAt) {
		s.LastWindow = s.LandedAt
	}
}

// unborn says whether a window ended so far in the future that one of two clocks must have been set back.
func (p *pass) unborn(end *v1alpha1.Time) bool {
	return ahead(end, v1alpha1.At(p.now.Add(staleWindow)))
}

// measuredNow says whether the clock that writes the windows' ends agrees with this one: where the newest window that was judged
// lies ahead of both, both were set back since, and a window that begins from now on holds nothing that was judged.
func (p *pass) measuredNow() bool {
	for _, sample := range p.seen.Samples {
		if p.now.Sub(sample.End).Abs() <= p.staleAfter() {
			return true
		}
	}
	return false
}

// clocks are the instants of the status from which time is measured by this clock.
func (p *pass) clocks() []**v1alpha1.Time {
	s := &p.next
	clocks := []**v1alpha1.Time{&s.PhaseSince, &s.AdoptedAt, &s.WithdrawnAt}
	if s.Candidate != nil {
		clocks = append(clocks, &s.Candidate.NotReadySince, &s.Candidate.StartedAt)
	}
	if step := s.Step; step != nil {
		clocks = append(clocks, &step.StartedAt, &step.LandedAt, &step.HeldSince, &step.ReleasedAt)
	}
	for i := range s.Gates {
		clocks = append(clocks, &s.Gates[i].Since, &s.Gates[i].AnsweredAt)
	}
	for i := range s.Retiring {
		clocks = append(clocks, &s.Retiring[i].Since, &s.Retiring[i].LostAt)
	}
	return clocks
}

// old says whether a window says nothing of now any more: it ended too long ago, or by a clock that is not this one.
func (p *pass) old(end *v1alpha1.Time) bool {
	return p.since(end) > p.staleAfter() || p.unborn(end)
}

// staleAfter is the age at which a window says nothing about the candidate of now.
func (p *pass) staleAfter() time.Duration { return max(staleWindow, 3*p.spec.Analysis.Interval.Of()) }

// staleWindow is staleAfter unless windows are long.
const staleWindow = time.Minute
