package analysis

import (
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Choice is the data plane to drive.
type Choice struct {
	// Provider is Split, Gateway or Proxy; empty when none can be driven.
	Provider v1alpha1.TrafficProvider
	// Reason says in a sentence why it is that one.
	Reason string
	// Missing says in a sentence why none can be driven as the spec asks, and what to do; empty when one can.
	Missing string
}

// Choose picks the data plane: the one that the spec names, or by what is there. It goes by nothing else, so that equal
// clusters choose equally.
func Choose(spec v1alpha1.TrafficSpec, there Planes) Choice {
	if !there.Splits {
		return Choice{Missing: noSplits}
	}
	routed := len(spec.GatewayRefs) > 0 || spec.RouteRef != nil
	switch spec.Provider {
	case v1alpha1.ProviderSplit:
		return Choice{Provider: v1alpha1.ProviderSplit, Reason: asked(spec.Provider)}
	case v1alpha1.ProviderProxy:
		if !there.Proxy {
			return Choice{Missing: noProxy}
		}
		return Choice{Provider: v1alpha1.ProviderProxy, Reason: asked(spec.Provider)}
	case v1alpha1.ProviderGateway:
		return gateway(spec, there, asked(spec.Provider))
	case v1alpha1.ProviderAuto:
	}
	if routed {
		return gateway(spec, there, asksForRoute(spec))
	}
	return auto(spec, there)
}

// auto goes by what is there alone. Where linkerd-smi runs, a route would be shadowed by what it makes of the TrafficSplit.
func auto(spec v1alpha1.TrafficSpec, there Planes) Choice {
	switch {
	case there.Mesh != "" && there.HTTPRoutes && !shadowed(spec, there):
		return Choice{Provider: v1alpha1.ProviderGateway, Reason: inMesh(there)}
	case there.SMI != "":
		return Choice{Provider: v1alpha1.ProviderSplit, Reason: readsSplits(there)}
	case there.Proxy:
		return Choice{Provider: v1alpha1.ProviderProxy, Reason: onlyProxy(there)}
	default:
		return Choice{Missing: nothingThere(there)}
	}
}

// gateway is the Gateway API, if its route can be made and would be obeyed.
func gateway(spec v1alpha1.TrafficSpec, there Planes, reason string) Choice {
	kind, served := "HTTPRoute", there.HTTPRoutes
	if spec.RouteRef != nil && spec.RouteRef.Kind == "GRPCRoute" {
		kind, served = spec.RouteRef.Kind, there.GRPCRoutes
	}
	switch {
	case !served:
		return Choice{Missing: noRoutes(kind)}
	case shadowed(spec, there):
		return Choice{Missing: linkerdShadows}
	default:
		return Choice{Provider: v1alpha1.ProviderGateway, Reason: reason}
	}
}

// LinkerdSMI is the adaptor that makes a ServiceProfile of each TrafficSplit. Linkerd then ignores HTTPRoutes of that Service.
const LinkerdSMI = "linkerd-smi"

// shadowed says whether a route of a Service would be ignored. A route of the user's own may have one as its parent.
func shadowed(spec v1alpha1.TrafficSpec, there Planes) bool {
	if there.SMI != LinkerdSMI {
		return false
	}
	return len(spec.GatewayRefs) == 0 || slices.ContainsFunc(spec.GatewayRefs, func(r v1alpha1.GatewayRef) bool { return r.Kind == "Service" })
}

// pick records the data plane to drive. Two are never driven at once, so the choice changes only while all traffic is stable's,
// and only in an order in which the apex serves meanwhile.
func (p *pass) pick() bool {
	next := v1alpha1.TrafficStatus{Provider: p.want.Provider, Reason: p.want.Reason}
	if p.change().kept || (p.next.Traffic != nil && *p.next.Traffic == next) {
		return false
	}
	p.next.Traffic = &next
	return true
}

// change says what becomes of the choice now.
type change struct {
	kept    bool   // what is driven stays as it is, its route included
	leaving bool   // the bundled proxy leaves the apex's path first
	refused string // why nothing can be driven as the spec asks; empty when it can, or is not the time to ask
}

func (p *pass) change() change {
	have := p.next.Plane()
	switch {
	case p.seen.Deleting || (have != "" && !p.quiet()):
		return change{kept: true}
	case p.want.Missing != "":
		return change{kept: true, refused: p.want.Missing}
	case have == "" || have == p.want.Provider:
		return change{}
	default:
		return p.changeFrom(have)
	}
}

// recallPlane goes by the TrafficSplit that is there, if the status does not know what is driven: it was lost, or an older
// release wrote it.
func (p *pass) recallPlane() {
	switch p.next.Plane() {
	case v1alpha1.ProviderSplit, v1alpha1.ProviderGateway, v1alpha1.ProviderProxy:
	default:
		p.next.Traffic = nil // a record that is none
	}
	if plane := p.seen.Traffic.Plane; p.next.Traffic == nil && plane != "" && p.next.Stable != nil {
		p.next.Traffic = &v1alpha1.TrafficStatus{Provider: plane, Reason: recalledPlane}
	}
}

// quiet says that all traffic is stable's, as far as the data plane of now was seen to apply it.
func (p *pass) quiet() bool {
	undrained := func(r v1alpha1.RetiringStatus) bool { return r.Since == nil }
	return p.next.Candidate == nil &&
		(p.next.Phase == v1alpha1.PhaseInitializing || !slices.ContainsFunc(p.next.Retiring, undrained))
}

// changeFrom says whether another data plane can be driven now without losing a request, and why where it never can.
func (p *pass) changeFrom(have v1alpha1.TrafficProvider) change {
	a := p.seen.Apex
	switch {
	case have == v1alpha1.ProviderGateway && len(p.seen.Traffic.Gateways) > 0:
		return change{kept: true, refused: leavesGateway(p.seen.Traffic.Gateways, p.want.Provider)}
	case p.want.Provider == v1alpha1.ProviderProxy && a.Foreign != "":
		return change{kept: true, refused: a.Foreign}
	case have != v1alpha1.ProviderProxy:
		return change{}
	case a.Leads == LeadProxy && a.Foreign != "":
		return change{kept: true, refused: apexHeld(p.want.Provider)}
	case a.Leads == LeadProxy, a.Leads == LeadStable && a.PodEndpoints == 0:
		return change{kept: true, leaving: true} // the proxies serve until the apex was seen to lead to pods that do
	default:
		return change{}
	}
}

// usesProxy says whether the bundled proxy is the data plane.
func (p *pass) usesProxy() bool { return p.next.Plane() == v1alpha1.ProviderProxy }

// usesGateway says whether the Gateway API is.
func (p *pass) usesGateway() bool { return p.next.Plane() == v1alpha1.ProviderGateway }
