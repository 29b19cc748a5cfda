package policy

import (
	"testing"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// TestHeaderTricks asks one match that wants x-role to be admin at the host shop, about requests that try to look like that.
func TestHeaderTricks(t *testing.T) {
	yes := allows("t/a-b", "HTTPRouteGroup/routes/m", "TrafficTarget t/a-b allows every match of HTTPRouteGroup routes")
	no := denies("TrafficTarget t/a-b allows t/a to call t/b, but none of its rules matches GET /")
	cases := map[string]struct {
		host    string
		headers map[string][]string
		want    Decision
	}{
		"as it is meant":                                {"shop", map[string][]string{"x-role": {"admin"}}, yes},
		"the name in capitals":                          {"shop", map[string][]string{"X-ROLE": {"admin"}}, yes},
		"the value in capitals is another value":        {"shop", map[string][]string{"x-role": {"Admin"}}, no},
		"an underscore is no hyphen":                    {"shop", map[string][]string{"x_role": {"admin"}}, no},
		"a space in the name makes another name":        {"shop", map[string][]string{"x-role ": {"admin"}}, no},
		"a letter that folds to an ASCII one":           {"shop", map[string][]string{"x-ro\u017fle": {"admin"}}, no},
		"repeated, one of them fits":                    {"shop", map[string][]string{"x-role": {"user", "admin"}}, yes},
		"repeated under two spellings":                  {"shop", map[string][]string{"x-role": {"user"}, "X-Role": {"admin"}}, yes},
		"several values in one line are one value":      {"shop", map[string][]string{"x-role": {"user, admin"}}, no},
		"an empty value":                                {"shop", map[string][]string{"x-role": {""}}, no},
		"a name without values":                         {"shop", map[string][]string{"x-role": {}}, no},
		"a line break in the value":                     {"shop", map[string][]string{"x-role": {"admin\nuser"}}, no},
		"a host with a port":                            {"shop:443", map[string][]string{"x-role": {"admin"}}, no},
		"a host in capitals is another one to the rule": {"SHOP", map[string][]string{"x-role": {"admin"}}, no},
		"a header Host does not replace the host":       {"other", map[string][]string{"x-role": {"admin"}, "Host": {"shop"}}, no},
		"nor does a header :authority":                  {"other", map[string][]string{"x-role": {"admin"}, ":authority": {"shop"}}, no},
		":authority comes before Host":                  {"", map[string][]string{"x-role": {"admin"}, ":authority": {"other"}, "host": {"shop"}}, no},
		"and so it does where it fits":                  {"", map[string][]string{"x-role": {"admin"}, ":authority": {"shop"}, "host": {"other"}}, yes},
		"X-Forwarded-Host is no host":                   {"", map[string][]string{"x-role": {"admin"}, "X-Forwarded-Host": {"shop"}}, no},
		"a header that claims to be the caller":         {"shop", map[string][]string{"x-role": {"user"}, "l5d-client-id": {"admin"}}, no},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := get("a", "/")
			r.Host, r.Headers = tc.host, tc.headers
			expect(t, Snapshot{
				TrafficTargets: []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes"))},
				HTTPRouteGroups: []specs.HTTPRouteGroup{
					groupOf("t/routes", withHeaders("m", map[string]string{"x-role": "^admin$", "host": "^shop$"})),
				},
			}, []answer{{r, tc.want}})
		})
	}
}

// TestHeadersAreNobodysIdentity puts a caller's name into every header that is known to carry one: who calls is what the enforcement
// point says, and nothing that was sent.
func TestHeadersAreNobodysIdentity(t *testing.T) {
	forged := get("c", "/")
	forged.Headers = map[string][]string{
		"X-Forwarded-For": {"10.0.0.1"}, "Forwarded": {"for=10.0.0.1"}, "l5d-client-id": {"a.t.serviceaccount.identity.linkerd.cluster.local"},
		"X-Forwarded-Client-Cert": {"URI=spiffe://cluster.local/ns/t/sa/a"}, "Authorization": {"Bearer a"}, "X-Remote-User": {"t/a"},
	}
	unknown := forged
	unknown.Source = Identity{}
	expect(t, Snapshot{
		TrafficTargets:  []access.TrafficTarget{targetFor("t/a-b", "b", from("a"), httpRule("routes"))},
		HTTPRouteGroups: []specs.HTTPRouteGroup{groupOf("t/routes", path("m", ""))},
	}, []answer{
		{forged, denies("no TrafficTarget in namespace t names t/c as a source of t/b")},
		{unknown, denies("the caller is not authenticated: its ServiceAccount is not known")},
	})
}
