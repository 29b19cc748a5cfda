package authz

import (
	"fmt"
	"strings"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

// sentRequest is a request as a client sent it. Headers are NAME: VALUE, in the case and as often as they were sent.
type sentRequest struct {
	method, path, host string
	headers            []string
}

// TestBothWireFormsReadARequestTheSameWay puts one request through ext_authz, with its headers joined and raw, and through each
// dialect of forward-auth. What is allowed here is documented in docs/authz.md and in package policy.
func TestBothWireFormsReadARequestTheSameWay(t *testing.T) {
	l := newLab(t, everything)
	const noRule = "but none of its rules matches"
	refused := func(why string) string { return "but the path is refused: " + why }
	tests := map[string]struct {
		sentRequest
		want string // "" if it is allowed, else a part of the sentence
	}{
		"plain":                              {sentRequest: sentRequest{path: "/api"}},
		"another path":                       {sentRequest: sentRequest{path: "/admin"}, want: noRule},
		"a query":                            {sentRequest: sentRequest{path: "/api?next=/admin"}},
		"a query that looks like the path":   {sentRequest: sentRequest{path: "/admin?/api"}, want: noRule},
		"an encoded question mark":           {sentRequest: sentRequest{path: "/api%3f/../admin"}, want: noRule},
		"a fragment":                         {sentRequest: sentRequest{path: "/admin#/api"}, want: refused("it holds a number sign")},
		"an encoded slash":                   {sentRequest: sentRequest{path: "/api%2f..%2fadmin"}, want: refused("it holds an encoded slash")},
		"an encoded slash in upper case":     {sentRequest: sentRequest{path: "/api%2F"}, want: refused("it holds an encoded slash")},
		"an encoded backslash":               {sentRequest: sentRequest{path: "/api%5c..%5cadmin"}, want: refused("it holds an encoded slash, backslash")},
		"a backslash":                        {sentRequest: sentRequest{path: `/api\..\admin`}, want: refused("it holds a backslash")},
		"dot segments out of the path":       {sentRequest: sentRequest{path: "/api/../admin"}, want: noRule},
		"encoded dot segments":               {sentRequest: sentRequest{path: "/api/%2e%2E/admin"}, want: noRule},
		"dot segments into the path":         {sentRequest: sentRequest{path: "/admin/../api"}, want: "only where dot segments and doubled slashes are merged"},
		"a dot segment with a parameter":     {sentRequest: sentRequest{path: "/api/..;x/admin"}, want: refused("it holds a dot segment with a parameter")},
		"double slashes":                     {sentRequest: sentRequest{path: "//api"}, want: refused("it begins with two slashes")},
		"double slashes inside":              {sentRequest: sentRequest{path: "/api//x"}},
		"double slashes and dot segments":    {sentRequest: sentRequest{path: "/api//../admin"}, want: refused("it holds both // and a dot segment")},
		"an encoded letter":                  {sentRequest: sentRequest{path: "/%61pi"}},
		"a percent sign that is no escape":   {sentRequest: sentRequest{path: "/api%"}, want: refused("it holds a percent sign")},
		"a NUL":                              {sentRequest: sentRequest{path: "/api%00"}, want: refused("it holds an encoded slash, backslash or NUL")},
		"a whole URL":                        {sentRequest: sentRequest{path: "http://web/api"}, want: "path"},
		"another method":                     {sentRequest: sentRequest{method: "POST", path: "/api"}, want: noRule},
		"the method in lower case":           {sentRequest: sentRequest{method: "get", path: "/api"}, want: noRule},
		"a header":                           {sentRequest: sentRequest{path: "/beta", headers: []string{"x-tester: true"}}},
		"a header in upper case":             {sentRequest: sentRequest{path: "/beta", headers: []string{"X-TESTER: true"}}},
		"a header with another value":        {sentRequest: sentRequest{path: "/beta", headers: []string{"x-tester: untrue"}}, want: noRule},
		"no header":                          {sentRequest: sentRequest{path: "/beta"}, want: noRule},
		"two values joined by the client":    {sentRequest: sentRequest{path: "/beta", headers: []string{"x-tester: no, true"}}, want: noRule},
		"a header with an underscore":        {sentRequest: sentRequest{path: "/beta", headers: []string{"x_tester: true"}}, want: noRule},
		"an override that some servers read": {sentRequest: sentRequest{path: "/admin", headers: []string{"X-HTTP-Method-Override: GET", "X-Rewrite-URL: /api"}}, want: noRule},
	}
	for name, tc := range tests {
		for form, answer := range map[string]func(sentRequest) string{
			"ext_authz": func(r sentRequest) string { return l.check(r.joined()) }, "ext_authz raw": func(r sentRequest) string { return l.check(r.raw()) },
			"traefik": func(r sentRequest) string { return l.ask("/authz/traefik/shop/web/8080", r.traefik()...) },
			"nginx":   func(r sentRequest) string { return l.ask("/authz/nginx/shop/web/8080", r.nginx()...) },
			"generic": func(r sentRequest) string { return l.ask("/authz/generic/shop/web/8080", r.generic()...) },
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				r := tc.sentRequest
				if r.method == "" {
					r.method = "GET"
				}
				r.host = "web.shop"
				got := answer(r)
				if allowed := passed(got); allowed != (tc.want == "") || !strings.Contains(got, tc.want) {
					t.Errorf("got %s, want %q", got, tc.want)
				}
			})
		}
	}
}

