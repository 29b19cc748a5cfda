package analysis

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// TestChoose is the table of what is there and what is driven then.
func TestChoose(t *testing.T) {
	const split, gateway, proxy = v1alpha1.ProviderSplit, v1alpha1.ProviderGateway, v1alpha1.ProviderProxy
	everything := Planes{Splits: true, HTTPRoutes: true, GRPCRoutes: true, Mesh: "Istio", MeshMark: "namespace label istio-injection=enabled", Proxy: true}
	with := func(mods ...func(*Planes)) Planes {
		there := everything
		for _, mod := range mods {
			mod(&there)
		}
		return there
	}
	noCRD := func(p *Planes) { p.Splits = false }
	noRoutes := func(p *Planes) { p.HTTPRoutes = false }
	noMesh := func(p *Planes) { p.Mesh, p.MeshMark = "", "" }
	noProxy := func(p *Planes) { p.Proxy = false }
	osm := func(p *Planes) { p.SMI, p.SMIMark = "OSM", "namespace label openservicemesh.io/monitored-by=osm" }
	linkerd := func(p *Planes) {
		p.Mesh, p.MeshMark = "Linkerd", "namespace annotation linkerd.io/inject=enabled"
		p.SMI, p.SMIMark = LinkerdSMI, "namespace linkerd-smi is there"
	}
	auto := v1alpha1.TrafficSpec{Provider: v1alpha1.ProviderAuto}
	named := func(p v1alpha1.TrafficProvider) v1alpha1.TrafficSpec { return v1alpha1.TrafficSpec{Provider: p} }
	refs := func(kind string) v1alpha1.TrafficSpec {
		return v1alpha1.TrafficSpec{Provider: v1alpha1.ProviderAuto, GatewayRefs: []v1alpha1.GatewayRef{{Kind: kind, Name: "web"}}}
	}
	route := func(kind string) v1alpha1.TrafficSpec {
		return v1alpha1.TrafficSpec{Provider: v1alpha1.ProviderAuto, RouteRef: &v1alpha1.RouteRef{Kind: kind, Name: "shop"}}
	}
	cases := map[string]struct {
		spec  v1alpha1.TrafficSpec
		there Planes
		want  v1alpha1.TrafficProvider
		why   string // in the reason, or in what is missing
	}{
		"auto in a mesh":                              {auto, with(), gateway, "HTTPRoutes are served and the pods are in Istio (namespace label istio-injection=enabled)"},
		"auto in a mesh without HTTPRoutes":           {auto, with(noRoutes), proxy, "the pods are in Istio (namespace label istio-injection=enabled), but no HTTPRoute CRD is served"},
		"auto in no mesh":                             {auto, with(noMesh), proxy, "the bundled proxy is installed, and the pods are in no mesh that Serin knows"},
		"auto in a mesh that reads TrafficSplits":     {auto, with(noMesh, osm), split, "OSM reads TrafficSplits (namespace label openservicemesh.io/monitored-by=osm)"},
		"auto with linkerd-smi":                       {auto, with(linkerd), split, "Linkerd ignores HTTPRoutes beside the ServiceProfile"},
		"auto with nothing there":                     {auto, with(noMesh, noProxy), "", "found no data plane: no mark of Istio, Linkerd or Kuma on the namespace or the pod template; no mark of linkerd-smi, OSM"},
		"auto in a mesh, and nothing to drive it":     {auto, with(noRoutes, noProxy), "", "found no data plane: Istio (namespace label istio-injection=enabled), but no CRD httproutes"},
		"auto with a Gateway named":                   {refs("Gateway"), with(noMesh), gateway, `spec.traffic.gatewayRefs names Gateway "web"`},
		"auto with a Service named":                   {refs("Service"), with(noMesh), gateway, `spec.traffic.gatewayRefs names Service "web"`},
		"auto with a route named":                     {route("HTTPRoute"), with(noMesh), gateway, `spec.traffic.routeRef names HTTPRoute "shop"`},
		"auto with a Gateway named, no HTTPRoutes":    {refs("Gateway"), with(noRoutes), "", "no CRD httproutes.gateway.networking.k8s.io is served"},
		"a GRPCRoute needs no HTTPRoutes":             {route("GRPCRoute"), with(noRoutes), gateway, `GRPCRoute "shop"`},
		"a GRPCRoute that is not served":              {route("GRPCRoute"), with(func(p *Planes) { p.GRPCRoutes = false }), "", "no CRD grpcroutes.gateway.networking.k8s.io is served"},
		"Gateway":                                     {named(gateway), with(noMesh), gateway, "spec.traffic.provider says Gateway"},
		"Gateway without HTTPRoutes":                  {named(gateway), with(noRoutes), "", "install the Gateway API, or use spec.traffic.provider Proxy or Split"},
		"Gateway beside linkerd-smi":                  {named(gateway), with(linkerd), "", "linkerd-smi makes a ServiceProfile of each TrafficSplit"},
		"a Service named beside linkerd-smi":          {refs("Service"), with(linkerd), "", "linkerd-smi makes a ServiceProfile of each TrafficSplit"},
		"a Gateway named beside linkerd-smi":          {refs("Gateway"), with(linkerd), gateway, "spec.traffic.gatewayRefs"},
		"Split":                                       {named(split), with(), split, "spec.traffic.provider says Split"},
		"Proxy":                                       {named(proxy), with(), proxy, "spec.traffic.provider says Proxy"},
		"Proxy that is not installed":                 {named(proxy), with(noProxy), "", "there is no Service serin-proxy"},
		"no TrafficSplit can be written":              {auto, with(noCRD), "", "no CRD trafficsplits.split.smi-spec.io is served"},
		"no TrafficSplit can be written, Split named": {named(split), with(noCRD), "", "no CRD trafficsplits.split.smi-spec.io is served"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Choose(tc.spec, tc.there)
			if got.Provider != tc.want || (got.Missing == "") != (tc.want != "") || !strings.Contains(got.Reason+got.Missing, tc.why) {
				t.Errorf("got %+v, want %q because %q", got, tc.want, tc.why)
			}
		})
	}
}

