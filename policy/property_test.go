package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// The worlds are small, so that what TrafficTargets name is often there, and often not quite right.
var (
	// unusual is mostly false. The true one is in the middle, because rapid prefers the ends of a range.
	unusual     = rapid.SampledFrom([]bool{false, false, false, false, false, false, false, true, false, false, false, false})
	namespaces  = rapid.SampledFrom([]string{"t", "t", "t", "u", "t"})
	callers     = rapid.SampledFrom([]string{"t", "t", "t", "", "u", "t"})
	orEmpty     = rapid.SampledFrom([]string{"", "", "", "", "t", "u", "", ""})
	accounts    = rapid.SampledFrom([]string{"a", "b", "c"})
	subjectKind = rapid.OneOf(mostly("ServiceAccount", "User"), rapid.Just("IdentityBinding"))
	ruleKind    = rapid.SampledFrom([]string{
		"HTTPRouteGroup", "HTTPRouteGroup", "TCPRoute", "HTTPRouteGroup", "TCPRoute", "UDPRoute", "Ingress", "HTTPRouteGroup", "TCPRoute",
	})
	routeNames = rapid.SampledFrom([]string{"r", "s"})
	matchNames = rapid.SampledFrom([]string{"m", "n", "o"})
	patterns   = rapid.SampledFrom([]string{
		"", "/", "/api", "/api$", "/api|/admin", "/a.*", ".*", "/[^/]*/?$", "(?i)/API", "^/admin", "(", "a)|(?:b", `/\Qa.b`, "*", "/x",
	})
	methods     = rapid.SampledFrom([]string{"GET", "*", "get", "POST"})
	headerNames = rapid.SampledFrom([]string{"X-A", "x-a", "x-b", "Host", ":authority"})
	values      = rapid.SampledFrom([]string{"1", "21", "shop", ""})
	valueRegex  = rapid.SampledFrom([]string{"1", "^1$", ".*", "shop", "["})
	ports       = rapid.SampledFrom([]int32{9091, 80, 8080})
	anyPort     = rapid.SampledFrom([]int32{0, 9091, 80, -1, 70000, 8080})
	onePort     = rapid.SampledFrom([]int32{0, 0, 0, 0, 80, -1, 9091, 0, 0})
	protocols   = rapid.SampledFrom([]Protocol{HTTP, HTTP, HTTP, TCP, UDP, TCP, HTTP, HTTP, "QUIC"})
	spiffeIDs   = rapid.SampledFrom([]string{"td/ns/t/sa/a", "spiffe://td/ns/t/sa/a", "td/b", "spiffe://td/c", "td/../x"})
	labelNames  = rapid.SampledFrom([]string{"app", "tier"})
	labelValues = rapid.SampledFrom([]string{"a", "b"})
	targets     = rapid.OneOf(
		rapid.SampledFrom([]string{
			"/api", "/api/x", "/a.b", "/admin", "*", "", "/api?x", "//api", "/x/../api", "/api/%2e%2e/admin", "/a%2fb", "/x", "/",
		}),
		rapid.Custom(func(t *rapid.T) string {
			return "/" + rapid.StringOfN(rapid.SampledFrom([]rune("/./a.%2e;Ef0?#*\\api/")), 0, 12, -1).Draw(t, "text")
		}),
	)
)

// mostly draws the usual text, and now and then one of the others.
func mostly(usual string, others ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		if unusual.Draw(t, "is unusual") {
			return rapid.SampledFrom(others).Draw(t, "unusual")
		}
		return usual
	})
}

// drawSome draws one to three things, and now and then none.
func drawSome[T any](t *rapid.T, draw func(*rapid.T) T) []T {
	if unusual.Draw(t, "are none") {
		return nil
	}
	return rapid.SliceOfN(rapid.Custom(draw), 1, 3).Draw(t, "some")
}

func drawProblems(t *rapid.T) []string {
	if problem := mostly("", "spec.x is not understood").Draw(t, "problem"); problem != "" {
		return []string{problem}
	}
	return nil
}

func drawSubject(t *rapid.T) access.Subject {
	return access.Subject{
		Kind: subjectKind.Draw(t, "kind"), Name: accounts.Draw(t, "account"), Namespace: orEmpty.Draw(t, "namespace"),
		Port: onePort.Draw(t, "port"),
	}
}

