package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// TestConformanceCases are the access cases of the SMI conformance list, as far as they are a matter of deciding.
func TestConformanceCases(t *testing.T) {
	const (
		byMetrics = "TrafficTarget t/a-b allows match metrics of HTTPRouteGroup routes"
		byRoutes  = "TrafficTarget t/a-b allows every match of HTTPRouteGroup routes"
		noRuleFor = "TrafficTarget t/a-b allows t/a to call t/b, but none of its rules matches "
	)
	cases := map[string]struct {
		snapshot Snapshot
		answers  []answer
	}{
		"TT-01: without a TrafficTarget everything is denied": {
			answers: []answer{
				{get("a", "/echo"), denies("no TrafficTarget in namespace t has t/b as its destination")},
			},
		},
		"TT-02: a TCPRoute without ports opens every port to the source and to nobody else": {
			snapshot: Snapshot{
				TrafficTargets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), tcpRule("ports"))},
				TCPRoutes:      []specs.TCPRoute{portsOf("t/ports")},
			},
			answers: []answer{
				{get("a", "/echo"), allows("t/a-b", "TCPRoute/ports", "TrafficTarget t/a-b allows every port by TCPRoute ports")},
				{get("c", "/echo"), denies("no TrafficTarget in namespace t names t/c as a source of t/b")},
			},
		},
		"TT-03: when the TrafficTarget is gone and the TCPRoute stays, everything is denied again": {
			snapshot: Snapshot{TCPRoutes: []specs.TCPRoute{portsOf("t/ports")}},
			answers: []answer{
				{get("a", "/echo"), denies("no TrafficTarget in namespace t has t/b as its destination")},
			},
		},
		"TT-04: a pathRegex opens its path and no other": {
			snapshot: Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes", "metrics"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("metrics", "/metrics", "*"))},
			},
			answers: []answer{
				{get("a", "/metrics"), allows("t/a-b", "HTTPRouteGroup/routes/metrics", byMetrics)},
				{get("a", "/echo"), denies(noRuleFor + "GET /echo")},
			},
		},
		"TT-05: methods open those methods and no other": {
			snapshot: Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("reads", ".*", "GET"))},
			},
			answers: []answer{
				{get("a", "/echo"), allows("t/a-b", "HTTPRouteGroup/routes/reads", byRoutes)},
				{send("a", "POST", "/echo"), denies(noRuleFor + "POST /echo")},
			},
		},
		"TT-07: a pathRegex is anchored at the start of the path and not at its end": {
			snapshot: Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes", "metrics"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("metrics", "/metrics"))},
			},
			answers: []answer{
				{get("a", "/metrics"), allows("t/a-b", "HTTPRouteGroup/routes/metrics", byMetrics)},
				{get("a", "/metrics/x"), allows("t/a-b", "HTTPRouteGroup/routes/metrics", byMetrics)},
				{get("a", "/metricsfoo"), allows("t/a-b", "HTTPRouteGroup/routes/metrics", byMetrics)},
				{get("a", "/x/metrics"), denies(noRuleFor + "GET /x/metrics")},
			},
		},
		"TT-10: a rule without matches opens every match of the group": {
			snapshot: Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("one", "/one"), path("two", "/two"))},
			},
			answers: []answer{
				{get("a", "/one"), allows("t/a-b", "HTTPRouteGroup/routes/one", byRoutes)},
				{get("a", "/two"), allows("t/a-b", "HTTPRouteGroup/routes/two", byRoutes)},
				{get("a", "/three"), denies(noRuleFor + "GET /three")},
			},
		},
		"TT-12: two TrafficTargets with the same route add up": {
			snapshot: Snapshot{
				TrafficTargets: []access.TrafficTarget{
					targetFor("t/a-b", "b", from("a"), httpRule("routes")),
					targetFor("t/c-b", "b", from("c"), httpRule("routes")),
				},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("all", ".*"))},
			},
			answers: []answer{
				{get("a", "/"), allows("t/a-b", "HTTPRouteGroup/routes/all", byRoutes)},
				{get("c", "/"), allows("t/c-b", "HTTPRouteGroup/routes/all",
					"TrafficTarget t/c-b allows every match of HTTPRouteGroup routes")},
				{get("web", "/"), denies("no TrafficTarget in namespace t names t/web as a source of t/b")},
			},
		},
		"TT-13: each source has the routes of its own TrafficTarget": {
			snapshot: Snapshot{
				TrafficTargets: []access.TrafficTarget{
					targetFor("t/a-b", "b", from("a"), httpRule("routes", "any")),
					targetFor("t/c-b", "b", from("c"), httpRule("routes", "foo")),
				},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("any", ".*"), path("foo", "/foo"))},
			},
			answers: []answer{
				{get("a", "/anything"), allows("t/a-b", "HTTPRouteGroup/routes/any",
					"TrafficTarget t/a-b allows match any of HTTPRouteGroup routes")},
				{get("c", "/anything"), denies(
					"TrafficTarget t/c-b allows t/c to call t/b, but none of its rules matches GET /anything")},
				{get("c", "/foo"), allows("t/c-b", "HTTPRouteGroup/routes/foo",
					"TrafficTarget t/c-b allows match foo of HTTPRouteGroup routes")},
			},
		},
		"TT-14: a TrafficTarget outside its destination's namespace is ignored": {
			snapshot: Snapshot{
				TrafficTargets: []access.TrafficTarget{
					edited(targetFor("u/a-b", "b", nil, httpRule("routes")), func(s *access.TrafficTargetSpec) {
						s.Destination.Namespace = "t"
						s.Sources = []access.Subject{{Kind: "ServiceAccount", Name: "a", Namespace: "t"}}
					}),
				},
				HTTPRouteGroups: []specs.HTTPRouteGroup{
					groupOf("t/routes", path("all", ".*")), groupOf("u/routes", path("all", ".*")),
				},
			},
			answers: []answer{
				{get("a", "/"), denies("no TrafficTarget in namespace t has t/b as its destination")},
			},
		},
		"TT-16: a TCPRoute opens its ports for TCP and a UDPRoute its ports for UDP": {
			snapshot: Snapshot{
				TrafficTargets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), tcpRule("tcp-ports"), udpRule("udp-ports"))},
				TCPRoutes:      []specs.TCPRoute{portsOf("t/tcp-ports", 8301, 8302, 8300)},
				UDPRoutes:      []specs.UDPRoute{udpPortsOf("t/udp-ports", 8301, 8302)},
			},
			answers: []answer{
				{connect("a", 8300), allows("t/a-b", "TCPRoute/tcp-ports", "TrafficTarget t/a-b allows the ports of TCPRoute tcp-ports")},
				{connect("a", 8303), denies(noRuleFor + "port 8303")},
				{overUDP("a", 8301), allows("t/a-b", "UDPRoute/udp-ports", "TrafficTarget t/a-b allows the ports of UDPRoute udp-ports")},
				{overUDP("a", 8300), denies(noRuleFor + "port 8300")},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, tc.snapshot, tc.answers)
		})
	}
}

