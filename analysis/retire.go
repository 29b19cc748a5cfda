package analysis

import (
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"
)

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
// first version does not serve yet. What was seen when it was decided tells of the weights before that. At a Gateway silence
// has one meaning, that the route of before is obeyed, so it never is an answer.
func (p *pass) drained(r v1alpha1.RetiringStatus) bool {
	switch {
	case p.seen.Traffic.Landed[r.Version] > 0 || (r.Since == nil && p.since(r.LostAt) == 0):
		return false
	case r.Since != nil || p.landed(p.weights()):
		return true
	default:
		return !p.usesGateway() && p.next.Phase != v1alpha1.PhaseInitializing && p.since(r.LostAt) > p.spec.ProgressDeadline.Of()
	}
}

// retiring notes that a version gets no more traffic, and since when the data plane was seen to send it none, nil if it was not.
func (p *pass) retiring(v v1alpha1.VersionStatus, since *v1alpha1.Time) {
	p.next.Retiring = append(p.next.Retiring, v1alpha1.RetiringStatus{
		Version: v.Version, Revision: v.Revision, Image: v.Image, LostAt: v1alpha1.At(p.now), Since: since,
	})
}

// bringBack gives a version its traffic back that was stable a moment ago and still has its pods, because the target asks for
// it again. It was judged when it became stable, so there are no steps; and it is a way back, so nothing holds it.
func (p *pass) bringBack() bool {
	if !p.due() || p.obstacle() != nil {
		return false
	}
	i := slices.IndexFunc(p.next.Retiring, func(r v1alpha1.RetiringStatus) bool {
		return r.Proven && r.Revision == p.seen.Target.Revision && p.seen.Versions[r.Version].Endpoints > 0
	})
	if i < 0 {
		return false
	}
	r := p.next.Retiring[i]
	p.next.Retiring = slices.Delete(slices.Clone(p.next.Retiring), i, i+1)
	if len(p.next.Retiring) == 0 {
		p.next.Retiring = nil
	}
	p.candidate(v1alpha1.CandidateStatus{
		VersionStatus: v1alpha1.VersionStatus{Version: r.Version, Revision: r.Revision, Image: r.Image},
		Share:         100, Returning: true,
	})
	p.enter(v1alpha1.PhasePromoting)
	p.noteRollout(Note{
		Reason: v1alpha1.ReasonReverted, Severity: Info, Transition: true,
		Message: bringingBack(p.next.Candidate.VersionStatus, *p.next.Stable),
	})
	return true
}