func drawRule(t *rapid.T) access.Rule {
	rule := access.Rule{Kind: ruleKind.Draw(t, "kind"), Name: routeNames.Draw(t, "route")}
	if rule.Kind == "HTTPRouteGroup" || unusual.Draw(t, "has matches whatever its kind") {
		rule.Matches = rapid.SliceOfN(matchNames, 0, 2).Draw(t, "matches")
	}
	return rule
}

func drawTarget(t *rapid.T, name string) access.TrafficTarget {
	var tt access.TrafficTarget
	tt.Namespace, tt.Name = namespaces.Draw(t, "namespace"), name
	tt.Spec = access.TrafficTargetSpec{
		Destination: drawSubject(t),
		Sources:     drawSome(t, drawSubject),
		Rules:       drawSome(t, drawRule),
		Problems:    drawProblems(t),
	}
	return tt
}

func drawMatch(t *rapid.T) specs.HTTPMatch {
	m := specs.HTTPMatch{
		Name:      matchNames.Draw(t, "name"),
		PathRegex: patterns.Draw(t, "path"),
		Methods:   rapid.SliceOfN(methods, 0, 2).Draw(t, "methods"),
	}
	if unusual.Draw(t, "has headers") {
		m.Headers = rapid.MapOfN(headerNames, valueRegex, 1, 2).Draw(t, "headers")
	}
	return m
}

func drawBinding(t *rapid.T, name string) access.IdentityBinding {
	var b access.IdentityBinding
	b.Namespace, b.Name, _ = strings.Cut(name, "/")
	b.Spec.Problems = drawProblems(t)
	s := &b.Spec.Schemes
	if rapid.Bool().Draw(t, "has SPIFFE ids") {
		s.SPIFFEIdentities = rapid.SliceOfN(spiffeIDs, 0, 2).Draw(t, "ids")
	}
	if rapid.Bool().Draw(t, "has a ServiceAccount") {
		s.ServiceAccount = accounts.Draw(t, "account")
	}
	if s.ServiceAccount == "" || unusual.Draw(t, "has labels beside it") {
		for range rapid.IntRange(0, 2).Draw(t, "selectors") {
			labels := rapid.MapOfN(labelNames, labelValues, 0, 2).Draw(t, "labels")
			s.PodLabelSelectors = append(s.PodLabelSelectors, access.PodLabelSelector{MatchLabels: labels})
		}
	}
	return b
}

func drawWorkload(t *rapid.T) Workload {
	var w Workload
	if rapid.Bool().Draw(t, "has labels") {
		w.Labels = rapid.MapOfN(labelNames, labelValues, 0, 2).Draw(t, "labels")
	}
	if rapid.Bool().Draw(t, "has a SPIFFE id") {
		w.SPIFFEID = spiffeIDs.Draw(t, "id")
	}
	return w
}

func drawSnapshot(t *rapid.T) Snapshot {
	var s Snapshot
	for i := range rapid.IntRange(1, 6).Draw(t, "TrafficTargets") {
		s.TrafficTargets = append(s.TrafficTargets, drawTarget(t, fmt.Sprintf("target-%d", i)))
	}
	for _, name := range []string{"t/r", "t/s", "u/r"} {
		if !unusual.Draw(t, "group is missing") {
			g := groupOf(name, drawSome(t, drawMatch)...)
			g.Spec.Problems = drawProblems(t)
			s.HTTPRouteGroups = append(s.HTTPRouteGroups, g)
		}
		if !unusual.Draw(t, "route is missing") {
			r := portsOf(name, rapid.SliceOfN(rapid.OneOf(ports, anyPort), 0, 3).Draw(t, "ports")...)
			r.Spec.Matches.Name = rapid.SampledFrom([]string{"", "m"}).Draw(t, "match")
			r.Spec.Problems = drawProblems(t)
			s.TCPRoutes = append(s.TCPRoutes, r)
			s.UDPRoutes = append(s.UDPRoutes, udpPortsOf(name, rapid.SliceOfN(rapid.OneOf(ports, anyPort), 0, 3).Draw(t, "UDP ports")...))
		}
	}
	for _, name := range []string{"t/a", "t/b", "t/c", "u/a"} {
		if !unusual.Draw(t, "binding is missing") {
			s.IdentityBindings = append(s.IdentityBindings, drawBinding(t, name))
		}
	}
	return s
}

