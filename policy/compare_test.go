package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"

	"github.com/google/go-cmp/cmp"
)

// TestLacks asks what a may ask of b, on port 9091, and could not ask of c, on port 9092.
func TestLacks(t *testing.T) {
	groups := []specs.HTTPRouteGroup{
		groupOf("t/api", path("read", "/api", "GET"), path("write", "/api", "POST", "PUT")),
		groupOf("t/root", path("all", "/", "GET", "POST")),
		groupOf("t/deep", path("deep", "/api/v[0-9]+", "GET")),
		groupOf("t/same", path("same", "/api/v[0-9]+")),
		groupOf("t/any", specs.HTTPMatch{Name: "any"}),
		groupOf("t/tenants", withHeaders("red", map[string]string{"X-Tenant": "^red$"})),
	}
	routes := []specs.TCPRoute{portsOf("t/old", 9091), portsOf("t/new", 9092), portsOf("t/every")}
	b := func(rules ...access.Rule) access.TrafficTarget { return targetFor("t/a-b", "b", from("a"), rules...) }
	c := func(rules ...access.Rule) access.TrafficTarget { return targetFor("t/a-c", "c", from("a"), rules...) }
	const missing = "no TrafficTarget in namespace t allows t/a to call t/c on port 9092"
	const as = ", as TrafficTarget t/a-b allows it for t/b"
	cases := map[string]struct {
		targets []access.TrafficTarget
		want    []string
	}{
		"nothing is asked, nothing lacks":       {},
		"what nobody allows for b nobody lacks": {targets: []access.TrafficTarget{c(httpRule("api"))}},
		"nobody allows anything for c": {
			targets: []access.TrafficTarget{b(tcpRule("every"))}, want: []string{missing + as},
		},
		"the same rules": {targets: []access.TrafficTarget{b(httpRule("api")), c(httpRule("api"))}},
		"one match of two": {
			targets: []access.TrafficTarget{b(httpRule("api")), c(httpRule("api", "read"))},
			want: []string{
				missing + " by match write of HTTPRouteGroup api with method POST" + as,
				missing + " by match write of HTTPRouteGroup api with method PUT" + as,
			},
		},
		"two targets together": {
			targets: []access.TrafficTarget{
				b(httpRule("api")), c(httpRule("api", "read")), targetFor("t/z", "c", from("a"), httpRule("api", "write")),
			},
		},
		"a wider path": {targets: []access.TrafficTarget{b(httpRule("api", "read")), c(httpRule("root"))}},
		"a narrower path": {
			targets: []access.TrafficTarget{b(httpRule("root")), c(httpRule("api"))},
			want: []string{
				missing + " by match all of HTTPRouteGroup root with method GET" + as,
				missing + " by match all of HTTPRouteGroup root with method POST" + as,
			},
		},
		"the same expression, any method": {targets: []access.TrafficTarget{b(httpRule("deep")), c(httpRule("same"))}},
		"the same expression, fewer methods": {
			targets: []access.TrafficTarget{b(httpRule("same")), c(httpRule("deep"))},
			want:    []string{missing + " by match same of HTTPRouteGroup same" + as},
		},
		"any path, and every port without a rule for HTTP": {
			targets: []access.TrafficTarget{b(httpRule("any")), c(tcpRule("every"))},
		},
		"a header more": {
			targets: []access.TrafficTarget{b(httpRule("any")), c(httpRule("tenants"))},
			want:    []string{missing + " by match any of HTTPRouteGroup any" + as},
		},
		"a header less": {targets: []access.TrafficTarget{b(httpRule("tenants")), c(httpRule("any"))}},
		"connections are not requests": {
			targets: []access.TrafficTarget{b(tcpRule("old")), c(tcpRule("new"), httpRule("any"))}, want: []string{missing + as},
		},
		"each its own port":          {targets: []access.TrafficTarget{b(tcpRule("old")), c(tcpRule("new"))}},
		"the port of the other":      {targets: []access.TrafficTarget{b(tcpRule("old")), c(tcpRule("old"))}, want: []string{missing + as}},
		"another port is not called": {targets: []access.TrafficTarget{b(tcpRule("new"))}},
		"a rule that does not exist grants nothing": {
			targets: []access.TrafficTarget{b(httpRule("api", "read")), c(httpRule("gone"))},
			want:    []string{missing + " by match read of HTTPRouteGroup api with method GET" + as},
		},
		"a void target grants nothing": {
			targets: []access.TrafficTarget{b(tcpRule("every")), c()}, want: []string{missing + as},
		},
		"another source": {
			targets: []access.TrafficTarget{b(tcpRule("every")), targetFor("t/x-c", "c", from("x"), tcpRule("every"))}, want: []string{missing + as},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			g := Build(Snapshot{TrafficTargets: tc.targets, HTTPRouteGroups: groups, TCPRoutes: routes})
			var got []string
			for _, lack := range g.Lacks(Move{account("b"), account("c"), []PortPair{{9091, 9092}}}, []Identity{account("a"), account("nobody")}) {
				got = append(got, lack.Reason)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever lacks nothing is allowed by the one destination whatever the other allows. The requests are those that the rules
// of the fixtures tell apart.
func TestWhoLacksNothingIsDeniedNothing(t *testing.T) {
	groups := []specs.HTTPRouteGroup{
		groupOf("t/0", path("m", "/api", "GET")), groupOf("t/1", path("m", "/", "GET", "POST")),
		groupOf("t/2", path("m", "/api/v[0-9]+")), groupOf("t/3", withHeaders("m", map[string]string{"x": "^1$"})),
		groupOf("t/4", path("m", "^/api")), groupOf("t/5", path("m", "/apis?", "GET")),
	}
	routes := []specs.TCPRoute{portsOf("t/p", 9091), portsOf("t/q", 1)}
	var rules [][]access.Rule
	for i := range groups {
		name := groups[i].Name
		rules = append(rules, []access.Rule{httpRule(name)}, []access.Rule{httpRule(name), tcpRule("p")}, []access.Rule{httpRule(name), tcpRule("q")})
	}
	rules = append(rules, []access.Rule{tcpRule("p")}, []access.Rule{tcpRule("q")})
	compared := 0
	for _, has := range rules {
		for _, gets := range rules {
			g := Build(Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), has...), targetFor("t/a-c", "c", from("a"), gets...)},
				HTTPRouteGroups: groups, TCPRoutes: routes,
			})
			if len(g.Lacks(Move{account("b"), account("c"), []PortPair{{9091, 9091}}}, []Identity{account("a")})) > 0 {
				continue
			}
			compared++
			for _, request := range everyKind() {
				old := g.Authorize(request)
				request.Destination = account("c")
				if now := g.Authorize(request); old.Allowed && !now.Allowed {
					t.Fatalf("%v instead of %v: %s %s: %s", gets, has, request.Method, request.Path, now.Reason)
				}
			}
		}
	}
	if compared < len(rules) {
		t.Errorf("only %d pairs lack nothing", compared)
	}
}

func everyKind() []Request {
	all := []Request{connect("a", 9091)}
	for method := range strings.FieldsSeq("GET POST DELETE") {
		for p := range strings.FieldsSeq("/ /api /apis /api/v1 /other /api/x") {
			plain := send("a", method, p)
			headed := plain
			headed.Headers = map[string][]string{"X": {"1"}}
			all = append(all, plain, headed)
		}
	}
	return slices.Clip(all)
}
