package authz

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

const traefikWeb, nginxWeb, genericWeb = "/authz/traefik/shop/web/8080", "/authz/nginx/shop/web/8080", "/authz/generic/shop/web/8080"

// spoken are the lines of a request in a dialect, from an address; more lines follow.
func spoken(dialect, address string, more ...string) []string {
	lines := map[string][]string{
		"traefik": {"X-Forwarded-Method: GET", "X-Forwarded-Proto: https", "X-Forwarded-Host: web", "X-Forwarded-Uri: /api", "X-Forwarded-For: " + address},
		"nginx":   {"X-Original-Method: GET", "X-Original-URI: /api", "X-Real-IP: " + address},
	}[dialect]
	return append(lines, more...)
}

func TestForwardAuthOverHTTP(t *testing.T) {
	l := newLab(t, everything)
	const how = "403 deny serin: the gateway must ask at /authz/DIALECT/NAMESPACE/SERVICEACCOUNT/PORT"
	const query = "403 deny serin: the address that the gateway asks at has a query, which could be the client's; the destination belongs in the path"
	notOne := func(header string) string { return "403 deny serin: " + header }
	tests := map[string]struct {
		path  string
		lines []string
		want  string
	}{
		"Traefik":                          {traefikWeb, spoken("traefik", clientIP), "200 allow serin: TrafficTarget shop/web allows every match of HTTPRouteGroup routes"},
		"nginx":                            {nginxWeb, spoken("nginx", clientIP), "200 allow serin: TrafficTarget shop/web allows every match of HTTPRouteGroup routes"},
		"somebody else":                    {nginxWeb, spoken("nginx", "10.0.2.5"), "403 deny serin: no TrafficTarget in namespace shop names shop/stranger as a source of shop/web"},
		"another port by TCPRoute":         {"/authz/nginx/shop/db/5433", spoken("nginx", clientIP), "403 deny serin: TrafficTarget shop/db allows shop/client to call shop/db, but none of its rules matches port 5433"},
		"no destination":                   {"/authz/nginx", spoken("nginx", clientIP), how},
		"no port":                          {"/authz/nginx/shop/web", spoken("nginx", clientIP), how},
		"port 0":                           {"/authz/nginx/shop/web/0", spoken("nginx", clientIP), how},
		"a port too high":                  {"/authz/nginx/shop/web/65536", spoken("nginx", clientIP), how},
		"more than a port":                 {"/authz/nginx/shop/web/8080/api", spoken("nginx", clientIP), how},
		"a name that is none":              {"/authz/nginx/Shop/web/8080", spoken("nginx", clientIP), how},
		"an encoded destination":           {"/authz/nginx/shop%2Fweb/8080", spoken("nginx", clientIP), how},
		"an encoded destination, in whole": {"/authz/nginx/shop%2Fweb%2F8080", spoken("nginx", clientIP), how},
		"dot segments":                     {"/authz/nginx/shop/db/../web/8080", spoken("nginx", clientIP), how},
		"double slashes":                   {"/authz/nginx//shop/web/8080", spoken("nginx", clientIP), how},
		"the client's query":               {nginxWeb + "?port=5432", spoken("nginx", clientIP), query},
		"an empty query":                   {nginxWeb + "?", spoken("nginx", clientIP), query},
		"a dialect that is none":           {"/authz/envoy/shop/web/8080", spoken("nginx", clientIP), `403 deny serin: "envoy" is not a dialect of forward-auth; there are generic, nginx and traefik`},
		"the wrong dialect":                {traefikWeb, spoken("nginx", clientIP), notOne("X-Forwarded-Method is missing, which the gateway must set")},
		"no path":                          {nginxWeb, []string{"X-Original-Method: GET"}, notOne("X-Original-Uri is missing, which the gateway must set")},
		"an empty path":                    {nginxWeb, []string{"X-Original-Method: GET", "X-Original-URI:"}, notOne("X-Original-Uri is missing, which the gateway must set")},
		"a second method":                  {nginxWeb, spoken("nginx", clientIP, "X-Original-Method: GET"), notOne("X-Original-Method is there 2 times, so it is not clear which one the gateway set")},
		"a second path":                    {traefikWeb, spoken("traefik", clientIP, "x-forwarded-URI: /api"), notOne("X-Forwarded-Uri is there 2 times, so it is not clear which one the gateway set")},
		"a URL beside the path":            {nginxWeb, spoken("nginx", clientIP, "X-Original-URL: https://web/admin"), notOne("X-Original-Uri and X-Original-Url do not name the same path")},
		"a URL that is none":               {nginxWeb, spoken("nginx", clientIP, "X-Original-URL: https://web?/api"), notOne("X-Original-Url is not a URL with a path")},
		"a URL with a user":                {nginxWeb, spoken("nginx", clientIP, "X-Original-URL: https://shop.example@web/api"), notOne("X-Original-Url is not a URL with a path")},
		"no address":                       {nginxWeb, []string{"X-Original-Method: GET", "X-Original-URI: /api"}, notOne("the caller is not authenticated: nothing that this authoriser trusts says who it is")},
		"an address that is none":          {nginxWeb, spoken("nginx", "web"), notOne("the caller is not authenticated: nothing that this authoriser trusts says who it is")},
		"another page":                     {"/", spoken("nginx", clientIP), "404  serin: the gateway must ask at"},
		"a path beside it":                 {"/authzx/nginx/shop/web/8080", spoken("nginx", clientIP), "404  serin: the gateway must ask at"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := l.ask(tc.path, tc.lines...); !strings.HasPrefix(got, tc.want) {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestForwardAuthNamesTheDecision(t *testing.T) {
	l := newLab(t, everything)
	response, _ := l.send("PUT "+nginxWeb+" HTTP/1.1", spoken("nginx", clientIP, "Content-Length: 0")...)
	want := map[string]string{headerDecision: "allow", headerTarget: "shop/web", headerRule: "HTTPRouteGroup/routes", "Cache-Control": "no-store"}
	for name, value := range want {
		if response.Header.Get(name) != value {
			t.Errorf("%s: got %q, want %q", name, response.Header.Get(name), value)
		}
	}
	response, _ = l.send("POST "+nginxWeb+" HTTP/1.1", spoken("nginx", malloryIP, "Content-Length: 0")...)
	if response.StatusCode != http.StatusForbidden || response.Header.Get(headerTarget) != "" || response.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("got %d, headers %v", response.StatusCode, response.Header)
	}
}

// FuzzForward holds that a destination is what the path says, letter by letter, and that the request target and the address are
// those that the gateway's headers hold.
func FuzzForward(f *testing.F) {
	f.Add("/authz/nginx/shop/web/8080", "/api", "https://web/api", "10.0.0.1")
	f.Add("/authz/traefik/shop/web/8080?x", "/api?x", "", "10.0.0.1, 10.0.0.2")
	f.Add("/authz/generic/shop%2Fweb/8080", "", "://", "::1")
	trust := newTrust(Options{AddressFrom: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	f.Fuzz(func(t *testing.T, path, uri, whole, address string) {
		where, err := url.ParseRequestURI(path)
		if err != nil || where.Host != "" {
			return
		}
		for _, spoken := range dialects {
			header := http.Header{spoken.method: {"GET"}, spoken.uri: {uri}, spoken.address: {address}}
			if spoken.url != "" && whole != "" {
				header[spoken.url] = []string{whole}
			}
			q := readForward(&http.Request{URL: where, Header: header, RemoteAddr: "127.0.0.1:1"}, trust)
			if q.problem != "" {
				continue
			}
			if _, rest, _ := strings.Cut(strings.TrimPrefix(path, forwardPrefix), "/"); !strings.HasPrefix(rest, q.to.String()+"/") {
				t.Errorf("%q is read as %v", path, q.to)
			}
			if q.request.Path != uri {
				t.Errorf("%q and %q are read as %q", uri, whole, q.request.Path)
			}
			if read := q.claims.address; read.Is4() && !strings.Contains(address, ":") && !strings.HasSuffix(strings.TrimSpace(address), read.String()) {
				t.Errorf("%q is read as %s", address, read)
			}
		}
	})
}

// TestForgedHeadersOverForwardAuth sends what a client could send to a gateway that passes it on.
func TestForgedHeadersOverForwardAuth(t *testing.T) {
	const stranger = "403 deny serin: no TrafficTarget in namespace shop names shop/stranger as a source of shop/web"
	const unknown = "403 deny serin: the caller is not authenticated: "
	l5d := "l5d-client-id: client.shop.serviceaccount.identity.linkerd.cluster.local"
	xfcc := "X-Forwarded-Client-Cert: URI=spiffe://cluster.local/ns/shop/sa/client"
	nobodyTrusted := func(o *Options) { everything(o); o.HeadersFrom, o.AddressFrom = nil, nil }
	gatewayTrusted := func(o *Options) { everything(o); o.HeadersFrom = nil }
	tests := map[string]struct {
		trust func(*Options)
		path  string
		lines []string
		want  string
	}{
		"an address from a gateway that is not listed": {nobodyTrusted, nginxWeb, spoken("nginx", clientIP), unknown + "nothing that this authoriser trusts says who it is"},
		"XFCC from there":                      {nobodyTrusted, nginxWeb, spoken("nginx", clientIP, xfcc), unknown + "X-Forwarded-Client-Cert is not believed from 127.0.0.1, whose headers are not trusted"},
		"l5d-client-id from there":             {nobodyTrusted, nginxWeb, spoken("nginx", clientIP, l5d), unknown + "L5d-Client-Id is not believed from 127.0.0.1, whose headers are not trusted"},
		"XFCC through a gateway":               {gatewayTrusted, traefikWeb, spoken("traefik", "10.0.2.5", xfcc), stranger},
		"l5d-client-id through a gateway":      {gatewayTrusted, traefikWeb, spoken("traefik", "10.0.2.5", l5d), stranger},
		"hops before the gateway's":            {gatewayTrusted, traefikWeb, spoken("traefik", clientIP+", 10.0.2.5"), stranger},
		"a line before the gateway's":          {gatewayTrusted, traefikWeb, append([]string{"X-Forwarded-For: " + clientIP}, spoken("traefik", "10.0.2.5")...), stranger},
		"a second X-Real-IP":                   {gatewayTrusted, nginxWeb, append([]string{"X-Real-IP: " + clientIP}, spoken("nginx", "10.0.2.5")...), unknown + "nothing that this authoriser trusts says who it is"},
		"a list in X-Real-IP":                  {gatewayTrusted, nginxWeb, spoken("nginx", clientIP+", 10.0.2.5"), unknown + "nothing that this authoriser trusts says who it is"},
		"X-Real-IP beside X-Forwarded-For":     {gatewayTrusted, traefikWeb, spoken("traefik", "10.0.2.5", "X-Real-IP: "+clientIP), stranger},
		"X-Forwarded-For beside X-Real-IP":     {gatewayTrusted, nginxWeb, spoken("nginx", "10.0.2.5", "X-Forwarded-For: "+clientIP), stranger},
		"the path of another dialect":          {gatewayTrusted, nginxWeb, spoken("nginx", "10.0.2.5", "X-Forwarded-Uri: /api", "Serin-Request-Uri: /api"), stranger},
		"a Forwarded header":                   {gatewayTrusted, traefikWeb, spoken("traefik", "10.0.2.5", "Forwarded: for="+clientIP), stranger},
		"a destination in a header":            {gatewayTrusted, traefikWeb, spoken("traefik", "10.0.2.5", "Serin-Decision-Target: shop/web", "Serin-Destination: shop/db/5432"), stranger},
		"two names for Linkerd, where trusted": {everything, traefikWeb, spoken("traefik", clientIP, l5d, l5d), unknown + "L5d-Client-Id is there 2 times"},
		"XFCC in two lines, where trusted":     {everything, traefikWeb, spoken("traefik", clientIP, xfcc, "x-forwarded-client-cert: URI=spiffe://cluster.local/ns/shop/sa/stranger"), stranger},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newLab(t, tc.trust).ask(tc.path, tc.lines...); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
