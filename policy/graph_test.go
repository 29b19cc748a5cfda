package policy

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

func TestProblems(t *testing.T) {
	target := func(reason, message string) Problem {
		return Problem{Kind: "TrafficTarget", Namespace: "t", Name: "a-b", Reason: reason, Message: message}
	}
	group := func(reason, message string) Problem {
		return Problem{Kind: "HTTPRouteGroup", Namespace: "t", Name: "routes", Reason: reason, Message: message}
	}
	route := func(reason, message string) Problem {
		return Problem{Kind: "TCPRoute", Namespace: "t", Name: "ports", Reason: reason, Message: message}
	}
	targets := func(edit func(*access.TrafficTargetSpec)) Snapshot {
		return Snapshot{
			TrafficTargets: []access.TrafficTarget{edited(targetFor("t/a-b", "b", from("a"), tcpRule("ports")), edit)},
			TCPRoutes:      []specs.TCPRoute{portsOf("t/ports")},
		}
	}
	groups := func(matches ...specs.HTTPMatch) Snapshot {
		return Snapshot{HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", matches...)}}
	}
	cases := map[string]struct {
		snapshot Snapshot
		want     []Problem
	}{
		"an empty snapshot has none": {},
		"objects that are right have none": {
			snapshot: targets(func(*access.TrafficTargetSpec) {}),
		},
		"a destination in another namespace": {
			snapshot: targets(func(s *access.TrafficTargetSpec) { s.Destination.Namespace = "u" }),
			want: []Problem{target("NamespaceMismatch",
				"its destination u/b is not in its own namespace t, so it grants nothing")},
		},
		"a destination without a name": {
			snapshot: targets(func(s *access.TrafficTargetSpec) { s.Destination.Name = "" }),
			want:     []Problem{target("NoDestination", "its destination has no name, so it grants nothing")},
		},
		"a destination that is a binding that does not exist": {
			snapshot: targets(func(s *access.TrafficTargetSpec) { s.Destination.Kind = "IdentityBinding" }),
			want: []Problem{target("BindingNotFound",
				"its destination is IdentityBinding t/b, which does not exist, so it stands for nobody")},
		},
		"no rules and no sources": {
			snapshot: targets(func(s *access.TrafficTargetSpec) { s.Rules, s.Sources = nil, nil }),
			want: []Problem{
				target("NoRules", "it has no rules, so it grants nothing"),
				target("NoSources", "it has no sources, so nobody may call"),
			},
		},
		"sources that are nobody": {
			snapshot: targets(func(s *access.TrafficTargetSpec) {
				s.Sources = []access.Subject{
					{Kind: "ServiceAccount"}, {Kind: "IdentityBinding", Name: "i"}, {Kind: "User", Name: "u"}, {Name: "n"},
				}
			}),
			want: []Problem{
				target("BindingNotFound", "its source is IdentityBinding t/i, which does not exist, so it stands for nobody"),
				target("NoSourceName", "one of its sources has no name, so that source is nobody"),
				target("UnsupportedKind", `its source n is of the unknown kind "", so it grants nothing`),
				target("UnsupportedKind", `its source u is of the unknown kind "User", so it grants nothing`),
			},
		},
		"rules that grant nothing, each told once": {
			snapshot: targets(func(s *access.TrafficTargetSpec) {
				s.Rules = []access.Rule{
					udpRule("udp"), tcpRule("gone"), httpRule("gone"), httpRule("gone"), {Kind: "Route", Name: "r"},
				}
			}),
			want: []Problem{
				target("RouteNotFound", "its rule names HTTPRouteGroup t/gone, which does not exist"),
				target("RouteNotFound", "its rule names TCPRoute t/gone, which does not exist"),
				target("RouteNotFound", "its rule names UDPRoute t/udp, which does not exist"),
				target("UnsupportedKind", `its rule r is of the unknown kind "Route", so it grants nothing`),
			},
		},
		"ports that are no ports": {
			snapshot: Snapshot{
				TrafficTargets: targets(func(s *access.TrafficTargetSpec) { s.Destination.Port = 65536 }).TrafficTargets,
				TCPRoutes:      []specs.TCPRoute{portsOf("t/ports", 80, -1)},
			},
			want: []Problem{
				route("InvalidPort", "its port -1 is not between 1 and 65535 and grants nothing"),
				target("InvalidPort", "its port 65536 is not between 1 and 65535 and grants nothing"),
			},
		},
		"a group without matches": {
			snapshot: groups(),
			want:     []Problem{group("NoMatches", "it has no matches, so rules that name it grant nothing")},
		},
		"matches that share a name": {
			snapshot: groups(path("m", "/a"), path("m", "/b"), path("m", "/c")),
			want: []Problem{group("DuplicateMatch",
				"the name of match m is used more than once, so none of them grants anything")},
		},
		"regular expressions that are none": {
			snapshot: groups(specs.HTTPMatch{
				Name: "m", PathRegex: "/a)|(?:b", Headers: map[string]string{"b": "[", "a": "(?=x)"},
			}),
			want: []Problem{
				group("InvalidRegex", "the pathRegex of match m is not a regular expression (unexpected )), so the match grants nothing"),
				group("InvalidRegex", "the pattern of header a of match m is not a regular expression "+
					"(invalid or unsupported Perl syntax), so the match grants nothing"),
				group("InvalidRegex", "the pattern of header b of match m is not a regular expression "+
					"(missing closing ]), so the match grants nothing"),
			},
		},
		"regular expressions beyond the limits": {
			snapshot: groups(
				path("long", strings.Repeat("a", 1025)),
				path("costly", "(?:[a-z]{9}x{9}){60}"),
			),
			want: []Problem{
				group("InvalidRegex", "the pathRegex of match costly compiles to at least 1080 instructions, "+
					"more than the 1000 that are allowed, so the match grants nothing"),
				group("InvalidRegex", "the pathRegex of match long is 1025 bytes long, "+
					"more than the 1024 that are allowed, so the match grants nothing"),
			},
		},
		"objects that were not understood have what was said of them and nothing else": {
			snapshot: Snapshot{
				TrafficTargets:  targets(func(s *access.TrafficTargetSpec) { *s = notUnderstood(s.Destination) }).TrafficTargets,
				HTTPRouteGroups: []specs.HTTPRouteGroup{unread(groupOf("t/routes"))},
				TCPRoutes:       []specs.TCPRoute{unreadPorts(portsOf("t/ports", -1))},
			},
			want: []Problem{
				group("NotUnderstood", "spec.matches[1].name is missing"),
				route("NotUnderstood", `spec.matches.ports[0] is "x", which is not a port (1 to 65535)`),
				target("NotUnderstood", "spec.sources[0].name is missing"),
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Build(tc.snapshot).Problems()); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGraphIsBeyondTheReachOfItsReaders(t *testing.T) {
	s := Snapshot{
		TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), tcpRule("ports"), httpRule("routes"))},
		HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("m", "/api", "GET"), path("broken", "("))},
		TCPRoutes:       []specs.TCPRoute{portsOf("t/ports", 9091)},
	}
	g, want := Build(s), Build(s).Problems()

	clear(g.Problems())
	s.TCPRoutes[0].Spec.Matches.Ports[0] = 80
	s.HTTPRouteGroups[0].Spec.Matches[0].Methods[0] = "POST"
	s.TrafficTargets[0].Spec.Sources[0].Name = "c"

	if diff := cmp.Diff(want, g.Problems()); diff != "" {
		t.Errorf("problems after a caller changed its copy (-want +got):\n%s", diff)
	}
	if d := g.Authorize(get("a", "/api")); !d.Allowed {
		t.Errorf("a change of the snapshot reached the graph: %s", d.Reason)
	}
}

