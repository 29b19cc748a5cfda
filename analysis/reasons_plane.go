package analysis

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// The sentences about data planes.

const (
	noSplits = "no TrafficSplit can be written, because no CRD trafficsplits.split.smi-spec.io is served: install Serin's CRDs, " +
		"or those of your mesh; the Canary goes on by itself"
	noProxy = "spec.traffic.provider Proxy needs the bundled proxy, and there is no Service serin-proxy in Serin's namespace: " +
		"install it, or use Auto, Gateway or Split; the Canary goes on by itself"
	linkerdShadows = "linkerd-smi makes a ServiceProfile of each TrafficSplit, and with one Linkerd ignores every HTTPRoute of that Service: " +
		"use spec.traffic.provider Split, or remove linkerd-smi and the ServiceProfiles that it made; the Canary goes on by itself"
	recalledPlane = "the TrafficSplit that was there asks for it"
)

func asked(p v1alpha1.TrafficProvider) string {
	return fmt.Sprintf("spec.traffic.provider says %s", p)
}

func asksForRoute(spec v1alpha1.TrafficSpec) string {
	if spec.RouteRef != nil {
		return fmt.Sprintf("spec.traffic.routeRef names %s %q", cmp.Or(spec.RouteRef.Kind, "HTTPRoute"), spec.RouteRef.Name)
	}
	r := spec.GatewayRefs[0]
	return fmt.Sprintf("spec.traffic.gatewayRefs names %s %q", cmp.Or(r.Kind, "Gateway"), r.Name)
}

func inMesh(there Planes) string {
	return fmt.Sprintf("HTTPRoutes are served and the pods are in %s (%s)", there.Mesh, there.MeshMark)
}

func readsSplits(there Planes) string {
	why := fmt.Sprintf("%s reads TrafficSplits (%s)", there.SMI, there.SMIMark)
	if there.Mesh != "" && there.HTTPRoutes && there.SMI == LinkerdSMI {
		return why + ", and Linkerd ignores HTTPRoutes beside the ServiceProfile that it makes of them"
	}
	return why
}

func onlyProxy(there Planes) string {
	if there.Mesh != "" {
		return fmt.Sprintf("the bundled proxy is installed; the pods are in %s (%s), but no HTTPRoute CRD is served", there.Mesh, there.MeshMark)
	}
	return "the bundled proxy is installed, and the pods are in no mesh that Serin knows"
}

func noRoutes(kind string) string {
	return fmt.Sprintf("%ss cannot be written, because no CRD %ss.gateway.networking.k8s.io is served in v1: install the Gateway API, "+
		"or use spec.traffic.provider Proxy or Split; the Canary goes on by itself", kind, strings.ToLower(kind))
}

func nothingThere(there Planes) string {
	mesh := "no mark of Istio, Linkerd or Kuma on the namespace or the pod template"
	if there.Mesh != "" {
		mesh = fmt.Sprintf("%s (%s), but no CRD httproutes.gateway.networking.k8s.io in v1", there.Mesh, there.MeshMark)
	}
	return fmt.Sprintf("spec.traffic.provider Auto found no data plane: %s; no mark of linkerd-smi, OSM, Traefik Mesh or NGINX Service Mesh; "+
		"no Service serin-proxy in Serin's namespace; install one of them, or name what is there in spec.traffic; "+
		"the Canary goes on by itself", mesh)
}

func leavesGateway(gateways []string, want v1alpha1.TrafficProvider) string {
	return fmt.Sprintf("provider %s is not used yet: callers of Gateway %s come by an HTTPRoute of Serin's own, which only provider "+
		"Gateway keeps at the version that serves; make an HTTPRoute to the apex for them, name it in spec.traffic.routeRef with provider "+
		"Gateway, and change the provider after that",
		want, strings.Join(gateways, ", "))
}

func apexHeld(want v1alpha1.TrafficProvider) string {
	return fmt.Sprintf("provider %s is not used yet: the apex leads to the bundled proxy and someone else owns its selector, so it cannot be "+
		"led to stable first; have them give the selector up", want)
}

// notLandedYet says what the bridge says, if it says something.
func notLandedYet(w Weights, said string) string {
	if said != "" {
		return notAppliedYet(w) + ": " + said
	}
	return notAppliedYet(w)
}

func landingRefused(version string, weight int32, said string) string {
	return fmt.Sprintf("%s: weight %d%% is written and not applied yet: %s", version, weight, said)
}
