package authz

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/serin-dev/serin/policy"
)

const (
	// forwardPrefix is where the paths of forward-auth begin; DIALECT/NAMESPACE/SERVICEACCOUNT/PORT follows.
	forwardPrefix = "/authz/"
	contentType   = "text/plain; charset=utf-8"

	headerDecision = "Serin-Decision"
	headerTarget   = "Serin-Decision-Target"
	headerRule     = "Serin-Decision-Rule"
)

// dialect names the headers in which a gateway says what it was asked. Headers of other dialects are the client's, so they say
// nothing.
type dialect struct {
	// method, host and address are headers; host may be empty.
	method, host, address string
	// uri is the header with the request target, url one with the whole URL; where there are both, either may be missing.
	uri, url string
	// others are headers that the gateway adds as well, so that no rule should judge them as the client's.
	others []string
	// chain says that the address header is a list of hops, of which the gateway added the last.
	chain bool
}

var dialects = map[string]*dialect{
	"traefik": {
		method: "X-Forwarded-Method", host: "X-Forwarded-Host", address: "X-Forwarded-For", uri: "X-Forwarded-Uri", chain: true,
		others: []string{"X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server"},
	},
	"nginx": {
		method: "X-Original-Method", address: "X-Real-Ip", uri: "X-Original-Uri", url: "X-Original-Url",
		others: []string{"X-Forwarded-For", "X-Auth-Request-Redirect", "X-Sent-From"},
	},
	"generic": {method: "Serin-Request-Method", host: "Serin-Request-Host", address: "Serin-Request-Address", uri: "Serin-Request-Uri"},
}

// forwardAuth is the wire form of gateways that ask over HTTP.
type forwardAuth struct {
	judge *judge
}

// ServeHTTP answers one question.
func (f *forwardAuth) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, forwardPrefix) {
		http.Error(w, strings.TrimSpace(body(notAnAddress)), http.StatusNotFound)
		return
	}
	v := f.judge.answer(wireForwardAuth, func(*state) question { return readForward(r, f.judge.trust) })
	header := w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set(headerDecision, v.word())
	if v.Allowed {
		header.Set(headerTarget, v.Target)
		header.Set(headerRule, v.Rule)
	}
	w.WriteHeader(v.status())
	_, _ = w.Write([]byte(body(v.sentence()))) // the gateway may have left
}

// readForward reads what a gateway says. The destination comes from the path alone, which the operator wrote: with a query in it,
// or spelt in another way than it must be, a part of it could be the client's.
func readForward(r *http.Request, t *trust) question {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		return question{problem: hasQuery}
	}
	name, where, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, forwardPrefix), "/")
	to, ok := parseDestination(where)
	if !ok || r.URL.RawPath != "" {
		return question{problem: notAnAddress}
	}
	q := question{to: to, request: policy.Request{Protocol: policy.HTTP}}
	spoken := dialects[name]
	if spoken == nil {
		q.problem = unknownDialect(name)
		return q
	}
	q.claims = claims{xfcc: r.Header[headerXFCC], linkerd: r.Header[headerLinkerd], asker: remoteOf(r)}
	if q.problem = spoken.readRequest(r.Header, &q.request); q.problem != "" {
		return q
	}
	if isAmong(q.claims.asker, t.addressFrom) {
		q.claims.address = spoken.readAddress(r.Header)
	}
	q.request.Headers = spoken.clientHeaders(r.Header)
	return q
}

// readRequest fills in what the gateway was asked, or returns what is missing or not clear.
func (d *dialect) readRequest(from http.Header, into *policy.Request) (problem string) {
	if into.Method, problem = only(from, d.method); problem != "" {
		return problem
	}
	if d.host != "" && len(from[d.host]) > 0 {
		if into.Host, problem = only(from, d.host); problem != "" {
			return problem
		}
	}
	if d.url == "" || len(from[d.url]) == 0 {
		into.Path, problem = only(from, d.uri)
		return problem
	}
	whole, problem := only(from, d.url)
	if problem != "" {
		return problem
	}
	host, path, ok := cutURL(whole)
	if !ok {
		return notAURL(d.url)
	}
	into.Host, into.Path = host, path
	if len(from[d.uri]) == 0 {
		return ""
	}
	// One of the two may be the client's, which passes what the gateway does not overwrite. If they agree, it does not matter.
	again, problem := only(from, d.uri)
	if problem == "" && again != path {
		problem = contradictions
	}
	return problem
}

// readAddress is the address of the hop that the gateway added, the zero Addr if it is not clear.
func (d *dialect) readAddress(from http.Header) netip.Addr {
	values := from[d.address]
	if len(values) == 0 || len(values) > 1 && !d.chain {
		return netip.Addr{}
	}
	last := values[len(values)-1]
	if d.chain {
		last = last[strings.LastIndexByte(last, ',')+1:]
	}
	address, err := netip.ParseAddr(strings.TrimSpace(last))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap()
}

// clientHeaders are the headers but those that the gateway added for the question.
func (d *dialect) clientHeaders(from http.Header) map[string][]string {
	for _, name := range append([]string{d.method, d.host, d.address, d.uri, d.url}, d.others...) {
		delete(from, name)
	}
	return from
}

// only is the value of a header that must be there once, since of several the gateway can have set one only.
func only(from http.Header, name string) (value, problem string) {
	switch values := from[name]; {
	case len(values) == 0 || len(values) == 1 && values[0] == "":
		return "", missingHeader(name)
	case len(values) > 1:
		return "", ambiguousHeader(name, len(values))
	default:
		return values[0], ""
	}
}

// cutURL cuts a URL into host and request target, without reading the latter in any way.
func cutURL(whole string) (host, path string, ok bool) {
	_, rest, ok := strings.Cut(whole, "://")
	slash := strings.IndexByte(rest, '/')
	if !ok || slash <= 0 {
		return "", "", false
	}
	host = rest[:slash]
	return host, rest[slash:], !strings.ContainsAny(host, "?#@\\")
}

// remoteOf is the address of the gateway.
func remoteOf(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap()
}
