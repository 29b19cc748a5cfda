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
	// EveryPort says that every port of the destination may be called. Ports are those that may be, sorted, when not every one.
	EveryPort bool
	Ports     []int32
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
	for _, d := range g.destinations {
		seen := map[*target]bool{}
		for _, targets := range d.bySource {
			for _, t := range targets {
				if seen[t] {
					continue
				}
				seen[t] = true
				if grant, grantsAnything := t.grant(); grantsAnything {
					grants = append(grants, grant)
				}
			}
		}
	}
	slices.SortFunc(grants, func(a, b Grant) int {
		return cmp.Or(a.Destination.compare(b.Destination), cmp.Compare(a.Target, b.Target))
	})
	return grants
}

// grant is what a target allows, and whether that is anything.
func (t *target) grant() (Grant, bool) {
	grant := Grant{Target: t.name.String(), Destination: t.destination, Sources: slices.Clone(t.sources), AnyTraffic: !t.namesHTTP}
	slices.SortFunc(grant.Sources, Identity.compare)
	grant.Sources = slices.Compact(grant.Sources)
	grant.EveryPort, grant.Ports = t.grantedPorts()
	for _, from := range t.http {
		for i := range from.matches {
			grant.Matches = append(grant.Matches, from.matches[i].granted(from.allow.Rule))
		}
	}
	hasPorts := grant.EveryPort || len(grant.Ports) > 0
	return grant, t.void == "" && hasPorts && (grant.AnyTraffic || len(grant.Matches) > 0)
}

// grantedPorts are the ports that the target's own port and its TCPRoutes leave.
func (t *target) grantedPorts() (every bool, ports []int32) {
	every = !t.namesTCP
	for _, g := range t.tcp {
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
