package analysis

import (
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// NeedsAccess says whether it matters who may call the candidate: from when there is one until it has all the traffic, if the
// spec has TrafficTargets decide anything. A version that returns is rolling back, which no rule holds.
func NeedsAccess(spec v1alpha1.CanarySpec, status v1alpha1.CanaryStatus) bool {
	c := status.Candidate
	decides := spec.Access.Mode == v1alpha1.AccessEnforce || spec.Access.Mode == v1alpha1.AccessAudit
	return decides && c != nil && !c.Returning && c.Weight < 100 && status.Phase != v1alpha1.PhaseRollingBack
}

// heldByAccess is what TrafficTargets have against a rise of the weight: a caller of stable would be denied, or it is not known
// whether one would. It holds as long as that is so, and rolls nothing back: the candidate is not to blame for a rule that
// somebody has yet to write, so the clocks of progressDeadline and of a step's timeout stand still. In Audit nobody is denied,
// so nothing is held.
func (p *pass) heldByAccess() restraint {
	if p.spec.Access.Mode != v1alpha1.AccessEnforce {
		return restraint{}
	}
	return p.accessLack()
}

// accessLack is the same whether it holds or not.
func (p *pass) accessLack() restraint {
	a := p.seen.Access
	switch {
	case !NeedsAccess(p.spec, p.next):
		return restraint{}
	case a.Version != p.next.Candidate.Version:
		return restraint{v1alpha1.ReasonAccessUnknown, accessNotAsked(p.next.Stable.Version, p.next.Candidate.Version)}
	case a.Problem != "":
		return restraint{v1alpha1.ReasonAccessUnknown, accessUnknown(p.next.Stable.Version, a.Problem)}
	case len(a.Missing) > 0:
		return restraint{v1alpha1.ReasonAccessMissing, accessMissing(a.Missing)}
	default:
		return restraint{}
	}
}

func (p *pass) describeAccess() {
	if lack := p.accessLack(); lack.why != "" {
		status, message := v1alpha1.ConditionFalse, lack.why
		if p.seen.Access.Version != p.next.Candidate.Version {
			status = v1alpha1.ConditionUnknown
		}
		if p.heldByAccess().why == "" {
			message = onlyAudited(message)
		}
		p.condition(v1alpha1.ConditionAccessReady, status, lack.reason, message)
		return
	}
	mode := p.spec.Access.Mode
	enforced := mode == v1alpha1.AccessOff || mode == "" || p.usesProxy()
	p.condition(v1alpha1.ConditionAccessReady, is[enforced], v1alpha1.ReasonAccess, accessMode(mode, enforced))
}

// The sentences about access.

func accessNotAsked(stable, candidate string) string {
	return fmt.Sprintf("it is not known yet whether the callers of %s may call %s", stable, candidate)
}

func accessUnknown(stable, problem string) string {
	return fmt.Sprintf("it is not known who calls %s and what they may ask: %s", stable, problem)
}

// accessMissing tells the first rule that is missing, and how many others are.
func accessMissing(missing []string) string {
	if n := len(missing) - 1; n > 0 {
		return fmt.Sprintf("%s; and %s like that", missing[0], count(int32(n), "more rule"))
	}
	return missing[0]
}

func onlyAudited(message string) string {
	return message + "; spec.access.mode Audit holds nothing for it"
}

func accessMode(mode v1alpha1.AccessMode, enforced bool) string {
	switch {
	case !enforced:
		return fmt.Sprintf("spec.access.mode %s needs the bundled proxy; with this provider the mesh decides", mode)
	case mode == v1alpha1.AccessEnforce:
		return "the bundled proxy denies what no TrafficTarget allows"
	case mode == v1alpha1.AccessAudit:
		return "the bundled proxy counts what no TrafficTarget allows, and lets it pass"
	default:
		return "TrafficTargets are not enforced for this apex"
	}
}
