package policy

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// TestMatches asks one match, named m, about requests from a to b.
func TestMatches(t *testing.T) {
	yes := allows("t/a-b", "HTTPRouteGroup/routes/m", "TrafficTarget t/a-b allows every match of HTTPRouteGroup routes")
	no := func(call string) Decision {
		return denies("TrafficTarget t/a-b allows t/a to call t/b, but none of its rules matches " + call)
	}
	refused := func(why string) Decision {
		return denies("TrafficTarget t/a-b allows t/a to call t/b, but the path is refused: " + why)
	}
	header := func(name string, values ...string) Request {
		return getWith("a", map[string][]string{name: values})
	}
	atHost := func(host string, headers map[string][]string) Request {
		r := getWith("a", headers)
		r.Host = host
		return r
	}
	cases := map[string]struct {
		match   specs.HTTPMatch
		answers []answer
	}{
		"a match with only a name matches everything whose path can be read": {
			match: path("m", ""),
			answers: []answer{
				{get("a", "/"), yes}, {send("a", "BREW", "/pot"), yes}, {send("a", "OPTIONS", "*"), yes},
				{get("a", "/%"), refused("it holds a percent sign that two hexadecimal digits do not follow")},
			},
		},
		"methods are compared with their case": {
			match: path("m", "", "GET", "put"),
			answers: []answer{
				{send("a", "GET", "/"), yes}, {send("a", "put", "/"), yes},
				{send("a", "get", "/"), no("get /")}, {send("a", "PUT", "/"), no("PUT /")},
			},
		},
		"a star among the methods means any method": {
			match:   path("m", "", "GET", "*"),
			answers: []answer{{send("a", "DELETE", "/"), yes}},
		},
		"every alternative of a pathRegex is anchored": {
			match:   path("m", "/api|/?admin|/admin"),
			answers: []answer{{get("a", "/admin"), yes}, {get("a", "/x/admin"), no("GET /x/admin")}},
		},
		"a pathRegex may hold anchors and flags of its own": {
			match:   path("m", "(?im)^/API$"),
			answers: []answer{{get("a", "/api"), yes}, {get("a", "/api/x"), no("GET /api/x")}},
		},
		"a quotation that is left open ends with the pathRegex": {
			match:   path("m", `/api\Q.v1`),
			answers: []answer{{get("a", "/api.v1/x"), yes}, {get("a", "/api-v1"), no("GET /api-v1")}},
		},
		"the path is matched without its query": {
			match: path("m", "/api$"),
			answers: []answer{
				{get("a", "/api?x=/y"), yes}, {get("a", "/x?/api"), no("GET /x")},
				{get("a", "/api#x"), refused("it holds a number sign, which some servers read as the end of the path and others do not")},
			},
		},
		"the path is matched as a server would read it": {
			match: path("m", "/api/"),
			answers: []answer{
				{get("a", "/api/../admin"), no("GET /admin")},
				{get("a", "/api/%2e%2E/admin"), no("GET /admin")},
				{get("a", "/api//x"), yes},
				{get("a", "/api/y/../x"), yes},
				{get("a", "//api//x"), refused("it begins with two slashes, after which some servers read a host")},
				{get("a", "/admin/../api/x"), denies("TrafficTarget t/a-b allows t/a to call t/b, but its rules match GET /api/x only " +
					"where dot segments and doubled slashes are merged, and not every server merges them in /admin/../api/x")},
				{get("a", "/%61pi/x"), yes},
				{get("a", "/api/..%2fadmin"), refused("it holds an encoded slash, backslash or NUL")},
				{get("a", `/api/..\admin`), refused("it holds a backslash")},
			},
		},
		"a header regex is searched for anywhere in the value": {
			match: withHeaders("m", map[string]string{"user-agent": "Firefox"}),
			answers: []answer{
				{header("user-agent", "Mozilla/5.0 Firefox/1"), yes}, {header("user-agent", "curl"), no("GET /")},
			},
		},
		"an anchored header regex must match the whole value": {
			match:   withHeaders("m", map[string]string{"x-test": "^true$"}),
			answers: []answer{{header("x-test", "true"), yes}, {header("x-test", "untrue"), no("GET /")}},
		},
		"header names are compared without their case": {
			match:   withHeaders("m", map[string]string{"X-Test": "1"}),
			answers: []answer{{header("x-tEST", "1"), yes}, {header("x-tests", "1"), no("GET /")}},
		},
		"a letter beyond ASCII does not stand for the ASCII letter it folds to": {
			match:   withHeaders("m", map[string]string{"x-key": "1"}),
			answers: []answer{{header("x-\u212aey", "1"), no("GET /")}},
		},
		"any value of a header may match, under any spelling of its name": {
			match: withHeaders("m", map[string]string{"cookie": "insider"}),
			answers: []answer{
				{header("Cookie", "a", "type=insider"), yes},
				{getWith("a", map[string][]string{"cookie": {"a"}, "Cookie": {"insider"}, "COOKIE": {"b"}, "cOOKIE": {"c"}}), yes},
				{header("Cookie", "a", "b"), no("GET /")},
			},
		},
		"a header that is absent matches no regex, one that is empty may": {
			match:   withHeaders("m", map[string]string{"x-test": ".*"}),
			answers: []answer{{header("x-test", ""), yes}, {header("other", "1"), no("GET /")}, {header("x-test"), no("GET /")}},
		},
		"several headers must all match": {
			match: withHeaders("m", map[string]string{"a": "1", "b": "2"}),
			answers: []answer{
				{getWith("a", map[string][]string{"A": {"1"}, "B": {"2"}}), yes},
				{getWith("a", map[string][]string{"A": {"1"}}), no("GET /")},
			},
		},
		"the header host means the host of the request": {
			match: withHeaders("m", map[string]string{"Host": "^shop"}),
			answers: []answer{
				{atHost("shop.example", nil), yes},
				{atHost("other.example", map[string][]string{"Host": {"shop"}, ":authority": {"shop"}}), no("GET /")},
			},
		},
		"the host is found among the headers when it is nowhere else, the authority first": {
			match: withHeaders("m", map[string]string{":authority": "^shop"}),
			answers: []answer{
				{atHost("", map[string][]string{":authority": {"shop"}}), yes},
				{atHost("", map[string][]string{"HOST": {"shop"}}), yes},
				{atHost("", map[string][]string{":authority": {"other"}, "host": {"shop"}}), no("GET /")},
				{atHost("", nil), no("GET /")},
			},
		},
		"a denial quotes a request without its control characters and at most 200 bytes of it": {
			match: path("m", "/api", "GET"),
			answers: []answer{
				{send("a", "G\nT\xff", "/api"), no("G?T? /api")},
				{get("a", "/"+strings.Repeat("x", 300)), no("GET /" + strings.Repeat("x", 199) + "...")},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			expect(t, Snapshot{
				TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", tc.match)},
			}, tc.answers)
		})
	}
}

func TestPathIsNoMatterWhereNoRuleReadsIt(t *testing.T) {
	expect(t, Snapshot{
		TrafficTargets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), tcpRule("ports"))},
		TCPRoutes:      []specs.TCPRoute{portsOf("t/ports", 9091)},
	}, []answer{
		{get("a", "/packages/a%2Fb"), allows("t/a-b", "TCPRoute/ports", "TrafficTarget t/a-b allows the ports of TCPRoute ports")},
	})
}