// TestTheChoiceChanges says when another data plane is driven, and how.
func TestTheChoiceChanges(t *testing.T) {
	const split, gateway, proxy = v1alpha1.ProviderSplit, v1alpha1.ProviderGateway, v1alpha1.ProviderProxy
	type mod = func(*scene)
	wants := func(p v1alpha1.TrafficProvider) mod { return func(s *scene) { s.spec.Traffic.Provider = p } }
	apex := func(a Apex) mod { return func(s *scene) { s.seen.Apex = a } }
	toStable := apex(Apex{Found: true, Leads: LeadStable, PodEndpoints: 3})
	cases := map[string]struct {
		phase v1alpha1.Phase
		from  v1alpha1.TrafficProvider
		mods  []mod
		want  v1alpha1.TrafficProvider
		apex  ApexLead
		keep  bool
		says  string
	}{
		"the apex leaves the proxies first": {v1alpha1.PhaseSucceeded, proxy, []mod{wants(gateway)}, proxy, LeadStable, true, ""},
		"and must lead to pods that serve":  {v1alpha1.PhaseSucceeded, proxy, []mod{wants(gateway), apex(Apex{Found: true, Leads: LeadStable, ProxyEndpoints: 2})}, proxy, LeadStable, true, ""},
		"then the route is asked for":       {v1alpha1.PhaseSucceeded, proxy, []mod{wants(gateway), toStable}, gateway, LeadStable, false, ""},
		"not while a rollout runs":          {v1alpha1.PhaseProgressing, proxy, []mod{wants(gateway)}, proxy, LeadProxy, true, ""},
		"not while a version may have traffic": {v1alpha1.PhaseSucceeded, split, []mod{wants(gateway), toStable, func(s *scene) {
			s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", LostAt: v1alpha1.At(noon)}}
		}}, split, LeadStable, true, ""},
		"from the route of a mesh to the proxies": {v1alpha1.PhaseSucceeded, gateway, []mod{wants(proxy), toStable}, proxy, LeadStable, false, ""},
		"not from a Gateway's route of Serin's own": {v1alpha1.PhaseSucceeded, gateway, []mod{wants(proxy), toStable, func(s *scene) {
			s.seen.Traffic.Gateways = []string{`"web"`}
		}}, gateway, LeadStable, true, `callers of Gateway "web" come by an HTTPRoute of Serin's own, which only provider Gateway keeps at the version that serves`},
		"not to the proxies with an apex of somebody else's": {v1alpha1.PhaseSucceeded, gateway, []mod{
			wants(proxy), apex(Apex{Found: true, Foreign: "it is not Serin's"}),
		}, gateway, LeadElsewhere, true, "it is not Serin's"},
		"not from the proxies with an apex that cannot be led": {v1alpha1.PhaseSucceeded, proxy, []mod{
			wants(split), apex(Apex{Found: true, Foreign: "it is not Serin's", Leads: LeadProxy, ProxyEndpoints: 2}),
		}, proxy, LeadElsewhere, true, "someone else owns its selector"},
		"from a mesh to a route": {v1alpha1.PhaseSucceeded, split, []mod{wants(gateway), toStable}, gateway, LeadStable, false, ""},
		"what is gone is kept, and said": {v1alpha1.PhaseSucceeded, gateway, []mod{toStable, func(s *scene) {
			s.seen.Planes.HTTPRoutes = false
		}}, gateway, LeadStable, true, "no CRD httproutes.gateway.networking.k8s.io is served"},
		"a lost record is found in the split": {v1alpha1.PhaseProgressing, gateway, []mod{toStable, func(s *scene) {
			s.status.Traffic, s.seen.Traffic.Plane = nil, split
		}}, split, LeadStable, true, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.phase, func(s *scene) { s.drive(tc.from) })
			for _, mod := range tc.mods {
				mod(s)
			}
			plan := s.decide()
			if got := plan.Status.Plane(); got != tc.want {
				t.Errorf("%s is driven, want %s", got, tc.want)
			}
			if plan.Apex != tc.apex || plan.KeepRoute != tc.keep {
				t.Errorf("apex %q, keep the route %v, want %q, %v", plan.Apex, plan.KeepRoute, tc.apex, tc.keep)
			}
			if !strings.Contains(plan.Status.Message, tc.says) {
				t.Errorf("message %q, want %q in it", plan.Status.Message, tc.says)
			}
		})
	}
}