// TestConformanceCaseOfTheSpecification is TT-06: the worked example of the access specification, with every source, path
// and method. What its table does not list is denied.
func TestConformanceCaseOfTheSpecification(t *testing.T) {
	g := Build(Snapshot{
		TrafficTargets: []access.TrafficTarget{
			targetFor("t/metrics", "b", from("prometheus"), tcpRule("port"), httpRule("routes", "metrics")),
			targetFor("t/api", "b", from("website", "payments"), tcpRule("port"), httpRule("routes", "api")),
		},
		HTTPRouteGroups: []specs.HTTPRouteGroup{
			groupOf("t/routes", path("api", "/api", "*"), path("metrics", "/metrics", "GET")),
		},
		TCPRoutes: []specs.TCPRoute{portsOf("t/port", 9091)},
	})
	const (
		byAPI     = "TrafficTarget t/api allows match api of HTTPRouteGroup routes on the ports of TCPRoute port"
		byMetrics = "TrafficTarget t/metrics allows match metrics of HTTPRouteGroup routes on the ports of TCPRoute port"
	)
	want := map[string]string{
		"website GET /api":         byAPI,
		"website POST /api":        byAPI,
		"payments GET /api":        byAPI,
		"payments POST /api":       byAPI,
		"prometheus GET /metrics":  byMetrics,
		"api GET /api":             "no TrafficTarget in namespace t names t/api as a source of t/b",
		"prometheus POST /metrics": "TrafficTarget t/metrics allows t/prometheus to call t/b, but none of its rules matches POST /metrics",
		"website GET /metrics":     "TrafficTarget t/api allows t/website to call t/b, but none of its rules matches GET /metrics",
	}
	for _, source := range from("api", "website", "payments", "prometheus") {
		for _, path := range []string{"/api", "/metrics"} {
			for _, method := range []string{"GET", "POST"} {
				call := source + " " + method + " " + path
				got := g.Authorize(send(source, method, path))
				if wantAllowed := want[call] == byAPI || want[call] == byMetrics; got.Allowed != wantAllowed {
					t.Errorf("%s: allowed = %t, want %t (%s)", call, got.Allowed, wantAllowed, got.Reason)
				}
				if reason, listed := want[call]; listed && got.Reason != reason {
					t.Errorf("%s: reason = %q, want %q", call, got.Reason, reason)
				}
			}
		}
	}
	if got := g.Authorize(onPort(9092, get("website", "/api"))); got.Allowed {
		t.Errorf("another port is allowed: %s", got.Reason)
	}
}

// expect compares the decisions on a snapshot with those that are wanted.
func expect(t *testing.T, s Snapshot, answers []answer) {
	t.Helper()
	g := Build(s)
	for _, a := range answers {
		if diff := cmp.Diff(a.want, g.Authorize(a.request)); diff != "" {
			t.Errorf("%s %s from %s on port %d (-want +got):\n%s",
				a.request.Method, a.request.Path, a.request.Source, a.request.Port, diff)
		}
	}
}
