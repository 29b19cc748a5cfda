package authz

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// Headers that say who calls, as net/http and Envoy spell them.
const (
	headerXFCC    = "X-Forwarded-Client-Cert"
	headerLinkerd = "L5d-Client-Id"
)

// claims are what a question says about its caller, before anybody asked whether it can be believed.
type claims struct {
	// principal is what Envoy read from the caller's certificate, empty without one.
	principal string
	// xfcc and linkerd are the values of the two headers, one for each time that they are there.
	xfcc, linkerd []string
	// address is the caller's own, the zero Addr if nobody who is believed says it.
	address netip.Addr
	// asker is the address of the data plane that asks.
	asker netip.Addr
}

// caller is who sends a request: a ServiceAccount of a trust domain, or why there is none.
type caller struct {
	// domain is the trust domain, empty for a caller that is known by address.
	domain   string
	identity policy.Identity
	// workload is what else is known of the caller, for IdentityBindings: the SPIFFE id, or the pod's labels.
	workload policy.Workload
	// unknown completes the sentence "the caller is not authenticated: ..."; empty for a caller that is.
	unknown string
}

func unauthenticated(why string) caller { return caller{unknown: why} }

// trust is what is believed of whom.
type trust struct {
	principal, xfcc, linkerd, address bool
	osmOrder                          bool
	domains                           []string
	headersFrom, addressFrom          []netip.Prefix
}

func newTrust(o Options) *trust {
	named := func(evidence string) bool { return slices.Contains(o.Evidence, evidence) }
	return &trust{
		principal: named(EvidencePrincipal), xfcc: named(EvidenceXFCC), linkerd: named(EvidenceLinkerd), address: named(EvidenceAddress),
		osmOrder: o.OSMOrder, domains: o.TrustDomains, headersFrom: o.HeadersFrom, addressFrom: o.AddressFrom,
	}
}

// isAmong reports whether an address is in one of the networks.
func isAmong(address netip.Addr, networks []netip.Prefix) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(address) })
}

// identify finds out who calls. The first trusted claim that is there decides, even where it cannot be read.
func (t *trust) identify(c *claims, pods *enforce.Pods) caller {
	switch {
	case t.principal && c.principal != "":
		return t.fromSPIFFE(c.principal)
	case t.xfcc && len(c.xfcc) > 0 && isAmong(c.asker, t.headersFrom):
		uri, err := lastURI(strings.Join(c.xfcc, ","))
		if err != nil {
			return unauthenticated(unreadableXFCC(err))
		}
		return t.fromSPIFFE(uri)
	case t.linkerd && len(c.linkerd) > 0 && isAmong(c.asker, t.headersFrom):
		if len(c.linkerd) > 1 {
			return unauthenticated(repeatedHeader(headerLinkerd, len(c.linkerd)))
		}
		return t.fromLinkerd(c.linkerd[0])
	case t.address && c.address.IsValid():
		if pod := pods.At(c.address); pod != enforce.Nobody {
			return caller{identity: pod.Identity, workload: policy.Workload{Labels: pod.Labels}}
		}
		return unauthenticated(notOnePod(c.address))
	default:
		return unauthenticated(t.noEvidence(c))
	}
}

// noEvidence says why nothing says who the caller is, as exactly as an operator needs it.
func (t *trust) noEvidence(c *claims) string {
	switch {
	case !t.principal && !t.xfcc && !t.linkerd && !t.address:
		return nothingTrusted
	case t.xfcc && len(c.xfcc) > 0:
		return notBelieved(headerXFCC, c.asker)
	case t.linkerd && len(c.linkerd) > 0:
		return notBelieved(headerLinkerd, c.asker)
	default:
		return nobodySays
	}
}
