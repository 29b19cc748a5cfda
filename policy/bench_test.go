package policy

import (
	"fmt"
	"sync"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// largeSnapshot has 1,000 TrafficTargets, each for its own destination and one group of 5 matches: 5,000 matches in all.
func largeSnapshot() Snapshot {
	var s Snapshot
	for i := range 1000 {
		group := fmt.Sprintf("routes-%d", i)
		tt := targetFor(fmt.Sprintf("t/target-%d", i), fmt.Sprintf("b-%d", i), from("a", "c"), tcpRule("web"), httpRule(group))
		s.TrafficTargets = append(s.TrafficTargets, tt)
		s.HTTPRouteGroups = append(s.HTTPRouteGroups, groupOf("t/"+group,
			path("health", "/healthz$", "GET"),
			path("metrics", "/metrics$", "GET"),
			path("read", fmt.Sprintf("/api/v[0-9]+/items-%d(/|$)", i), "GET", "HEAD"),
			specs.HTTPMatch{Name: "beta", PathRegex: "/beta/", Headers: map[string]string{"x-tester": "^true$"}},
			path("write", "/api/v[0-9]+/orders/[^/]+$", "POST", "PUT"),
		))
	}
	s.TCPRoutes = []specs.TCPRoute{portsOf("t/web", 8080, 9091)}
	return s
}

// largeGraph is largeSnapshot, built once for all tests.
var largeGraph = sync.OnceValue(func() *Graph { return Build(largeSnapshot()) })

// crowdedSnapshot has the same TrafficTargets and matches, but all for one destination and one source, so that the last one
// must be reached through all the others.
func crowdedSnapshot() Snapshot {
	s := largeSnapshot()
	for i := range s.TrafficTargets {
		s.TrafficTargets[i].Spec.Destination = access.Subject{Kind: "ServiceAccount", Name: "b"}
	}
	return s
}

// boundSnapshot has the same TrafficTargets and matches, but the sources of each are an IdentityBinding of its own, by SPIFFE id, and
// the last one's destination is one by labels.
func boundSnapshot() Snapshot {
	s := largeSnapshot()
	for i := range s.TrafficTargets {
		spec, name := &s.TrafficTargets[i].Spec, fmt.Sprintf("callers-%d", i)
		spec.Sources = []access.Subject{{Kind: "IdentityBinding", Name: name}}
		s.IdentityBindings = append(s.IdentityBindings, bindingOf("t/"+name, hasIDs("td/ns/t/sa/a", fmt.Sprintf("td/ns/t/sa/a-%d", i))))
	}
	s.TrafficTargets[999].Spec.Destination = access.Subject{Kind: "IdentityBinding", Name: "b"}
	s.IdentityBindings = append(s.IdentityBindings, bindingOf("t/b", selects(map[string]string{"app": "b", "tier": "back"})))
	return s
}

// toItem is the request that the third match of target-999 allows.
func toItem() Request {
	r := get("a", "/api/v1/items-999/42?page=2")
	r.Destination = account("b-999")
	r.Headers = map[string][]string{"Accept": {"*/*"}, "User-Agent": {"curl/8"}, "X-Request-Id": {"1"}}
	return r
}

func BenchmarkAuthorize(b *testing.B) {
	large := largeGraph()
	last := toItem()
	last.Method, last.Path = "PUT", "/api/v2/orders/1234"
	header := toItem()
	header.Path, header.Headers = "/beta/x", map[string][]string{"Accept": {"*/*"}, "User-Agent": {"curl/8"}, "X-Tester": {"true"}}
	escaped := toItem()
	escaped.Path = "/api/v1/%69tems-999/42"
	bound := toItem()
	bound.SourceWorkload = Workload{Labels: map[string]string{"app": "a", "tier": "front"}, SPIFFEID: "spiffe://td/ns/t/sa/a"}
	bound.DestinationWorkload = Workload{Labels: map[string]string{"app": "b", "tier": "back"}}
	noRule, noSource, crowd := toItem(), toItem(), toItem()
	noRule.Path, noSource.Source, crowd.Destination = "/admin", account("z"), account("b")

	cases := map[string]struct {
		graph   *Graph
		request Request
		allowed bool
	}{
		"Allow":               {large, toItem(), true},
		"AllowByLastMatch":    {large, last, true},
		"AllowByHeader":       {large, header, true},
		"AllowEscapedPath":    {large, escaped, true},
		"DenyByRules":         {large, noRule, false},
		"DenyBySource":        {large, noSource, false},
		"AllowToMoreIsKnown":  {large, bound, true},
		"AllowByBinding":      {Build(boundSnapshot()), bound, true},
		"AllowByLastOf1000On": {Build(crowdedSnapshot()), crowd, true},
	}
	for name, bc := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := bc.graph.Authorize(bc.request); d.Allowed != bc.allowed {
					b.Fatal(d.Reason)
				}
			}
		})
	}
}

func BenchmarkBuild(b *testing.B) {
	s := largeSnapshot()
	b.ReportAllocs()
	for b.Loop() {
		Build(s)
	}
}

func TestAllowingDoesNotAllocate(t *testing.T) {
	bound := toItem()
	bound.SourceWorkload.SPIFFEID, bound.DestinationWorkload.Labels = "spiffe://td/ns/t/sa/a", map[string]string{"app": "b", "tier": "back"}
	cases := map[string]struct {
		graph   *Graph
		request Request
	}{
		"by ServiceAccounts":   {largeGraph(), toItem()},
		"by IdentityBindings":  {Build(boundSnapshot()), bound},
		"where bindings go by": {largeGraph(), bound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if d := tc.graph.Authorize(tc.request); !d.Allowed {
				t.Fatal(d.Reason)
			}
			if allocations := testing.AllocsPerRun(100, func() { tc.graph.Authorize(tc.request) }); allocations > 0 {
				t.Errorf("allowing a request allocates %.0f times, want 0", allocations)
			}
		})
	}
}
