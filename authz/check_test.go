package authz

import (
	"testing"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
)

const unsigned = "7 403 serin: the caller is not authenticated: "

func TestCheckOverGRPC(t *testing.T) {
	l := newLab(t, trusting(EvidencePrincipal))
	tests := map[string]struct {
		edit func(*authv3.AttributeContext)
		want string
	}{
		"what a TrafficTarget allows": {want: "0 OK allow shop/web"},
		"a destination by its certificate": {
			edit: func(a *authv3.AttributeContext) {
				a.Destination.Principal = "spiffe://cluster.local/ns/shop/sa/web"
				a.Destination.Address = socket("10.9.9.9", 8080)
			},
			want: "0 OK allow shop/web",
		},
		"a destination that the operator wrote": {
			edit: func(a *authv3.AttributeContext) {
				a.Destination = &authv3.AttributeContext_Peer{Principal: "spiffe://cluster.local/ns/gateways/sa/gateway"}
				a.ContextExtensions = map[string]string{extensionDestination: "shop/web/8080"}
			},
			want: "0 OK allow shop/web",
		},
		"an operator who wrote it wrong": {
			edit: func(a *authv3.AttributeContext) {
				a.ContextExtensions = map[string]string{extensionDestination: "web.shop:8080"}
			},
			want: `7 403 serin: the context extension serin.dev/destination is "web.shop:8080", which is not NAMESPACE/SERVICEACCOUNT/PORT`,
		},
		"a path that no rule has": {
			edit: func(a *authv3.AttributeContext) { a.Request.Http.Path = "/admin" },
			want: "7 403 serin: TrafficTarget shop/web allows shop/client to call shop/web, but none of its rules matches GET /admin",
		},
		"somebody else": {
			edit: signed("spiffe://cluster.local/ns/other/sa/client"),
			want: "7 403 serin: no TrafficTarget in namespace shop names other/client as a source of shop/web",
		},
		"nobody": {edit: from(clientIP), want: unsigned + "nothing that this authoriser trusts says who it is"},
		"a foreign trust domain": {
			edit: signed("spiffe://elsewhere.example/ns/shop/sa/client"),
			want: unsigned + `its trust domain "elsewhere.example" is not among cluster.local`,
		},
		"a certificate of Kuma": {
			edit: signed("spiffe://cluster.local/client"),
			want: unsigned + `"spiffe://cluster.local/client" does not name a ServiceAccount as /ns/NAMESPACE/sa/SERVICEACCOUNT`,
		},
		"a certificate of anybody": {edit: signed("CN=client,O=shop"), want: unsigned + `"CN=client,O=shop" is not a SPIFFE ID`},
		"no destination":           {edit: func(a *authv3.AttributeContext) { a.Destination = nil }, want: "7 403 serin: the question does not say which pod is called"},
		"a destination of no pod": {
			edit: func(a *authv3.AttributeContext) { a.Destination.Address = socket("10.9.9.9", 8080) },
			want: "7 403 serin: the pod that is called is not known: 10.9.9.9 is not the address of exactly one running pod off the host's network",
		},
		"a destination of two pods": {
			edit: func(a *authv3.AttributeContext) { a.Destination.Address = socket(sharedIP, 8080) },
			want: "7 403 serin: the pod that is called is not known: 10.0.2.3 is not the address of exactly one running pod off the host's network",
		},
		"a destination of a foreign trust domain": {
			edit: func(a *authv3.AttributeContext) { a.Destination.Principal = "spiffe://elsewhere/ns/shop/sa/web" },
			want: `7 403 serin: the pod that is called is not known: its trust domain "elsewhere" is not among cluster.local`,
		},
		"no port":                    {edit: func(a *authv3.AttributeContext) { a.Destination.Address = socket(webIP, 0) }, want: "7 403 serin: the question does not say which port is called"},
		"a port that does not exist": {edit: func(a *authv3.AttributeContext) { a.Destination.Address = socket(webIP, 65536) }, want: "7 403 serin: the question does not say which port is called"},
		"no method":                  {edit: func(a *authv3.AttributeContext) { a.Request.Http.Method = "" }, want: "7 403 serin: the question has no method"},
		"no path":                    {edit: func(a *authv3.AttributeContext) { a.Request.Http.Path = "" }, want: "7 403 serin: the question has no path"},
		"a whole URL as the path":    {edit: func(a *authv3.AttributeContext) { a.Request.Http.Path = "http://web/api" }, want: "7 403 serin: TrafficTarget shop/web allows shop/client to call shop/web, but the path is refused: the request target does not begin with a slash"},
		"a connection without HTTP": {
			edit: func(a *authv3.AttributeContext) {
				a.Request, a.Destination.Address = nil, socket(dbIP, 5432)
			},
			want: "0 OK allow shop/db",
		},
		"a connection to another port": {
			edit: func(a *authv3.AttributeContext) {
				a.Request, a.Destination.Address = nil, socket(dbIP, 5433)
			},
			want: "7 403 serin: TrafficTarget shop/db allows shop/client to call shop/db, but none of its rules matches port 5433",
		},
		"a connection to what speaks HTTP": {
			edit: func(a *authv3.AttributeContext) { a.Request = nil },
			want: "7 403 serin: TrafficTarget shop/web allows shop/client to call shop/web, but only by HTTP requests that its rules match, not by a raw TCP connection",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := asked()
			if tc.edit != nil {
				r = asked(tc.edit)
			}
			if got := l.check(r); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
	if got, want := l.check(&authv3.CheckRequest{}), "7 403 serin: the question has no attributes"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestADenialSaysItInTheAnswer(t *testing.T) {
	l := newLab(t, trusting(EvidencePrincipal))
	response, err := l.envoy.Check(t.Context(), asked(signed("spiffe://cluster.local/ns/shop/sa/mallory")))
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{}
	for _, h := range response.GetDeniedResponse().GetHeaders() {
		headers[h.GetHeader().GetKey()] = h.GetHeader().GetValue()
	}
	if headers["serin-decision"] != "deny" || headers["content-type"] != contentType {
		t.Errorf("headers %v", headers)
	}
	if said := response.GetDynamicMetadata().GetFields()["reason"].GetStringValue(); said != response.GetStatus().GetMessage() || said == "" {
		t.Errorf("the metadata says %q, the status %q", said, response.GetStatus().GetMessage())
	}
}

func TestWhoCallsOverGRPC(t *testing.T) {
	const ours = `By=spiffe://cluster.local/ns/shop/sa/web;Hash=ab;Subject="CN=x,O=y";URI=spiffe://cluster.local/ns/shop/sa/`
	allowed := "0 OK allow shop/web"
	tests := map[string]struct {
		trust func(*Options)
		edits []func(*authv3.AttributeContext)
		want  string
	}{
		"a certificate that nobody was told to trust": {
			trust: trusting(EvidenceAddress), edits: []func(*authv3.AttributeContext){from("10.0.2.5"), signed("spiffe://cluster.local/ns/shop/sa/client")},
			want: "7 403 serin: no TrafficTarget in namespace shop names shop/stranger as a source of shop/web",
		},
		"nothing is trusted": {
			trust: trusting(), want: unsigned + "this authoriser was told to trust no evidence of who calls",
		},
		"the address of a pod":                {trust: trusting(EvidenceAddress), edits: []func(*authv3.AttributeContext){from(clientIP)}, want: allowed},
		"the address of two pods":             {trust: trusting(EvidenceAddress), edits: []func(*authv3.AttributeContext){from(sharedIP)}, want: unsigned + "10.0.2.3 is not the address of exactly one running pod off the host's network"},
		"the address of a node":               {trust: trusting(EvidenceAddress), edits: []func(*authv3.AttributeContext){from(hostIP)}, want: unsigned + "10.0.9.9 is not the address of exactly one running pod off the host's network"},
		"the address of a pod that has ended": {trust: trusting(EvidenceAddress), edits: []func(*authv3.AttributeContext){from("10.0.2.4")}, want: unsigned + "10.0.2.4 is not the address of exactly one running pod off the host's network"},
		"X-Forwarded-For counts for nothing": {
			trust: everything, edits: []func(*authv3.AttributeContext){from(sharedIP), sent("x-forwarded-for", clientIP)},
			want: unsigned + "10.0.2.3 is not the address of exactly one running pod off the host's network",
		},
		"the last element of XFCC": {
			trust: trusting(EvidenceXFCC), edits: []func(*authv3.AttributeContext){sent("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/shop/sa/mallory,"+ours+"client")},
			want: allowed,
		},
		"an element of XFCC that the client sent": {
			trust: trusting(EvidenceXFCC), edits: []func(*authv3.AttributeContext){sent("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/shop/sa/client,"+ours+"nobody")},
			want: "7 403 serin: no TrafficTarget in namespace shop names shop/nobody as a source of shop/web",
		},
		"an open quote that the client sent": {
			trust: trusting(EvidenceXFCC), edits: []func(*authv3.AttributeContext){sent("x-forwarded-client-cert", `URI=spiffe://cluster.local/ns/shop/sa/client;X=",`+ours+"nobody")},
			want: unsigned + "X-Forwarded-Client-Cert cannot be read: a quote in it begins within a value, or something follows the end of one",
		},
		"XFCC from a data plane that is not listed": {
			trust: func(o *Options) { trusting(EvidenceXFCC)(o); o.HeadersFrom = nil }, edits: []func(*authv3.AttributeContext){from(malloryIP), sent("x-forwarded-client-cert", ours+"client")},
			want: unsigned + "X-Forwarded-Client-Cert is not believed from 127.0.0.1, whose headers are not trusted",
		},
		"XFCC from there does not hide the address": {
			trust: func(o *Options) { trusting(EvidenceXFCC, EvidenceAddress)(o); o.HeadersFrom = nil }, edits: []func(*authv3.AttributeContext){from(clientIP), sent("x-forwarded-client-cert", ours+"mallory")},
			want: allowed,
		},
		"XFCC that cannot be read is not replaced by the address": {
			trust: everything, edits: []func(*authv3.AttributeContext){from(clientIP), sent("x-forwarded-client-cert", "By=x")},
			want: unsigned + "X-Forwarded-Client-Cert cannot be read: its last element names no URI",
		},
		"a certificate goes before XFCC": {
			trust: everything, edits: []func(*authv3.AttributeContext){sent("x-forwarded-client-cert", ours+"mallory")}, want: allowed,
		},
		"Linkerd's name": {
			trust: trusting(EvidenceLinkerd), edits: []func(*authv3.AttributeContext){sent("l5d-client-id", "client.shop.serviceaccount.identity.linkerd.cluster.local")}, want: allowed,
		},
		"Linkerd's name from a data plane that is not listed": {
			trust: func(o *Options) { trusting(EvidenceLinkerd)(o); o.HeadersFrom = nil },
			edits: []func(*authv3.AttributeContext){sent("l5d-client-id", "client.shop.serviceaccount.identity.linkerd.cluster.local")},
			want:  unsigned + "L5d-Client-Id is not believed from 127.0.0.1, whose headers are not trusted",
		},
		"Linkerd's name where nobody trusts Linkerd": {
			trust: trusting(EvidenceXFCC), edits: []func(*authv3.AttributeContext){sent("l5d-client-id", "client.shop.serviceaccount.identity.linkerd.cluster.local")},
			want: unsigned + "nothing that this authoriser trusts says who it is",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, tc.trust)
			if got := l.check(asked(tc.edits...)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}