// TestTheRouteGoesBackFirst takes a Canary away whose route leads to versions.
func TestTheRouteGoesBackFirst(t *testing.T) {
	s := in(v1alpha1.PhaseSucceeded, func(s *scene) {
		s.drive(v1alpha1.ProviderGateway)
		s.seen.Deleting = true
		s.seen.Target.Replicas, s.seen.Target.Ready = 3, 3
		s.seen.Apex = Apex{Found: true, Leads: LeadStable, PodEndpoints: 3}
	})
	if plan := s.decide(); plan.Split != Present || plan.Apex != LeadTarget || len(plan.Versions) != 1 {
		t.Errorf("the apex leads to versions: %+v", plan)
	}
	s.seen.Apex = Apex{Found: true, Leads: LeadTarget, PodEndpoints: 3}
	if plan := s.decide(); plan.Split != Absent || plan.Finished || plan.Status.WithdrawnAt != nil || len(plan.Versions) != 1 ||
		!strings.Contains(plan.Status.Message, "waiting until the route leads to the apex again") {
		t.Errorf("the bridge has not let the split go: %+v", plan)
	}
	s.seen.Traffic.Written = false
	plan := s.decide()
	if plan.Finished || plan.Status.WithdrawnAt == nil {
		t.Errorf("the versions finish what they have begun: %+v", plan)
	}
	s.status, s.now = plan.Status, s.now.Add(s.spec.ScaleDownDelay.Of())
	if plan := s.decide(); !plan.Finished {
		t.Errorf("nothing is left to wait for: %+v", plan)
	}
}
