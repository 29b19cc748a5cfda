package authz

import (
	"fmt"
	"net/netip"
	"strings"
)

// longestQuote is how much of what a caller sent is said back, in bytes.
const longestQuote = 200

// Why a question is not answered by policy.
const (
	notSynced = "the TrafficTargets are not known yet, because the API server has not been heard from since this authoriser started"
	failed    = "the decision failed within the authoriser; its log says how"
)

// Clauses about a caller that is not authenticated.
const (
	nothingTrusted = "this authoriser was told to trust no evidence of who calls"
	nobodySays     = "nothing that this authoriser trusts says who it is"
)

// What a question lacks.
const (
	noAttributes   = "the question has no attributes"
	noDestination  = "the question does not say which pod is called"
	noPort         = "the question does not say which port is called"
	noMethod       = "the question has no method"
	noPath         = "the question has no path"
	hasQuery       = "the address that the gateway asks at has a query, which could be the client's; the destination belongs in the path"
	notAnAddress   = "the gateway must ask at /authz/DIALECT/NAMESPACE/SERVICEACCOUNT/PORT"
	contradictions = "X-Original-Uri and X-Original-Url do not name the same path"
)

func body(reason string) string { return "serin: " + reason + "\n" }

func notAuthenticated(why string) string { return "the caller is not authenticated: " + why }

// quote shows what a caller sent: on one line, and not all of it if it is long.
func quote(text string) string {
	if len(text) > longestQuote {
		return fmt.Sprintf("%q... (%d bytes)", text[:longestQuote], len(text))
	}
	return fmt.Sprintf("%q", text)
}

func unreadableXFCC(err error) string { return headerXFCC + " cannot be read: " + err.Error() }

func repeatedHeader(header string, times int) string {
	return fmt.Sprintf("%s is there %d times", header, times)
}

func notOnePod(address netip.Addr) string {
	return fmt.Sprintf("%s is not the address of exactly one running pod off the host's network", address)
}

func notBelieved(header string, asker netip.Addr) string {
	if !asker.IsValid() {
		return header + " is not believed from somebody without an address"
	}
	return fmt.Sprintf("%s is not believed from %s, whose headers are not trusted", header, asker)
}

func notSPIFFE(name string) string { return quote(name) + " is not a SPIFFE ID" }

func notServiceAccount(name string) string {
	return quote(name) + " does not name a ServiceAccount as /ns/NAMESPACE/sa/SERVICEACCOUNT"
}

func foreignDomain(domain string, own []string) string {
	return fmt.Sprintf("its trust domain %s is not among %s", quote(domain), strings.Join(own, ", "))
}

func notLinkerd(name string, domains []string) string {
	return fmt.Sprintf("%s %s is not SERVICEACCOUNT.NAMESPACE%sDOMAIN of a domain among %s", headerLinkerd, quote(name), linkerdInfix,
		strings.Join(domains, ", "))
}

func unknownDestination(why string) string { return "the pod that is called is not known: " + why }

func wrongExtension(value string) string {
	return fmt.Sprintf("the context extension %s is %s, which is not NAMESPACE/SERVICEACCOUNT/PORT", extensionDestination, quote(value))
}

func unknownDialect(name string) string {
	return fmt.Sprintf("%s is not a dialect of forward-auth; there are generic, nginx and traefik", quote(name))
}

func missingHeader(header string) string { return header + " is missing, which the gateway must set" }

func ambiguousHeader(header string, times int) string {
	return fmt.Sprintf("%s is there %d times, so it is not clear which one the gateway set", header, times)
}

func notAURL(header string) string { return header + " is not a URL with a path" }
