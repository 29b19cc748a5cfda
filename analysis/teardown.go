package analysis

import (
	"maps"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// teardown takes a Canary away: first the target serves again and only stable is beside it, then the apex leads to the target,
// then the split goes, then stable. Each step is chosen by what is there, so it goes on after a crash, and none begins before the
// one above it is done. The split of the Gateway API stays until the bridge has led the route to the apex again. A candidate that
// nobody judges any more loses its traffic at once. Where there is nothing to restore, everything goes.
func (p *pass) teardown() Plan {
	if c := p.next.Candidate; c != nil {
		p.drop(v1alpha1.OutcomeReverted, Note{
			Reason: v1alpha1.ReasonReverted, Severity: Info, Transition: true, Message: deletedUnderTest(c.VersionStatus),
		})
	}
	p.retire()
	withdraws := p.withdraws()
	plan := p.plan()
	plan.TargetReplicas, plan.Apex, plan.Measure, plan.Wait = nil, LeadElsewhere, false, p.waitForTeardown()
	plan.Calls = nil // nothing is decided any more that a webhook could hold
	if withdraws {
		plan.Split = Absent
	}
	size := p.restoredSize()
	switch t := p.seen.Target; {
	case !t.Found || p.untouched():
		plan.Split, plan.Finished, plan.Wait = p.lastSplit(plan.Split), true, 0
	case !p.targetServes():
		if t.ReplicasOwner == "" && t.Replicas < size {
			plan.TargetReplicas = &size
		}
	case p.apexToRestore():
		if len(p.strays()) == 0 {
			plan.Apex = LeadTarget
		}
	case p.next.WithdrawnAt == nil || p.seen.Apex.ProxyEndpoints > 0 || p.since(p.next.WithdrawnAt) < p.spec.ScaleDownDelay.Of():
	default:
		plan.Finished, plan.Wait = true, 0
		plan.Notes = append(plan.Notes, Note{Reason: v1alpha1.ReasonRestored, Severity: Info, Message: restoredTarget(t.Ready)})
	}
	return plan
}

// withdraws says whether the split goes now, or went. What its versions have begun is waited for from when it is gone.
func (p *pass) withdraws() bool {
	restored := !p.untouched() && p.targetServes() && !p.apexToRestore()
	if p.next.WithdrawnAt == nil && restored && !p.routeToRestore() {
		p.next.WithdrawnAt = v1alpha1.At(p.now)
	}
	return restored || p.next.WithdrawnAt != nil
}

// lastSplit is what becomes of the split where nothing is restored: one that is gone is not made again, because in a namespace that
// is deleted the API server refuses it, and the Canary would stay for ever.
func (p *pass) lastSplit(planned Existence) Existence {
	if p.seen.Traffic.Written {
		return planned
	}
	return Leave
}

// targetServes says whether the target has the pods it asks for, all ready, and no fewer than the versions have.
func (p *pass) targetServes() bool {
	t := p.seen.Target
	return t.Found && t.Ready >= t.Replicas && t.Replicas >= p.restoredSize()
}

// strays are the versions whose pods callers would reach by the apex's own selector, which fits those of every version, and that
// neither stable nor the target is: one that was rolled back is among them. They retire as ever, and are waited for.
func (p *pass) strays() []string {
	if p.seen.Apex.Leads == LeadTarget {
		return nil
	}
	var strays []string
	for _, name := range slices.Sorted(maps.Keys(p.seen.Versions)) {
		if name != p.next.Stable.Version && p.seen.Versions[name].Endpoints > 0 && !p.mayStay(name) {
			strays = append(strays, name)
		}
	}
	return strays
}

// mayStay says whether a version that retires is what the target runs too, or retires for longer than it may take, because nobody
// says that it has no traffic.
func (p *pass) mayStay(version string) bool {
	return slices.ContainsFunc(p.next.Retiring, func(r v1alpha1.RetiringStatus) bool {
		late := p.since(r.LostAt) > p.mostRetiring()
		return r.Version == version && (late || r.Revision == p.seen.Target.Revision)
	})
}

// mostRetiring is how long a deletion waits for a version to retire.
func (p *pass) mostRetiring() time.Duration {
	return p.spec.ProgressDeadline.Of() + p.spec.ScaleDownDelay.Of()
}

// apexToRestore says whether Serin led the apex away, and callers would not find the target's pods behind it yet.
func (p *pass) apexToRestore() bool {
	a := p.seen.Apex
	if !a.Found || a.Foreign != "" || a.Leads == LeadElsewhere {
		return false
	}
	return a.Leads != LeadTarget || (a.PodEndpoints == 0 && p.restoredSize() > 0)
}

// routeToRestore says whether the bridge has not let the split go yet, which it does once its route leads to the apex again.
func (p *pass) routeToRestore() bool { return p.usesGateway() && p.seen.Traffic.Written }

// untouched says that the first version never got any traffic, so that the target and the apex are as the user left them.
func (p *pass) untouched() bool {
	led := p.seen.Apex.Leads == LeadStable || p.seen.Apex.Leads == LeadProxy
	return p.next.Stable == nil || (p.next.AdoptedAt == nil && !p.seen.Traffic.Written && !led)
}

// restoredSize is the number of pods the target gets back.
func (p *pass) restoredSize() int32 {
	if p.seen.Target.ReplicasOwner != "" {
		return p.seen.Target.Replicas
	}
	return p.replicas()
}
