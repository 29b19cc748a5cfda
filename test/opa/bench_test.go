package opa

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"
)

// BenchmarkDecision decides the same requests by 1,000 TrafficTargets with 5,000 matches, in package policy and in a prepared query
// of Open Policy Agent. The rules in Rego find the TrafficTargets of a destination in an object, as an index would, and the input of
// the query is made before.
func BenchmarkDecision(b *testing.B) {
	s := large()
	graph := policy.Build(s)
	a := newAgent(b)
	a.load(b, s)
	denied := toItem()
	denied.Path = "/admin"
	requests := map[string]policy.Request{"Allow": toItem(), "Deny": denied}
	for name, r := range requests {
		want := name == "Allow"
		b.Run(name+"/Policy", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if graph.Authorize(r).Allowed != want {
					b.Fatal("another decision")
				}
			}
		})
		b.Run(name+"/OPA", func(b *testing.B) {
			if names := a.decide(b, []policy.Request{r}); (len(names[0]) > 0) != want {
				b.Fatal(names)
			}
			input := rego.EvalInput(inputOf(b, []policy.Request{r}))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.query.Eval(b.Context(), input); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkReload makes the same objects the ones that are decided by.
func BenchmarkReload(b *testing.B) {
	s := large()
	b.Run("Policy", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			policy.Build(s)
		}
	})
	b.Run("OPA", func(b *testing.B) {
		a := newAgent(b)
		b.ReportAllocs()
		for b.Loop() {
			a.load(b, s)
		}
	})
}

// large is the snapshot of policy's own benchmarks.
func large() policy.Snapshot {
	in := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "t", Name: name} }
	var s policy.Snapshot
	for i := range 1000 {
		group := fmt.Sprintf("routes-%d", i)
		s.TrafficTargets = append(s.TrafficTargets, access.TrafficTarget{ObjectMeta: in(fmt.Sprintf("target-%d", i)), Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "ServiceAccount", Name: fmt.Sprintf("b-%d", i)},
			Sources:     []access.Subject{{Kind: "ServiceAccount", Name: "a"}, {Kind: "ServiceAccount", Name: "c"}},
			Rules:       []access.Rule{{Kind: "TCPRoute", Name: "web"}, {Kind: "HTTPRouteGroup", Name: group}},
		}})
		s.HTTPRouteGroups = append(s.HTTPRouteGroups, specs.HTTPRouteGroup{ObjectMeta: in(group), Spec: specs.HTTPRouteGroupSpec{Matches: []specs.HTTPMatch{
			{Name: "health", PathRegex: "/healthz$", Methods: []string{"GET"}},
			{Name: "metrics", PathRegex: "/metrics$", Methods: []string{"GET"}},
			{Name: "read", PathRegex: fmt.Sprintf("/api/v[0-9]+/items-%d(/|$)", i), Methods: []string{"GET", "HEAD"}},
			{Name: "beta", PathRegex: "/beta/", Headers: map[string]string{"x-tester": "^true$"}},
			{Name: "write", PathRegex: "/api/v[0-9]+/orders/[^/]+$", Methods: []string{"POST", "PUT"}},
		}}})
	}
	s.TCPRoutes = []specs.TCPRoute{{ObjectMeta: in("web"), Spec: specs.TCPRouteSpec{Matches: specs.TCPMatch{Ports: []int32{8080, 9091}}}}}
	return s
}

// toItem is the request that the third match of target-999 allows.
func toItem() policy.Request {
	return policy.Request{
		Source: policy.Identity{Namespace: "t", ServiceAccount: "a"}, Destination: policy.Identity{Namespace: "t", ServiceAccount: "b-999"},
		Port: 9091, Protocol: policy.HTTP, Method: "GET", Path: "/api/v1/items-999/42?page=2", Host: "app.t:9091",
		Headers: map[string][]string{"Accept": {"*/*"}, "User-Agent": {"curl/8"}, "X-Request-Id": {"1"}},
	}
}
