package analysis

import (
	"strconv"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// adopt makes the target's revision the first version. Nothing is made while something stands in the way.
func (p *pass) adopt() bool {
	if p.next.Stable != nil || !p.asks() || p.obstacle() != nil {
		return false
	}
	if size := p.seen.Target.Replicas; size > 0 || p.next.TargetReplicas == nil {
		p.next.TargetReplicas = &size
	}
	p.next.Stable = p.newVersion()
	p.enter(v1alpha1.PhaseInitializing)
	p.note(Note{
		Reason:   v1alpha1.ReasonInitializing,
		Message:  adopting(p.next.Stable.Version, p.seen.Target.Image, p.replicas()),
		Severity: Info, To: p.seen.Target.Image,
	})
	return true
}

// readopt gives up a first version that never served, because the target asks for something else now.
func (p *pass) readopt() bool {
	if p.next.Phase != v1alpha1.PhaseInitializing || p.next.Stable == nil || !p.asks() ||
		p.seen.Target.Revision == p.next.Stable.Revision {
		return false
	}
	old := *p.next.Stable
	p.retiring(old, nil)
	p.next.Stable = p.newVersion()
	p.enter(v1alpha1.PhaseInitializing)
	p.note(Note{
		Reason:   v1alpha1.ReasonTargetChanged,
		Message:  readopting(p.next.Stable.Version, old.Version),
		Severity: Info, From: old.Image, To: p.next.Stable.Image,
	})
	return true
}

// serve ends the initialisation: the first version is ready, has all traffic, and the apex leads to it.
func (p *pass) serve() bool {
	if p.next.Phase != v1alpha1.PhaseInitializing || p.next.Stable == nil || !p.endpointsReady(p.next.Stable.Version) ||
		!p.landed(Weights{}) || !p.apexServes() {
		return false
	}
	p.next.AdoptedAt = v1alpha1.At(p.now)
	p.enter(v1alpha1.PhaseSucceeded)
	p.note(Note{
		Reason:   v1alpha1.ReasonAdopted,
		Message:  adopted(p.next.Stable.Version, p.next.Stable.Image, p.seen.Versions[p.next.Stable.Version].Endpoints),
		Severity: Good, Transition: true, To: p.next.Stable.Image,
	})
	return true
}

// apexServes says whether callers of the apex reach the data plane, or stable where no data plane is in the apex's path.
func (p *pass) apexServes() bool {
	if p.usesProxy() {
		return p.seen.Apex.Leads == LeadProxy && p.seen.Apex.ProxyEndpoints > 0
	}
	return p.seen.Apex.Found && (p.seen.Apex.Leads == LeadStable || p.seen.Apex.Foreign != "")
}

// trackTarget follows a size that somebody else gives the target, because it is the default size of the versions.
func (p *pass) trackTarget() bool {
	t := p.seen.Target
	if !t.Found || t.ReplicasOwner == "" || t.Replicas == 0 || p.next.TargetReplicas == nil ||
		*p.next.TargetReplicas == t.Replicas {
		return false
	}
	size := t.Replicas
	p.next.TargetReplicas = &size
	return true
}

// newVersion numbers a version for what the target asks to run. Numbers only count up, also over versions that a lost
// status does not know.
func (p *pass) newVersion() *v1alpha1.VersionStatus {
	p.next.LastVersion = max(p.next.LastVersion, p.seen.HighestVersion) + 1
	return &v1alpha1.VersionStatus{
		Version:  "v" + strconv.Itoa(int(p.next.LastVersion)),
		Revision: p.seen.Target.Revision,
		Image:    p.seen.Target.Image,
	}
}

// obstacle is what stands in the way of making anything, nil if nothing does.
type obstacle struct{ reason, message string }

func (p *pass) obstacle() *obstacle {
	refused := p.change().refused
	switch {
	case p.seen.Blocked != "":
		return &obstacle{v1alpha1.ReasonNameTaken, p.seen.Blocked}
	case refused != "":
		return &obstacle{v1alpha1.ReasonProviderUnavailable, refused}
	case p.usesProxy() && p.seen.Apex.Foreign != "":
		return &obstacle{v1alpha1.ReasonApexNotOwned, p.seen.Apex.Foreign}
	default:
		return nil
	}
}