// passed reports whether an answer of either form is that the request may pass.
func passed(answer string) bool {
	return strings.HasPrefix(answer, "0 OK allow ") || strings.HasPrefix(answer, "200 allow ")
}

// TestARepeatedHeaderMatchesByAnyOfItsValues holds where the data plane sends the lines as they were. Envoy joins them by commas
// unless it is told to encode raw headers, and then an anchored regex sees the whole: what it denies then, it would allow.
func TestARepeatedHeaderMatchesByAnyOfItsValues(t *testing.T) {
	l := newLab(t, everything)
	r := sentRequest{method: "GET", path: "/beta", host: "web.shop", headers: []string{"x-tester: no", "X-Tester: true"}}
	for form, got := range map[string]string{"raw": l.check(r.raw()), "traefik": l.ask("/authz/traefik/shop/web/8080", r.traefik()...)} {
		if !passed(got) {
			t.Errorf("%s: %s", form, got)
		}
	}
	if got := l.check(r.joined()); !strings.Contains(got, "but none of its rules matches") {
		t.Errorf("joined: %s", got)
	}
}

func TestTheHostIsTheGatewaysWord(t *testing.T) {
	l := newLab(t, everything)
	r := sentRequest{method: "GET", path: "/host", host: "shop.example"}
	forged := sentRequest{method: "GET", path: "/host", host: "web.shop", headers: []string{"x-host: shop.example"}}
	for form, answers := range map[string][2]string{
		"joined":  {l.check(r.joined()), l.check(forged.joined())},
		"traefik": {l.ask("/authz/traefik/shop/web/8080", r.traefik()...), l.ask("/authz/traefik/shop/web/8080", forged.traefik()...)},
		"nginx":   {l.ask("/authz/nginx/shop/web/8080", r.nginx()...), l.ask("/authz/nginx/shop/web/8080", forged.nginx()...)},
		"generic": {l.ask("/authz/generic/shop/web/8080", r.generic()...), l.ask("/authz/generic/shop/web/8080", forged.generic()...)},
	} {
		if !passed(answers[0]) || passed(answers[1]) {
			t.Errorf("%s: %q", form, answers)
		}
	}
}

// joined is what Envoy asks by default: names in lower case, repeated headers joined.
func (r sentRequest) joined() *authv3.CheckRequest {
	return asked(func(a *authv3.AttributeContext) {
		sent := a.Request.Http
		sent.Method, sent.Path, sent.Host = r.method, r.path, r.host
		sent.Headers = map[string]string{":path": r.path, ":method": r.method, ":authority": r.host}
		for _, line := range r.headers {
			name, value, _ := strings.Cut(strings.ToLower(line), ": ")
			if before, there := sent.Headers[name]; there {
				value = before + "," + value
			}
			sent.Headers[name] = value
		}
	})
}

// raw is what Envoy asks with encode_raw_headers.
func (r sentRequest) raw() *authv3.CheckRequest {
	return asked(func(a *authv3.AttributeContext) {
		sent := a.Request.Http
		sent.Method, sent.Path, sent.Host, sent.Headers, sent.HeaderMap = r.method, r.path, r.host, nil, &corev3.HeaderMap{}
		for _, line := range append([]string{":path: " + r.path}, r.headers...) {
			at := strings.Index(line, ": ")
			sent.HeaderMap.Headers = append(sent.HeaderMap.Headers, &corev3.HeaderValue{
				Key: strings.ToLower(line[:at]), RawValue: []byte(line[at+2:]),
			})
		}
	})
}

func (r sentRequest) traefik() []string {
	return append([]string{"X-Forwarded-Method: " + r.method, "X-Forwarded-Proto: http", "X-Forwarded-Host: " + r.host,
		"X-Forwarded-Uri: " + r.path, "X-Forwarded-For: " + clientIP}, r.headers...)
}

func (r sentRequest) nginx() []string {
	return append([]string{"X-Original-Method: " + r.method, fmt.Sprintf("X-Original-URL: http://%s%s", r.host, r.path),
		"X-Original-URI: " + r.path, "X-Real-IP: " + clientIP}, r.headers...)
}

func (r sentRequest) generic() []string {
	return append([]string{"Serin-Request-Method: " + r.method, "serin-request-host: " + r.host, "SERIN-REQUEST-URI: " + r.path,
		"Serin-Request-Address: " + clientIP}, r.headers...)
}
