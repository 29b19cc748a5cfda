package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// What nobody tells of is looked for: after pollSoon at first, and ever more rarely down to pollLate while it does not come.
const (
	pollSoon = 500 * time.Millisecond
	pollLate = 10 * time.Second
)

// lateWindow is how long after its end a window is expected to be readable.
const lateWindow = 250 * time.Millisecond

// veryLate is how late a window is looked for by itself.
const veryLate = 2 * time.Second

// plan states the world that belongs to the new status. It depends on the status, not on how it came about, so that a crash
// after the status was written loses nothing.
func (p *pass) plan() Plan {
	p.announce()
	p.describe()
	return Plan{
		Status:         p.next,
		Weights:        p.weights(),
		Versions:       p.versions(),
		Split:          p.split(),
		KeepRoute:      p.change().kept,
		Apex:           p.apex(),
		TargetReplicas: p.targetReplicas(),
		Notes:          p.notes,
		Calls:          p.calls(),
		Wait:           p.wait(),
		Measure:        NeedsMetrics(p.next),
	}
}

// versions are stable, the candidate, and those that lost their traffic and are kept up, as large as they are, for a while.
func (p *pass) versions() []Version {
	var all []Version
	for _, r := range p.next.Retiring {
		all = append(all, Version{Name: r.Version, Role: RoleRetiring, Revision: r.Revision, Replicas: p.seen.Versions[r.Version].Replicas})
	}
	if s := p.next.Stable; s != nil {
		all = append(all, Version{Name: s.Version, Role: RoleStable, Revision: s.Revision, Replicas: p.size(s.Version)})
	}
	if c := p.next.Candidate; c != nil && c.Share > 0 {
		all = append(all, Version{Name: c.Version, Role: RoleCandidate, Revision: c.Revision, Replicas: p.size(c.Version)})
	}
	return all
}

// split is written once the first version has endpoints, so that no data plane ever sees one that leads nowhere.
func (p *pass) split() Existence {
	if p.next.Stable == nil || (p.next.Phase == v1alpha1.PhaseInitializing && !p.endpointsReady(p.next.Stable.Version)) {
		return Leave
	}
	return Present
}

// apex leads to the bundled proxies while there are any, else to stable; before the first version serves it is left alone.
func (p *pass) apex() ApexLead {
	initializing := p.next.Phase == v1alpha1.PhaseInitializing
	if p.next.Stable == nil || p.seen.Apex.Foreign != "" || (initializing && !p.endpointsReady(p.next.Stable.Version)) {
		return LeadElsewhere
	}
	if p.usesProxy() && !p.change().leaving && p.seen.Apex.ProxyEndpoints > 0 && (!initializing || p.landed(Weights{})) {
		return LeadProxy
	}
	users := p.seen.Apex.Leads == LeadElsewhere || p.seen.Apex.Leads == LeadTarget
	if initializing && users && p.seen.Apex.Found && p.usesProxy() {
		return LeadElsewhere // the target's pods serve an apex that was there before, until a proxy does
	}
	return LeadStable
}

// targetReplicas scales the target to 0 once its pods have had no traffic for scaleDownDelay, unless someone else sizes it.
func (p *pass) targetReplicas() *int32 {
	t := p.seen.Target
	if p.next.AdoptedAt == nil || !t.Found || t.ReplicasOwner != "" ||
		p.since(p.next.AdoptedAt) < p.spec.ScaleDownDelay.Of() {
		return nil
	}
	return new(int32)
}

// NeedsMetrics says whether the next decision about a Canary needs TrafficMetrics.
func NeedsMetrics(s v1alpha1.CanaryStatus) bool {
	switch s.Phase {
	case v1alpha1.PhaseInitializing, v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting,
		v1alpha1.PhaseRollingBack:
		return s.Stable != nil
	case v1alpha1.PhaseSucceeded, v1alpha1.PhaseRolledBack:
	}
	for _, r := range s.Retiring {
		if r.Since == nil {
			return true
		}
	}
	return false
}
