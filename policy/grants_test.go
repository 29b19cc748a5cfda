package policy

import (
	"slices"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"

	"github.com/google/go-cmp/cmp"
)

func TestGrants(t *testing.T) {
	group := groupOf("t/g",
		path("read", "/api/[0-9]+", "GET", "HEAD"), path("plain", "/x.y-z"), path("literal", `/x\.y`, "*"), path("open", `/a|\Qb+`),
		withHeaders("beta", map[string]string{"X-Beta": "^yes$", "Host": "shop"}), path("broken", "/("))
	routes := []specs.TCPRoute{portsOf("t/two", 9092, 9091, 9092), portsOf("t/all"), portsOf("t/none", 0)}
	onPort := func(port int32, tt access.TrafficTarget) access.TrafficTarget {
		return edited(tt, func(s *access.TrafficTargetSpec) { s.Destination.Port = port })
	}
	for name, test := range map[string]struct {
		target access.TrafficTarget
		want   []Grant
	}{
		"two ports of anything": {
			targetFor("t/tt", "b", from("z", "a", "z"), tcpRule("two")),
			[]Grant{{Target: "t/tt", Destination: account("b"), Sources: []Identity{account("a"), account("z")}, Ports: []int32{9091, 9092}, AnyTraffic: true}},
		},
		"every port": {
			targetFor("t/tt", "b", from("a"), tcpRule("two"), tcpRule("all")),
			[]Grant{{Target: "t/tt", Destination: account("b"), Sources: []Identity{account("a")}, EveryPort: true, AnyTraffic: true}},
		},
		"the destination's port of those": {
			onPort(9092, targetFor("t/tt", "b", from("a"), tcpRule("two"))),
			[]Grant{{Target: "t/tt", Destination: account("b"), Sources: []Identity{account("a")}, Ports: []int32{9092}, AnyTraffic: true}},
		},
		"a port that no route has": {onPort(1, targetFor("t/tt", "b", from("a"), tcpRule("two"))), nil},
		"no port":                  {targetFor("t/tt", "b", from("a"), tcpRule("none")), nil},
		"UDP alone":                {targetFor("t/tt", "b", from("a"), udpRule("two")), nil},
		"void":                     {targetFor("t/tt", "b", from("a")), nil},
		"no match that works":      {targetFor("t/tt", "b", from("a"), httpRule("g", "broken", "gone")), nil},
		"no source":                {targetFor("t/tt", "b", nil, tcpRule("two")), nil},
		"another namespace's":      {edited(targetFor("t/tt", "b", from("a"), tcpRule("two")), func(s *access.TrafficTargetSpec) { s.Destination.Namespace = "u" }), nil},
		"matches, as they are meant": {
			targetFor("t/tt", "b", from("a"), httpRule("g"), tcpRule("two")),
			[]Grant{{
				Target: "t/tt", Destination: account("b"), Sources: []Identity{account("a")}, Ports: []int32{9091, 9092},
				Matches: []GrantedMatch{
					{Group: "g", Name: "read", PathRegex: "/api/[0-9]+", Methods: []string{"GET", "HEAD"}},
					{Group: "g", Name: "plain", PathRegex: "/x.y-z"},
					{Group: "g", Name: "literal", PathRegex: `/x\.y`},
					{Group: "g", Name: "open", PathRegex: `/a|\Qb+\E`},
					{Group: "g", Name: "beta", Headers: []GrantedHeader{{":authority", "shop"}, {"x-beta", "^yes$"}}},
				},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			graph := Build(Snapshot{TrafficTargets: []access.TrafficTarget{test.target}, HTTPRouteGroups: []specs.HTTPRouteGroup{group}, TCPRoutes: routes})
			if diff := cmp.Diff(test.want, graph.Grants()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrantsAreSorted(t *testing.T) {
	s := Snapshot{TCPRoutes: []specs.TCPRoute{portsOf("t/r")}}
	for _, name := range []string{"t/3", "t/1", "t/2"} {
		s.TrafficTargets = append(s.TrafficTargets, targetFor(name, "b", from("a", "c"), tcpRule("r")), targetFor(name+"x", "a", from("b"), tcpRule("r")))
	}
	var got []string
	for _, g := range Build(s).Grants() {
		got = append(got, g.Destination.ServiceAccount+" "+g.Target)
	}
	want := []string{"a t/1x", "a t/2x", "a t/3x", "b t/1", "b t/2", "b t/3"}
	if !slices.Equal(want, got) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := new(Graph).Grants(); got != nil {
		t.Errorf("the zero graph grants %v", got)
	}
}

func TestGrantsOfDatagrams(t *testing.T) {
	of := func(name string, ports ...int32) specs.UDPRoute {
		r := specs.UDPRoute{}
		r.Namespace, r.Name, r.Spec.Matches.Ports = "t", name, ports
		return r
	}
	s := Snapshot{
		TCPRoutes: []specs.TCPRoute{portsOf("t/tcp", 53)}, UDPRoutes: []specs.UDPRoute{of("dns", 53), of("all")},
		HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/g", path("read", "/api", "GET"))},
		TrafficTargets: []access.TrafficTarget{
			targetFor("t/1", "b", from("a"), udpRule("dns")), targetFor("t/2", "b", from("a"), udpRule("all"), tcpRule("tcp")),
			targetFor("t/3", "b", from("a"), udpRule("dns"), httpRule("g")),
		},
	}
	by := []Identity{account("a")}
	want := []Grant{
		{Target: "t/1", Destination: account("b"), Sources: by, AnyTraffic: true, UDPPorts: []int32{53}},
		{Target: "t/2", Destination: account("b"), Sources: by, AnyTraffic: true, Ports: []int32{53}, EveryUDPPort: true},
	}
	if diff := cmp.Diff(want, Build(s).Grants()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGrantsThatABindingTakesPartIn(t *testing.T) {
	binding := access.IdentityBinding{}
	binding.Namespace, binding.Name = "t", "labelled"
	binding.Spec.Schemes.PodLabelSelectors = []access.PodLabelSelector{{MatchLabels: map[string]string{"app": "a"}}}
	tt := edited(targetFor("t/1", "b", from("a"), tcpRule("tcp")), func(s *access.TrafficTargetSpec) {
		s.Sources = []access.Subject{{Kind: "IdentityBinding", Name: "labelled"}}
	})
	s := Snapshot{TCPRoutes: []specs.TCPRoute{portsOf("t/tcp", 80)}, IdentityBindings: []access.IdentityBinding{binding}, TrafficTargets: []access.TrafficTarget{tt}}
	want := []Grant{{Target: "t/1", Destination: account("b"), Bound: true, AnyTraffic: true, Ports: []int32{80}}}
	if diff := cmp.Diff(want, Build(s).Grants()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
