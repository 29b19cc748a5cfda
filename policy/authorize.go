package policy

import (
	"regexp"
	"slices"
	"strings"
)

// call is a Request with what is computed from it once.
type call struct {
	Request

	path      string // canonical
	unmerged  string // the path before its segments were merged; empty when that changed nothing
	pathErr   error  // why there is no canonical path
	halfMatch bool   // a match fits the canonical path but not the unmerged one
}

// miss is how far a TrafficTarget was from allowing a call; the further it got, the more its reason helps.
type miss int

const (
	missVoid     miss = iota // it grants nothing at all
	missPort                 // it does not grant the port
	missLayer                // it grants UDP only, or everything but UDP
	missProtocol             // it grants HTTP requests, and the call is none
	missPath                 // the path is refused
	missRule                 // no rule matches
	hit
)

// Authorize decides whether the destination should accept a request. What no TrafficTarget allows is denied:
//
//  1. A caller that is not authenticated is denied, and so is a request whose destination or protocol is not known.
//  2. The TrafficTargets that name the caller as a source of the destination are asked by namespace and name; the first that
//     allows the request decides. One with a destination port allows that port only. An IdentityBinding names workloads of its
//     own namespace by any of its schemes.
//  3. Where rules name TCPRoutes or UDPRoutes, one of them must have the port: a TCPRoute for TCP and HTTP, a UDPRoute for UDP.
//  4. Where rules name HTTPRouteGroups, the request must be HTTP and one of the matches must match it: the pathRegex from the
//     start of the path, the method letter by letter, and every header. Which path that is, canonicalPath says.
//
// Where a target has both, both must hold. It allocates only when it denies, when the path is not canonical as sent, or when
// the caller or the destination is named in several ways.
func (g *Graph) Authorize(r Request) Decision {
	if why := refusal(&r); why != "" {
		return Decision{Reason: why}
	}
	var destinationRoom [4]*destination
	destinations := g.destinations.find(r.Destination, &r.DestinationWorkload, destinationRoom[:0])
	if len(destinations) == 0 {
		return Decision{Reason: noTargetFor(&r)}
	}
	var rosterRoom [4]*roster
	rosters := rosterRoom[:0]
	for _, d := range destinations {
		rosters = d.sources.find(r.Source, &r.SourceWorkload, rosters)
	}
	if len(rosters) == 0 {
		return Decision{Reason: noSource(&r, firstLame(destinations))}
	}
	targets := rosters[0].targets
	if len(rosters) > 1 {
		targets = mergeRosters(rosters)
	}
	c := call{Request: r}
	if r.Protocol == HTTP {
		c.path, c.unmerged, c.pathErr = canonicalPath(r.Path)
	}
	closest, furthest := targets[0], missVoid
	for _, t := range targets {
		decision, far := t.decide(&c)
		if far == hit {
			return decision
		}
		if far > furthest {
			closest, furthest = t, far
		}
	}
	return Decision{Reason: denied(&c, closest, furthest, len(targets))}
}

// decide asks one TrafficTarget, whose destination and sources are known to fit.
func (t *target) decide(c *call) (Decision, miss) {
	if t.void != "" {
		return Decision{}, missVoid
	}
	if t.port != 0 && t.port != c.Port {
		return Decision{}, missPort
	}
	var decision Decision
	if t.namesTCP || t.namesUDP {
		grants, names := t.tcp, t.namesTCP
		if c.Protocol == UDP {
			grants, names = t.udp, t.namesUDP
		}
		if !names {
			return Decision{}, missLayer
		}
		granted := slices.IndexFunc(grants, func(g portGrant) bool { return g.ports.has(c.Port) })
		if granted < 0 {
			return Decision{}, missPort
		}
		decision = grants[granted].allow
	}
	if !t.namesHTTP {
		return decision, hit
	}
	if c.Protocol != HTTP {
		return Decision{}, missProtocol
	}
	if c.pathErr != nil {
		return Decision{}, missPath
	}
	return t.decideHTTP(c)
}

func (t *target) decideHTTP(c *call) (Decision, miss) {
	for i := range t.http {
		grant := &t.http[i]
		for j := range grant.matches {
			if m := &grant.matches[j]; m.matches(c) {
				decision := grant.allow
				decision.Match = m.name
				return decision, hit
			}
		}
	}
	return Decision{}, missRule
}

// firstLame is the first TrafficTarget by name that explains why a caller is not named, or nil.
func firstLame(destinations []*destination) *target {
	var first *target
	for _, d := range destinations {
		if d.lame != nil && (first == nil || d.lame.name.compare(first.name) < 0) {
			first = d.lame
		}
	}
	return first
}

// mergeRosters is the targets of several rosters, each once, sorted by name.
func mergeRosters(rosters []*roster) []*target {
	var merged []*target
	for _, r := range rosters {
		merged = append(merged, r.targets...)
	}
	slices.SortStableFunc(merged, func(a, b *target) int { return a.name.compare(b.name) })
	return slices.Compact(merged)
}

// matches reports whether a call meets every condition of the match.
func (m *match) matches(c *call) bool {
	if len(m.methods) > 0 && !slices.Contains(m.methods, c.Method) {
		return false
	}
	if m.path != nil && !m.path.matchesStart(c.path) {
		return false
	}
	for i := range m.headers {
		if !m.headers[i].matches(c) {
			return false
		}
	}
	if m.path != nil && c.unmerged != "" && !m.path.matchesStart(c.unmerged) {
		c.halfMatch = true
		return false
	}
	return true
}

// matches reports whether any value of the header contains a match. The host is where the enforcement point put it; only when
// it is not there, it is looked for among the headers, :authority before Host.
func (h *header) matches(c *call) bool {
	if h.name != authority {
		_, matched := search(c.Headers, h.name, h.value)
		return matched
	}
	if c.Host != "" {
		return h.value.MatchString(c.Host)
	}
	if found, matched := search(c.Headers, authority, h.value); found {
		return matched
	}
	_, matched := search(c.Headers, "host", h.value)
	return matched
}

// search looks a header up whatever the case of its name, and reports whether it is there and whether any of its values matches.
func search(headers map[string][]string, name string, value *regexp.Regexp) (found, matched bool) {
	for key, values := range headers {
		// The lengths are compared because EqualFold also folds letters beyond ASCII, which are longer, into ASCII ones.
		if len(key) != len(name) || !strings.EqualFold(key, name) {
			continue
		}
		found = true
		matched = matched || slices.ContainsFunc(values, value.MatchString)
	}
	return found, matched
}
