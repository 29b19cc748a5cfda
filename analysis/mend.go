package analysis

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// mend makes a status whole that an older release, a restored backup or a person's edit left with parts missing or at odds,
// so that every transition can rely on what belongs to its phase. What Decide itself writes is never changed by it, unless
// the clock was stepped back.
func (p *pass) mend() {
	if len(p.spec.Steps) == 0 {
		p.spec.Steps = []v1alpha1.Step{{Weight: 100}}
	}
	p.mendStable()
	p.mendCandidate()
	p.mendPhase()
	p.mendStep()
	p.mendRetiring()
	p.mendGates()
	p.mendNumbers()
	p.mendTimes()
}

// mendStable finds stable again among the versions that exist, when the status was lost: the one with the most endpoints,
// and the oldest of those. Where none of them served yet, the target is adopted as if for the first time. Either way none is
// deleted before something else serves.
func (p *pass) mendStable() {
	if p.next.Stable != nil {
		return
	}
	p.next.Candidate, p.next.Phase = nil, ""
	names := slices.SortedFunc(maps.Keys(p.seen.Versions), byNumber)
	if len(names) == 0 {
		return
	}
	best, size := names[0], p.seen.Target.Replicas
	for _, name := range names {
		size = max(size, p.seen.Versions[name].Replicas)
		if p.seen.Versions[name].Endpoints > p.seen.Versions[best].Endpoints {
			best = name
		}
	}
	if p.next.TargetReplicas == nil {
		p.next.TargetReplicas = &size
	}
	led := p.seen.Apex.Leads == LeadStable || p.seen.Apex.Leads == LeadProxy || p.seen.Target.Replicas == 0
	if led && p.seen.Versions[best].Endpoints > 0 {
		p.next.Stable = &v1alpha1.VersionStatus{Version: best, Revision: unknown, Image: unknown}
	}
	for _, name := range names {
		p.retiring(v1alpha1.VersionStatus{Version: name, Revision: unknown}, nil)
	}
}

// unknown stands for the revision and the image of a version whose record was lost.
const unknown = "unknown"

// mendCandidate drops a candidate that is none, and keeps its weight in bounds.
func (p *pass) mendCandidate() {
	c := p.next.Candidate
	if c == nil {
		return
	}
	if c.Version == "" || c.Version == p.next.Stable.Version {
		p.next.Candidate = nil
		return
	}
	c.Weight = Split(c.Weight).Candidate()
	c.Share = max(Split(c.Share).Candidate(), c.Weight)
	if c.StartedAt == nil {
		c.StartedAt = v1alpha1.At(p.now)
	}
}

// mendPhase finds the phase that fits what is known of stable and the candidate.
func (p *pass) mendPhase() {
	phase := p.next.Phase
	switch {
	case p.next.Stable == nil:
		phase = ""
	case p.next.Candidate != nil:
		phase = p.phaseWithCandidate()
	case phase == v1alpha1.PhaseRollingBack:
		phase = v1alpha1.PhaseRolledBack
	case phase != v1alpha1.PhaseInitializing && phase != v1alpha1.PhaseRolledBack:
		phase = v1alpha1.PhaseSucceeded
	}
	if phase != p.next.Phase {
		p.enter(phase)
	}
	if p.next.PhaseSince == nil && phase != "" {
		p.next.PhaseSince = v1alpha1.At(p.now)
	}
	serves := p.next.Stable != nil && phase != v1alpha1.PhaseInitializing
	if serves && p.next.AdoptedAt == nil {
		p.next.AdoptedAt = v1alpha1.At(p.now)
	}
}

// phaseWithCandidate is the phase of a status that names a candidate. In a phase that has none, the candidate goes.
func (p *pass) phaseWithCandidate() v1alpha1.Phase {
	c := p.next.Candidate
	switch phase := p.next.Phase; phase {
	case v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting:
		return phase
	case v1alpha1.PhaseRollingBack:
		c.Weight, p.next.RolledBackRevision = 0, c.Revision
		return phase
	case v1alpha1.PhaseInitializing, v1alpha1.PhaseSucceeded, v1alpha1.PhaseRolledBack:
		p.retiring(c.VersionStatus, nil)
		p.next.Candidate = nil
		return phase
	default:
		return v1alpha1.PhaseProgressing
	}
}

// mendStep gives a candidate with weight a step to stand on, and takes away a step or a pause that belongs to no phase of now.
func (p *pass) mendStep() {
	c := p.next.Candidate
	testing := p.next.Phase == v1alpha1.PhaseProgressing || p.next.Phase == v1alpha1.PhasePaused
	switch {
	case !testing || c.Weight == 0:
		p.next.Step = nil
	case p.next.Step == nil:
		p.standOn(p.currentIndex())
	}
	if s := p.next.Step; s != nil {
		s.Passed, s.Failed = max(s.Passed, 0), max(s.Failed, 0)
		if s.StartedAt == nil {
			s.StartedAt = v1alpha1.At(p.now)
		}
	}
	switch {
	case p.next.Phase != v1alpha1.PhasePaused:
		p.next.Pause = nil
	case p.next.Pause == nil:
		p.next.Pause = &v1alpha1.PauseStatus{Reason: v1alpha1.PauseCommand, Since: v1alpha1.At(p.now)}
	}
}

// mendRetiring keeps each version in one role.
func (p *pass) mendRetiring() {
	known := map[string]bool{"": true}
	if p.next.Stable != nil {
		known[p.next.Stable.Version] = true
	}
	if p.next.Candidate != nil {
		known[p.next.Candidate.Version] = true
	}
	p.next.Retiring = slices.DeleteFunc(p.next.Retiring, func(r v1alpha1.RetiringStatus) bool {
		again := known[r.Version]
		known[r.Version] = true
		return again
	})
	for i := range p.next.Retiring {
		if r := &p.next.Retiring[i]; r.LostAt == nil {
			r.LostAt = v1alpha1.At(p.now)
		}
	}
}

// mendGates drops questions that nothing asks for, and begins the clocks of those that lost theirs.
func (p *pass) mendGates() {
	if p.next.Stable == nil {
		p.next.Gates = nil
	}
	for i := range p.next.Gates {
		if g := &p.next.Gates[i]; g.Since == nil {
			g.Since = v1alpha1.At(p.now)
		}
	}
}

// mendNumbers keeps the highest version number at least as high as every version that is known.
func (p *pass) mendNumbers() {
	s := &p.next
	s.LastVersion = max(s.LastVersion, 0)
	for _, a := range s.Announcements {
		s.LastAnnouncement = max(s.LastAnnouncement, a.Seq)
	}
	for i := range s.Deliveries {
		s.Deliveries[i].Seq = min(s.Deliveries[i].Seq, s.LastAnnouncement)
	}
	if s.Stable != nil {
		s.LastVersion = max(s.LastVersion, number(s.Stable.Version))
	}
	if s.Candidate != nil {
		s.LastVersion = max(s.LastVersion, number(s.Candidate.Version))
	}
	for _, r := range s.Retiring {
		s.LastVersion = max(s.LastVersion, number(r.Version))
	}
	if len(s.History) > maxHistory {
		s.History = s.History[:maxHistory]
	}
}

// ahead says whether t is later than u.
func ahead(t, u *v1alpha1.Time) bool { return t != nil && t.After(u.Time) }

// byNumber orders versions by their numbers.
func byNumber(a, b string) int { return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a, b)) }

// number is the number of a version, 0 for a name that has none.
func number(version string) int32 {
	n, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 32)
	if err != nil {
		return 0
	}
	return max(int32(n), 0)
}
