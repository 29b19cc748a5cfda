package policy

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// Grant is what one TrafficTarget allows, for reading and for translating. What is broken in the objects is not in it.
type Grant struct {
	// Target is the TrafficTarget, as namespace/name.
	Target      string
	Destination Identity
	// Sources are who may call, sorted, each once.
	Sources []Identity
	// Bound says that an IdentityBinding takes part that knows workloads by SPIFFE ids or labels: those are not among Sources, and
	// may be destinations as well.
	Bound bool
	// EveryPort says that every port of the destination may be called. Ports are those that may be, sorted, when not every one.
	EveryPort bool
	Ports     []int32
	// EveryUDPPort and UDPPorts are the same for datagrams, of which nothing but the port is ever asked.
	EveryUDPPort bool
	UDPPorts     []int32
	// AnyTraffic says that whatever is sent to the ports is allowed, HTTP or not. Otherwise HTTP requests that belong to one of
	// Matches are allowed, and nothing else.
	AnyTraffic bool
	Matches    []GrantedMatch
}

// GrantedMatch is a set of HTTP requests: those that meet every condition that is set.
type GrantedMatch struct {
	// Group and Name are the HTTPRouteGroup's name and the match's in it.
	Group, Name string
	// PathRegex must match at the start of the canonical path; empty means any path. It may be spelled otherwise than in the
	// object, but means the same.
	PathRegex string
	// Methods are compared as written; none means any.
	Methods []string
	// Headers must all match.
	Headers []GrantedHeader
}

// GrantedHeader is a condition on a header: any of its values contains a match of Regex.
type GrantedHeader struct {
	// Name is in lower case. The host goes by the name :authority.
	Name  string
	Regex string
}

// Grants lists everything that is allowed, by destination and then by TrafficTarget. A TrafficTarget that allows nobody
// anything is not listed. It takes time in proportion to the objects and is no part of deciding a request.
func (g *Graph) Grants() []Grant {
	var grants []Grant
	for _, t := range g.targets {
		if grant, grantsAnything := t.grant(); grantsAnything {
			grants = append(grants, grant)
		}
	}
	slices.SortFunc(grants, func(a, b Grant) int {
		return cmp.Or(a.Destination.compare(b.Destination), cmp.Compare(a.Target, b.Target))
	})
	return grants
}

// grant is what a target allows, and whether that is anything.
func (t *target) grant() (Grant, bool) {
	grant := Grant{Target: t.name.String(), AnyTraffic: !t.namesHTTP}
	t.grantTo(&grant)
	grant.EveryPort, grant.Ports = t.only(!t.namesTCP && !t.namesUDP, t.tcp)
	if t.namesUDP && !t.namesHTTP {
		grant.EveryUDPPort, grant.UDPPorts = t.only(false, t.udp)
	}
	for _, from := range t.http {
		for i := range from.matches {
			grant.Matches = append(grant.Matches, from.matches[i].granted(from.allow.Rule))
		}
	}
	return grant, t.void == "" && grant.somebody() && grant.something()
}

// grantTo fills in who may call whom.
func (t *target) grantTo(grant *Grant) {
	grant.Destination, grant.Bound = t.destination.named()
	for i := range t.sources {
		source, bound := t.sources[i].named()
		grant.Bound = grant.Bound || bound
		if source.isKnown() {
			grant.Sources = append(grant.Sources, source)
		}
	}
	slices.SortFunc(grant.Sources, Identity.compare)
	grant.Sources = slices.Compact(grant.Sources)
}

func (g *Grant) somebody() bool { return g.Bound || len(g.Sources) > 0 && g.Destination.isKnown() }

func (g *Grant) something() bool {
	tcp := (g.EveryPort || len(g.Ports) > 0) && (g.AnyTraffic || len(g.Matches) > 0)
	return tcp || g.EveryUDPPort || len(g.UDPPorts) > 0
}

// named is the ServiceAccount of a party, and whether it is known by anything else.
func (p *party) named() (id Identity, bound bool) {
	if p.account != "" {
		id = Identity{p.namespace, p.account}
	}
	return id, len(p.ids) > 0 || len(p.selectors) > 0
}

// only are the ports that the target's own port and its routes of one protocol leave of every port, or of none.
func (t *target) only(every bool, routes []portGrant) (all bool, ports []int32) {
	for _, g := range routes {
		every = every || g.ports.every
		ports = append(ports, g.ports.ports...)
	}
	switch {
	case t.port != 0 && (every || slices.Contains(ports, t.port)):
		return false, []int32{t.port}
	case t.port != 0:
		return false, nil
	case every:
		return true, nil
	}
	slices.Sort(ports)
	return false, slices.Compact(ports)
}

// granted is a match as it was compiled, of the rule kind/name.
func (m *match) granted(rule string) GrantedMatch {
	_, group, _ := strings.Cut(rule, "/")
	granted := GrantedMatch{Group: group, Name: m.name, Methods: slices.Clone(m.methods)}
	switch {
	case m.path != nil && m.path.regex != nil:
		wrapped := m.path.regex.String()
		granted.PathRegex = strings.TrimSuffix(strings.TrimPrefix(wrapped, "^(?:"), ")")
	case m.path != nil:
		granted.PathRegex = regexp.QuoteMeta(m.path.prefix)
	}
	for _, h := range m.headers {
		granted.Headers = append(granted.Headers, GrantedHeader{Name: h.name, Regex: h.value.String()})
	}
	return granted
}

// compare orders identities by namespace, then by name.
func (i Identity) compare(other Identity) int {
	return cmp.Or(cmp.Compare(i.Namespace, other.Namespace), cmp.Compare(i.ServiceAccount, other.ServiceAccount))
}
