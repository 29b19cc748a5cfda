package policy

import (
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

func TestAuthorizeIdentities(t *testing.T) {
	every := []specs.TCPRoute{portsOf("t/ports"), portsOf("u/ports")}
	byPorts := allows("t/a-b", "TCPRoute/ports", "TrafficTarget t/a-b allows every port by TCPRoute ports")
	open := targetFor("t/a-b", "b", from("a"), tcpRule("ports"))
	stranger := connect("a", 80)
	stranger.Source.Namespace = "u"
	nobody, half, nowhere := connect("", 80), connect("a", 80), connect("a", 80)
	half.Source.Namespace = ""
	nowhere.Destination = Identity{}

	cases := map[string]struct {
		targets []access.TrafficTarget
		answers []answer
	}{
		"a caller without an identity, or with half of one, is denied": {
			targets: []access.TrafficTarget{open},
			answers: []answer{
				{nobody, denies("the caller is not authenticated: its ServiceAccount is not known")},
				{half, denies("the caller is not authenticated: its ServiceAccount is not known")},
			},
		},
		"a destination without an identity is denied": {
			targets: []access.TrafficTarget{open},
			answers: []answer{{nowhere, denies("the destination is not known: its ServiceAccount is missing")}},
		},
		"a source without a namespace is in the TrafficTarget's": {
			targets: []access.TrafficTarget{open},
			answers: []answer{
				{connect("a", 80), byPorts},
				{stranger, denies("no TrafficTarget in namespace t names u/a as a source of t/b")},
			},
		},
		"a source may be in another namespace": {
			targets: []access.TrafficTarget{
				edited(open, func(s *access.TrafficTargetSpec) { s.Sources[0].Namespace = "u" }),
			},
			answers: []answer{
				{stranger, byPorts},
				{connect("a", 80), denies("no TrafficTarget in namespace t names t/a as a source of t/b")},
			},
		},
		"a destination may name its namespace": {
			targets: []access.TrafficTarget{
				edited(targetFor("t/a-b", "b", from("a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
					s.Destination.Namespace = "t"
				}),
			},
			answers: []answer{{connect("a", 80), byPorts}},
		},
		"no sources means nobody": {
			targets: []access.TrafficTarget{targetFor("t/a-b", "b", nil, tcpRule("ports"))},
			answers: []answer{{connect("a", 80), denies("no TrafficTarget in namespace t names t/a as a source of t/b; " +
				"TrafficTarget t/a-b has a problem: it has no sources, so nobody may call")}},
		},
		"a TrafficTarget that was not understood grants nothing, whatever is left of it": {
			targets: []access.TrafficTarget{
				edited(open, func(s *access.TrafficTargetSpec) { s.Problems = []string{"spec.rules[1].kind is missing"} }),
			},
			answers: []answer{{connect("a", 80), denies("no TrafficTarget in namespace t names t/a as a source of t/b; " +
				"TrafficTarget t/a-b has a problem: spec.rules[1].kind is missing")}},
		},
		"a source without a name is nobody and does not block the others": {
			targets: []access.TrafficTarget{targetFor("t/a-b", "b", from("", "a"), tcpRule("ports"))},
			answers: []answer{
				{connect("a", 80), byPorts},
				{nobody, denies("the caller is not authenticated: its ServiceAccount is not known")},
			},
		},
		"an IdentityBinding that does not exist is nobody and does not block the others": {
			targets: []access.TrafficTarget{
				edited(targetFor("t/a-b", "b", from("c", "a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
					s.Sources[0].Kind = "IdentityBinding"
				}),
			},
			answers: []answer{
				{connect("a", 80), byPorts},
				{connect("c", 80), denies("no TrafficTarget in namespace t names t/c as a source of t/b; TrafficTarget t/a-b has a problem: " +
					"its source is IdentityBinding t/c, which does not exist, so it stands for nobody")},
			},
		},
		"a source of an unknown kind makes the TrafficTarget grant nothing": {
			targets: []access.TrafficTarget{
				edited(targetFor("t/a-b", "b", from("c", "a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
					s.Sources[0].Kind = "User"
				}),
			},
			answers: []answer{{connect("a", 80), denies("TrafficTarget t/a-b names t/a as a source of t/b, " +
				`but its source c is of the unknown kind "User", so it grants nothing`)}},
		},
		"a destination of another kind is nobody's": {
			targets: []access.TrafficTarget{
				edited(targetFor("t/a-b", "b", from("a"), tcpRule("ports")), func(s *access.TrafficTargetSpec) {
					s.Destination.Kind = "IdentityBinding"
				}),
			},
			answers: []answer{{connect("a", 80), denies("no TrafficTarget in namespace t has t/b as its destination")}},
		},
		"a source that is named twice counts once": {
			targets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a", "c", "a"), tcpRule("gone"))},
			answers: []answer{{connect("a", 80), denies("TrafficTarget t/a-b allows t/a to call t/b, but none of its rules " +
				"matches port 80; its rule names TCPRoute t/gone, which does not exist")}},
		},
		"the first TrafficTarget by name that allows decides, whatever the order they come in": {
			targets: []access.TrafficTarget{
				targetFor("t/z", "b", from("a"), tcpRule("ports")), open, targetFor("t/0", "b", from("a"), tcpRule("gone")),
			},
			answers: []answer{{connect("a", 80), byPorts}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, Snapshot{TrafficTargets: tc.targets, TCPRoutes: every}, tc.answers)
		})
	}
}

func TestAuthorizeRules(t *testing.T) {
	const (
		prefix  = "TrafficTarget t/a-b allows t/a to call t/b, but "
		noRoute = "; its rule names HTTPRouteGroup t/gone, which does not exist"
	)
	routes := Snapshot{
		HTTPRouteGroups: []specs.HTTPRouteGroup{
			groupOf("t/routes", path("read", "/api", "GET"), path("broken", "/api(")),
			groupOf("t/other", path("admin", "/admin")),
			groupOf("t/empty"), unread(groupOf("t/unread", path("read", "/"))),
			groupOf("t/twice", path("same", "/api"), path("same", "/admin"), path("sole", "/sole")),
		},
		TCPRoutes: []specs.TCPRoute{
			portsOf("t/web", 9091, 9092), portsOf("t/db", 5432), portsOf("t/wrong", 0, 70000), named(portsOf("t/named"), "all"),
			unreadPorts(portsOf("t/unread")),
		},
	}
	routes.UDPRoutes = []specs.UDPRoute{udpPortsOf("t/udp", 9091)}
	cases := map[string]struct {
		rules   []access.Rule
		port    int32 // of the destination
		answers []answer
	}{
		"no rules means deny": {
			answers: []answer{{get("a", "/api"), denies(
				"TrafficTarget t/a-b names t/a as a source of t/b, but it has no rules, so it grants nothing")}},
		},
		"a group that does not exist grants nothing": {
			rules:   []access.Rule{httpRule("gone")},
			answers: []answer{{get("a", "/api"), denies(prefix + "none of its rules matches GET /api" + noRoute)}},
		},
		"a group that does not exist does not block another": {
			rules: []access.Rule{httpRule("gone"), httpRule("routes", "read")},
			answers: []answer{
				{get("a", "/api"), allows("t/a-b", "HTTPRouteGroup/routes/read",
					"TrafficTarget t/a-b allows match read of HTTPRouteGroup routes")},
				{get("a", "/admin"), denies(prefix + "none of its rules matches GET /admin" + noRoute)},
			},
		},
		"a group without matches grants nothing": {
			rules: []access.Rule{httpRule("empty")},
			answers: []answer{{get("a", "/api"), denies(prefix + "none of its rules matches GET /api; " +
				"HTTPRouteGroup t/empty: it has no matches, so rules that name it grant nothing")}},
		},
		"an unknown match grants nothing, and the others stand": {
			rules: []access.Rule{httpRule("other", "gone", "admin")},
			answers: []answer{
				{get("a", "/admin"), allows("t/a-b", "HTTPRouteGroup/other/admin",
					"TrafficTarget t/a-b allows match admin of HTTPRouteGroup other")},
				{get("a", "/api"), denies(prefix + "none of its rules matches GET /api; " +
					"its rule names match gone, which HTTPRouteGroup t/other does not have")},
			},
		},
		"a broken match grants nothing, and the others stand": {
			rules: []access.Rule{httpRule("routes")},
			answers: []answer{
				{get("a", "/api"), allows("t/a-b", "HTTPRouteGroup/routes/read",
					"TrafficTarget t/a-b allows every match of HTTPRouteGroup routes")},
				{send("a", "POST", "/api"), denies(prefix + "none of its rules matches POST /api; HTTPRouteGroup t/routes: the pathRegex " +
					"of match broken is not a regular expression (missing closing )), so the match grants nothing")},
			},
		},
		"matches that share a name grant nothing, and the others stand": {
			rules: []access.Rule{httpRule("twice")},
			answers: []answer{
				{get("a", "/sole"), allows("t/a-b", "HTTPRouteGroup/twice/sole",
					"TrafficTarget t/a-b allows every match of HTTPRouteGroup twice")},
				{get("a", "/api"), denies(prefix + "none of its rules matches GET /api; HTTPRouteGroup t/twice: " +
					"the name of match same is used more than once, so none of them grants anything")},
			},
		},
		"a group that was not understood grants nothing, whatever is left of it": {
			rules: []access.Rule{httpRule("unread"), httpRule("unread", "read", "write")},
			answers: []answer{{get("a", "/api"), denies(prefix + "none of its rules matches GET /api; " +
				"HTTPRouteGroup t/unread: spec.matches[1].name is missing")}},
		},
		"a TCPRoute that was not understood is not read as every port": {
			rules: []access.Rule{tcpRule("unread")},
			answers: []answer{{connect("a", 80), denies(prefix + "none of its rules matches port 80; " +
				`TCPRoute t/unread: spec.matches.ports[0] is "x", which is not a port (1 to 65535)`)}},
		},
		"several TCPRoutes add up": {
			rules: []access.Rule{tcpRule("db"), tcpRule("web")},
			answers: []answer{
				{connect("a", 9092), allows("t/a-b", "TCPRoute/web", "TrafficTarget t/a-b allows the ports of TCPRoute web")},
				{connect("a", 5432), allows("t/a-b", "TCPRoute/db", "TrafficTarget t/a-b allows the ports of TCPRoute db")},
				{connect("a", 80), denies(prefix + "none of its rules matches port 80")},
			},
		},
		"a TCPRoute and an HTTPRouteGroup must both hold": {
			rules: []access.Rule{tcpRule("db"), tcpRule("web"), httpRule("other")},
			answers: []answer{
				{get("a", "/admin"), allows("t/a-b", "HTTPRouteGroup/other/admin",
					"TrafficTarget t/a-b allows every match of HTTPRouteGroup other on the ports of its TCPRoutes")},
				{get("a", "/api"), denies(prefix + "none of its rules matches GET /api")},
				{onPort(80, get("a", "/admin")), denies(prefix + "none of its rules matches port 80")},
				{connect("a", 9091), denies(prefix + "only by HTTP requests that its rules match, not by a raw TCP connection")},
			},
		},
		"a TCPRoute that does not exist still restricts the HTTPRouteGroup beside it": {
			rules: []access.Rule{tcpRule("gone"), httpRule("other")},
			answers: []answer{{get("a", "/admin"), denies(
				prefix + "none of its rules matches port 9091; its rule names TCPRoute t/gone, which does not exist")}},
		},
		"a UDPRoute alone grants no TCP": {
			rules: []access.Rule{udpRule("udp")},
			answers: []answer{
				{connect("a", 9091), denies(prefix + "only by UDP, not by TCP")},
				{overUDP("a", 9091), allows("t/a-b", "UDPRoute/udp", "TrafficTarget t/a-b allows the ports of UDPRoute udp")},
				{overUDP("a", 80), denies(prefix + "none of its rules matches port 80")},
			},
		},
		"a UDPRoute restricts the HTTPRouteGroup beside it to UDP": {
			rules: []access.Rule{udpRule("udp"), httpRule("other")},
			answers: []answer{
				{get("a", "/admin"), denies(prefix + "only by UDP, not by HTTP")},
				{overUDP("a", 9091), denies(prefix + "only by HTTP requests that its rules match, not by UDP")},
			},
		},
		"a TCPRoute alone grants no UDP": {
			rules:   []access.Rule{tcpRule("web")},
			answers: []answer{{overUDP("a", 9091), denies(prefix + "none of its rules is about UDP")}},
		},
		"a UDPRoute that does not exist is told to who sends UDP": {
			rules: []access.Rule{tcpRule("web"), udpRule("gone")},
			answers: []answer{
				{overUDP("a", 9091), denies(prefix +
					"none of its rules matches port 9091; its rule names UDPRoute t/gone, which does not exist")},
				{connect("a", 80), denies(prefix + "none of its rules matches port 80")},
			},
		},
		"a rule of an unknown kind makes the TrafficTarget grant nothing": {
			rules: []access.Rule{tcpRule("web"), {Kind: "HttpRouteGroup", Name: "routes"}},
			answers: []answer{{connect("a", 9091), denies("TrafficTarget t/a-b names t/a as a source of t/b, " +
				`but its rule routes is of the unknown kind "HttpRouteGroup", so it grants nothing`)}},
		},
		"ports that are no ports are not read as every port": {
			rules: []access.Rule{tcpRule("wrong")},
			answers: []answer{{connect("a", 9091), denies(prefix + "none of its rules matches port 9091; " +
				"TCPRoute t/wrong: its port 0 is not between 1 and 65535 and grants nothing")}},
		},
		"a TCPRoute's match goes by its name": {
			rules: []access.Rule{{Kind: "TCPRoute", Name: "named", Matches: from("all")}},
			answers: []answer{{connect("a", 80), allows("t/a-b", "TCPRoute/named/all",
				"TrafficTarget t/a-b allows every port by TCPRoute named")}},
		},
		"a match that a TCPRoute does not have grants nothing": {
			rules: []access.Rule{{Kind: "TCPRoute", Name: "named", Matches: from("some")}},
			answers: []answer{{connect("a", 80), denies(prefix + "none of its rules matches port 80; " +
				"its rule names match some, which TCPRoute t/named does not have")}},
		},
		"a destination port limits HTTP rules to that port": {
			rules: []access.Rule{httpRule("other")}, port: 9091,
			answers: []answer{
				{get("a", "/admin"), allows("t/a-b", "HTTPRouteGroup/other/admin",
					"TrafficTarget t/a-b allows every match of HTTPRouteGroup other on port 9091")},
				{onPort(9092, get("a", "/admin")), denies(prefix + "only on port 9091, not on port 9092")},
			},
		},
		"a destination port limits TCPRoutes to that port": {
			rules: []access.Rule{tcpRule("web")}, port: 9091,
			answers: []answer{
				{connect("a", 9091), allows("t/a-b", "TCPRoute/web", "TrafficTarget t/a-b allows port 9091 by TCPRoute web")},
				{connect("a", 9092), denies(prefix + "only on port 9091, not on port 9092")},
			},
		},
		"a destination port that is no port grants nothing": {
			rules: []access.Rule{httpRule("other")}, port: -1,
			answers: []answer{{get("a", "/admin"), denies("TrafficTarget t/a-b names t/a as a source of t/b, " +
				"but its port -1 is not between 1 and 65535 and grants nothing")}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := routes
			s.TrafficTargets = []access.TrafficTarget{
				edited(targetFor("t/a-b", "b", from("a"), tc.rules...), func(s *access.TrafficTargetSpec) {
					s.Destination.Port = tc.port
				}),
			}
			expect(t, s, tc.answers)
		})
	}
}

func TestDenialNamesTheTrafficTargetThatCameClosest(t *testing.T) {
	s := Snapshot{
		TrafficTargets: []access.TrafficTarget{
			targetFor("t/1-void", "b", from("a")),
			targetFor("t/2-port", "b", from("a"), tcpRule("db")),
			targetFor("t/3-path", "b", from("a"), httpRule("routes")),
			targetFor("t/4-path", "b", from("a"), httpRule("routes")),
		},
		HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("api", "/api"))},
		TCPRoutes:       []specs.TCPRoute{portsOf("t/db", 5432)},
	}
	two := s
	two.TrafficTargets = s.TrafficTargets[:2]
	expect(t, two, []answer{{connect("a", 80), denies(
		"TrafficTarget t/2-port (the closest of 2) allows t/a to call t/b, but none of its rules matches port 80")}})

	const prefix = "TrafficTarget t/3-path (the closest of 4) allows t/a to call t/b, but "
	expect(t, s, []answer{
		{get("a", "/admin?q"), denies(prefix + "none of its rules matches GET /admin")},
		{get("a", "/api%2fx"), denies(prefix + "the path is refused: it holds an encoded slash, backslash or NUL")},
		{connect("a", 80), denies(prefix + "only by HTTP requests that its rules match, not by a raw TCP connection")},
	})
}

func named(r specs.TCPRoute, match string) specs.TCPRoute {
	r.Spec.Matches.Name = match
	return r
}

func unread(g specs.HTTPRouteGroup) specs.HTTPRouteGroup {
	g.Spec.Problems = []string{"spec.matches[1].name is missing"}
	return g
}

func unreadPorts(r specs.TCPRoute) specs.TCPRoute {
	r.Spec.Problems = []string{`spec.matches.ports[0] is "x", which is not a port (1 to 65535)`}
	return r
}