func TestReadersMayShareAGraph(t *testing.T) {
	g, r := largeGraph(), toItem()
	want := g.Authorize(r)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 100 {
				if got := g.Authorize(r); got != want {
					t.Errorf("decided %+v, want %+v", got, want)
				}
				g.Problems()
			}
		})
	}
	readers.Wait()
}

// TestReadersNeverWaitForAReload swaps graphs while readers decide, as enforcement points do: every decision is whole, of the one
// graph or the other, and is made while the next graph is being built.
func TestReadersNeverWaitForAReload(t *testing.T) {
	open := largeSnapshot()
	closed := open
	closed.TrafficTargets = slices.DeleteFunc(slices.Clone(open.TrafficTargets), func(tt access.TrafficTarget) bool {
		return tt.Name == "target-999"
	})
	r := toItem()
	both := []Decision{Build(open).Authorize(r), Build(closed).Authorize(r)}
	var current atomic.Pointer[Graph]
	current.Store(Build(open))
	var ended atomic.Bool
	var readers sync.WaitGroup
	var during atomic.Int64
	for range 2 {
		readers.Go(func() {
			for !ended.Load() {
				during.Add(1)
				if got := current.Load().Authorize(r); !slices.Contains(both, got) {
					t.Errorf("decided %+v", got)
					return
				}
			}
		})
	}
	for i := range 4 {
		before := during.Load()
		next := Build([]Snapshot{closed, open}[i%2])
		for during.Load() == before { // A reader that waits for this one would make it wait for ever.
			runtime.Gosched()
		}
		current.Store(next)
	}
	ended.Store(true)
	readers.Wait()
	if got := current.Load().Authorize(r); got != both[0] {
		t.Errorf("after the last reload: %+v", got)
	}
}

func TestZeroGraphDeniesEverything(t *testing.T) {
	if d := new(Graph).Authorize(get("a", "/")); d.Allowed {
		t.Errorf("allowed: %s", d.Reason)
	}
}

func TestProblemsDoNotDependOnTheOrderOfObjects(t *testing.T) {
	s := Snapshot{
		TrafficTargets:  []access.TrafficTarget{targetFor("t/b", "b", nil), targetFor("t/a", "b", nil), targetFor("s/c", "b", nil)},
		HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/b"), groupOf("t/a", path("m", "("))},
		TCPRoutes:       []specs.TCPRoute{portsOf("t/b", 0), portsOf("t/a", 0)},
	}
	want := Build(s).Problems()
	slices.Reverse(s.TrafficTargets)
	slices.Reverse(s.HTTPRouteGroups)
	slices.Reverse(s.TCPRoutes)
	if diff := cmp.Diff(want, Build(s).Problems()); diff != "" {
		t.Errorf("problems of the objects in another order (-want +got):\n%s", diff)
	}
}

// notUnderstood is a specification of which only the destination could be read.
func notUnderstood(destination access.Subject) access.TrafficTargetSpec {
	return access.TrafficTargetSpec{Destination: destination, Problems: []string{"spec.sources[0].name is missing"}}
}
