package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Lack is something that a caller may ask of one destination and could not ask of another.
type Lack struct {
	// Caller is who would be denied.
	Caller Identity
	// Target is the TrafficTarget that allows it for the one destination, as namespace/name.
	Target string
	// Reason says in a sentence which rule is missing for the other destination.
	Reason string
}

// Move is how callers are led from one destination to another.
type Move struct {
	// From and To are the two destinations.
	From, To Identity
	// Ports are the pod ports that answer the same calls.
	Ports []PortPair
}

// PortPair is a pod port of the one destination, and the pod port of the other that answers the same calls.
type PortPair struct {
	From, To int32
}

// Lacks says what each caller may ask of one destination and could not ask of another, sorted by caller, then by reason. A
// caller who may ask nothing of the one lacks nothing. Two regular expressions are taken for equal only if their texts are, so
// that a lack may be told where there is none, and none is overlooked.
func (g *Graph) Lacks(m Move, callers []Identity) []Lack {
	var lacks []Lack
	for _, caller := range callers {
		have, get := g.naming(m.From, caller), g.naming(m.To, caller)
		for _, ports := range m.Ports {
			offered := grants(get, ports.To)
			for _, wanted := range grants(have, ports.From) {
				if !slices.ContainsFunc(offered, wanted.within) {
					lacks = append(lacks, Lack{Caller: caller, Target: wanted.target.name.String(), Reason: lacking(m, caller, ports.To, wanted)})
				}
			}
		}
	}
	slices.SortFunc(lacks, func(a, b Lack) int {
		return cmp.Or(cmp.Compare(a.Caller.String(), b.Caller.String()), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(lacks)
}

// naming are the TrafficTargets that name a caller as a source of a destination, each once. Labels and SPIFFE ids are not known
// here, so what an IdentityBinding grants by those is not compared.
func (g *Graph) naming(destination, caller Identity) []*target {
	var named []*target
	for _, d := range g.destinations.find(destination, &Workload{}, nil) {
		for _, r := range d.sources.find(caller, &Workload{}, nil) {
			for _, t := range r.targets {
				if !slices.Contains(named, t) {
					named = append(named, t)
				}
			}
		}
	}
	slices.SortStableFunc(named, func(a, b *target) int { return a.name.compare(b.name) })
	return named
}

// grant is one thing that a TrafficTarget allows on a port.
type grant struct {
	target *target
	rule   string // as kind/name; empty where every call is granted
	match  *match // nil where every call is granted
	method string // the one method that is meant; empty for any
}

// grants are what targets allow on a port, method by method, so that a rule may be matched by several others together.
func grants(targets []*target, port int32) []grant {
	var all []grant
	for _, t := range targets {
		if !t.opens(port) {
			continue
		}
		if !t.namesHTTP {
			all = append(all, grant{target: t})
			continue
		}
		for i := range t.http {
			for j := range t.http[i].matches {
				all = append(all, byMethod(grant{target: t, rule: t.http[i].allow.Rule, match: &t.http[i].matches[j]})...)
			}
		}
	}
	return all
}

// opens says whether a target allows anything on a port.
func (t *target) opens(port int32) bool {
	if t.void != "" || (t.port != 0 && t.port != port) {
		return false
	}
	return !t.namesTCP && !t.namesUDP || slices.ContainsFunc(t.tcp, func(g portGrant) bool { return g.ports.has(port) })
}

func byMethod(g grant) []grant {
	if len(g.match.methods) == 0 {
		return []grant{g}
	}
	var all []grant
	for _, method := range g.match.methods {
		g.method = method
		all = append(all, g)
	}
	return all
}

// within says whether another grant allows all that this one does.
func (g grant) within(other grant) bool {
	switch {
	case other.match == nil:
		return true
	case g.match == nil, other.method != "" && other.method != g.method:
		return false
	default:
		return g.match.path.within(other.match.path) && other.match.asksNoMoreThan(g.match)
	}
}

// within says whether every path that matches a pattern is known to match another; nil matches every path.
func (p *pathPattern) within(other *pathPattern) bool {
	switch {
	case other == nil:
		return true
	case p == nil:
		return other.regex == nil && other.prefix == ""
	case other.regex == nil:
		return strings.HasPrefix(p.prefix, other.prefix)
	default:
		return p.regex != nil && p.regex.String() == other.regex.String()
	}
}

// asksNoMoreThan says whether every header that a match asks for is asked for by another in the same way.
func (m *match) asksNoMoreThan(other *match) bool {
	for _, h := range m.headers {
		if !slices.ContainsFunc(other.headers, func(o header) bool { return o.name == h.name && o.value.String() == h.value.String() }) {
			return false
		}
	}
	return true
}

// lacking is the sentence about a rule that is missing.
func lacking(m Move, caller Identity, port int32, g grant) string {
	return fmt.Sprintf("no TrafficTarget in namespace %s allows %s to call %s on port %d%s, as TrafficTarget %s allows it for %s",
		m.To.Namespace, caller, m.To, port, g.described(), g.target.name, m.From)
}

func (g grant) described() string {
	if g.match == nil {
		return ""
	}
	text := fmt.Sprintf(" by match %s of %s", g.match.name, strings.Replace(g.rule, "/", " ", 1))
	if g.method != "" {
		text += fmt.Sprintf(" with method %s", g.method)
	}
	return text
}
