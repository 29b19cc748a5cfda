package authz

import (
	"slices"
	"strconv"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/serin-dev/serin/policy"
)

const (
	// maxLabel and maxName are the longest that Kubernetes lets a namespace and a ServiceAccount be, in bytes.
	maxLabel, maxName = 63, 253
	// linkerdInfix is what Linkerd puts between a ServiceAccount and the trust domain.
	linkerdInfix = ".serviceaccount.identity.linkerd."
)

// fromSPIFFE reads spiffe://DOMAIN/ns/NAMESPACE/sa/SERVICEACCOUNT, also without its scheme, as Istio's own policies write it. The
// forms of Consul (a service) and of Kuma before MeshIdentity (a service, too) are no ServiceAccounts, so nobody's.
func (t *trust) fromSPIFFE(name string) caller {
	whole := name
	if !strings.Contains(name, "://") {
		whole = "spiffe://" + name
	}
	id, err := spiffeid.FromString(whole)
	if err != nil {
		return unauthenticated(notSPIFFE(name))
	}
	domain := id.TrustDomain().Name()
	if !slices.Contains(t.domains, domain) {
		return unauthenticated(foreignDomain(domain, t.domains))
	}
	identity, ok := t.accountOf(id.Path())
	if !ok {
		return unauthenticated(notServiceAccount(name))
	}
	return caller{domain: domain, identity: identity, workload: policy.Workload{SPIFFEID: whole}}
}

// accountOf reads the path of a SPIFFE ID.
func (t *trust) accountOf(path string) (policy.Identity, bool) {
	if after, ok := strings.CutPrefix(path, "/ns/"); ok {
		namespace, account, _ := strings.Cut(after, "/sa/")
		return identityOf(namespace, account)
	}
	if !t.osmOrder {
		return policy.Identity{}, false
	}
	account, namespace, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return identityOf(namespace, account)
}

// fromLinkerd reads SERVICEACCOUNT.NAMESPACE.serviceaccount.identity.linkerd.DOMAIN. A ServiceAccount may have dots and a namespace
// has none.
func (t *trust) fromLinkerd(name string) caller {
	for _, domain := range t.domains {
		rest, ok := strings.CutSuffix(name, linkerdInfix+domain)
		if !ok {
			continue
		}
		dot := strings.LastIndexByte(rest, '.')
		if dot < 0 {
			break
		}
		if identity, ok := identityOf(rest[dot+1:], rest[:dot]); ok {
			return caller{domain: domain, identity: identity}
		}
	}
	return unauthenticated(notLinkerd(name, t.domains))
}

// destination is who is called, and at which pod port.
type destination struct {
	policy.Identity

	// workload is what else is known of the pod, for IdentityBindings.
	workload policy.Workload
	port     int32
}

// parseDestination reads NAMESPACE/SERVICEACCOUNT/PORT, as an operator writes it.
func parseDestination(text string) (destination, bool) {
	namespace, rest, _ := strings.Cut(text, "/")
	account, digits, _ := strings.Cut(rest, "/")
	identity, ok := identityOf(namespace, account)
	port, err := strconv.ParseUint(digits, 10, 16)
	if !ok || err != nil || port == 0 {
		return destination{}, false
	}
	return destination{Identity: identity, port: int32(port)}, true
}

// identityOf makes an identity of names that Kubernetes would accept.
func identityOf(namespace, account string) (policy.Identity, bool) {
	if !isName(account, maxName) || !isName(namespace, maxLabel) || strings.Contains(namespace, ".") {
		return policy.Identity{}, false
	}
	return policy.Identity{Namespace: namespace, ServiceAccount: account}, true
}

// isName reports whether a text is a DNS subdomain as Kubernetes writes it. It is on the way of every request, so it is no regex.
func isName(text string, longest int) bool {
	if text == "" || len(text) > longest {
		return false
	}
	edge := true // of a label: neither a hyphen nor a dot may stand there
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			edge = false
		case c == '-' && !edge:
			if i+1 == len(text) || text[i+1] == '.' {
				return false
			}
		case c == '.' && !edge:
			edge = true
		default:
			return false
		}
	}
	return !edge
}