// drawRequest draws a request that mostly is between the identities of one of the TrafficTargets.
func drawRequest(t *rapid.T, s Snapshot) Request {
	r := Request{
		Source:      Identity{callers.Draw(t, "namespace"), accounts.Draw(t, "source")},
		Destination: Identity{namespaces.Draw(t, "namespace"), accounts.Draw(t, "destination")},

		SourceWorkload: drawWorkload(t), DestinationWorkload: drawWorkload(t),

		Port:     ports.Draw(t, "port"),
		Protocol: protocols.Draw(t, "protocol"),
		Method:   rapid.SampledFrom([]string{"GET", "POST", "get"}).Draw(t, "method"),
		Path:     targets.Draw(t, "target"),
		Host:     values.Draw(t, "host"),
		Headers:  rapid.MapOfN(headerNames, rapid.SliceOfN(values, 0, 2), 0, 2).Draw(t, "headers"),
	}
	if len(s.TrafficTargets) == 0 || unusual.Draw(t, "is between strangers") {
		return r
	}
	tt := rapid.SampledFrom(s.TrafficTargets).Draw(t, "TrafficTarget")
	r.Destination = identity(tt.Spec.Destination, tt.Namespace)
	if len(tt.Spec.Sources) > 0 && !unusual.Draw(t, "has a SPIFFE id only") {
		r.Source = identity(rapid.SampledFrom(tt.Spec.Sources).Draw(t, "source"), tt.Namespace)
	}
	return r
}

func TestAuthorizeDecidesAsTheReferenceDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		g := Build(s)
		for range 50 {
			r := drawRequest(t, s)
			allowing := reference(s, r)
			slices.SortFunc(allowing, objectName.compare)
			wantTarget := ""
			if len(allowing) > 0 {
				wantTarget = allowing[0].String()
			}
			got := g.Authorize(r)
			if got.Allowed != (len(allowing) > 0) || got.Target != wantTarget {
				t.Fatalf("%+v is decided as %+v, and allowed by %v according to the reference", r, got, allowing)
			}
			if got.Reason == "" || got.Allowed != (got.Rule != "") {
				t.Fatalf("%+v does not say what decided %+v", got, r)
			}
		}
	})
}

// TestBrokenObjectsChangeNoDecision adds objects that grant nothing: one that has to do with the request and with the objects
// beside it may explain a denial, but decides nothing; others do not show at all.
func TestBrokenObjectsChangeNoDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		r := drawRequest(t, s)
		want := Build(s).Authorize(r)

		broken := drawTarget(t, "broken")
		broken.Spec.Rules = append(broken.Spec.Rules, access.Rule{Kind: "Ingress", Name: "r"})
		related := s
		related.TrafficTargets = append(slices.Clone(s.TrafficTargets), broken)
		got := Build(related).Authorize(r)
		if !want.Allowed {
			got.Reason = want.Reason
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("a broken TrafficTarget changed the decision (-want +got):\n%s", diff)
		}

		broken.Spec.Destination.Name = "nobody"
		s.TrafficTargets = append(slices.Clone(s.TrafficTargets), broken)
		s.HTTPRouteGroups = append(s.HTTPRouteGroups, groupOf("t/broken", path("m", "("), path("n", "/"), path("n", "/")))
		s.TCPRoutes = append(s.TCPRoutes, portsOf("t/broken", -1))
		if diff := cmp.Diff(want, Build(s).Authorize(r)); diff != "" {
			t.Fatalf("unrelated broken objects changed the decision (-want +got):\n%s", diff)
		}
	})
}

func TestDecisionsAddUpAndDoNotDependOnTheOrderOfObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSnapshot(t)
		r := drawRequest(t, s)
		want := Build(s).Authorize(r)

		shuffled := Snapshot{
			TrafficTargets:  rapid.Permutation(s.TrafficTargets).Draw(t, "TrafficTargets"),
			HTTPRouteGroups: rapid.Permutation(s.HTTPRouteGroups).Draw(t, "HTTPRouteGroups"),
			TCPRoutes:       rapid.Permutation(s.TCPRoutes).Draw(t, "TCPRoutes"),

			UDPRoutes:        rapid.Permutation(s.UDPRoutes).Draw(t, "UDPRoutes"),
			IdentityBindings: rapid.Permutation(s.IdentityBindings).Draw(t, "IdentityBindings"),
		}
		if diff := cmp.Diff(want, Build(shuffled).Authorize(r)); diff != "" {
			t.Fatalf("another order changed the decision (-want +got):\n%s", diff)
		}

		s.TrafficTargets = append(slices.Clone(s.TrafficTargets), drawTarget(t, "more"))
		if got := Build(s).Authorize(r); want.Allowed && !got.Allowed {
			t.Fatalf("one more TrafficTarget took away what %s allowed: %s", want.Target, got.Reason)
		}
	})
}
