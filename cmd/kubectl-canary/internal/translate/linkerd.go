package translate

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/serin-dev/serin/policy"
)

// Limits of an HTTPRoute, as its CRD has them.
const (
	mostMatchesOfRule  = 64
	mostMatchesOfRoute = 128
	longestValue       = 1024 // bytes of a path
	longestHeader      = 4096 // bytes of a header's value
	mostHeaders        = 16
)

// routeMethods are those that an HTTPRoute can name.
func routeMethods() []string {
	return []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}
}

// linkerdPolicies allow what is granted on the pods of a destination: a Server for each port, and what may be done there. What is
// refused on one port is refused on all of them, so that no TrafficTarget is exported by half.
func (j *job) linkerdPolicies(d destination) []any {
	for _, g := range d.grants {
		if j.Paths == RefusePaths && slices.ContainsFunc(g.Matches, func(m policy.GrantedMatch) bool { return m.PathRegex != "" }) {
			j.refuse(g.Target, errors.New("it has rules about paths, which Linkerd compares as they are sent, so that /open/../closed would pass as /open "+
				"(--raw-paths exports them, for servers that read paths as they are sent)"))
		}
	}
	for {
		d.grants = slices.DeleteFunc(slices.Clone(d.grants), func(g policy.Grant) bool { return j.refused[g.Target] != "" })
		ports := map[int32]portGrants{}
		isRefused := false
		for _, port := range d.ports() {
			onPort, refused := d.on(port)
			for target, why := range refused {
				j.refuse(target, why)
				isRefused = true
			}
			ports[port] = onPort
		}
		if !isRefused {
			return d.write(ports)
		}
	}
}

func (d destination) write(ports map[int32]portGrants) []any {
	var out []any
	for _, port := range slices.Sorted(maps.Keys(ports)) {
		for _, s := range d.selectors {
			w := &writer{destination: d, port: port}
			w.write(s, ports[port])
			out = append(out, w.out...)
		}
	}
	return out
}

// ports are those that anything is granted on.
func (d destination) ports() []int32 {
	var ports []int32
	for _, g := range d.grants {
		ports = append(ports, g.Ports...)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// portGrants are what is granted on one port.
type portGrants struct {
	grants     []policy.Grant
	anyTraffic []policy.Identity // who may send what they like
	groups     []matchGroup
}

// matchGroup are matches that the same sources may use. Linkerd binds a request to one route, so that those are one route.
type matchGroup struct {
	sources []policy.Identity
	matches []grantedMatch
	grants  []policy.Grant
}

// grantedMatch is a match and where it is from.
type grantedMatch struct {
	policy.GrantedMatch

	sources []policy.Identity
	grants  []policy.Grant
}

func (m grantedMatch) String() string {
	return fmt.Sprintf("match %s of HTTPRouteGroup %s", m.Name, m.Group)
}

// on collects what is granted on a port, or says which TrafficTargets cannot be brought together there.
func (d destination) on(port int32) (portGrants, map[string]error) {
	var p portGrants
	var matches []grantedMatch
	var raw string
	for _, g := range d.grants {
		if !slices.Contains(g.Ports, port) {
			continue
		}
		p.grants = append(p.grants, g)
		if g.AnyTraffic {
			raw, p.anyTraffic = g.Target, union(p.anyTraffic, g.Sources)
		}
		for _, m := range g.Matches {
			matches = merged(matches, grantedMatch{m, g.Sources, []policy.Grant{g}})
		}
	}
	if raw != "" && len(matches) > 0 {
		refused := map[string]error{}
		for _, g := range p.grants {
			refused[g.Target] = fmt.Errorf("port %d of %s is open to anything by TrafficTarget %s and to some HTTP requests by others, "+
				"and Linkerd binds a request to one route only", port, d.Identity, raw)
		}
		return p, refused
	}
	if a, b, overlap := overlapping(matches); overlap {
		why := fmt.Errorf("%v and %v may both meet one request on port %d of %s and are not for the same callers, "+
			"and Linkerd binds a request to one route only", a, b, port, d.Identity)
		refused := map[string]error{}
		for _, g := range slices.Concat(a.grants, b.grants) {
			refused[g.Target] = why
		}
		return p, refused
	}
	p.groups = grouped(matches)
	for _, g := range p.groups {
		if n := len(g.routeMatches()); n > mostMatchesOfRoute {
			return p, map[string]error{g.grants[0].Target: fmt.Errorf("its matches are %d of an HTTPRoute, one for each method, and %d are the most",
				n, mostMatchesOfRoute)}
		}
	}
	return p, nil
}

// merged adds a match; one that asks for the same as another is one with it, for the callers of both.
func merged(all []grantedMatch, m grantedMatch) []grantedMatch {
	for i := range all {
		if all[i].PathRegex == m.PathRegex && slices.Equal(all[i].Methods, m.Methods) && slices.Equal(all[i].Headers, m.Headers) {
			all[i].sources = union(all[i].sources, m.sources)
			all[i].grants = append(slices.Clone(all[i].grants), m.grants...)
			return all
		}
	}
	return append(all, m)
}

func union(a, b []policy.Identity) []policy.Identity {
	all := slices.Concat(a, b)
	slices.SortFunc(all, func(a, b policy.Identity) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(all)
}

// overlapping finds two matches for other callers that one request may meet.
func overlapping(matches []grantedMatch) (a, b grantedMatch, overlap bool) {
	for i, a := range matches {
		for _, b := range matches[i+1:] {
			if !slices.Equal(a.sources, b.sources) && mayMeet(a, b) {
				return a, b, true
			}
		}
	}
	return a, b, false
}

// mayMeet says whether one request may belong to both matches, as far as methods and what paths begin with tell.
func mayMeet(a, b grantedMatch) bool {
	if len(a.Methods) > 0 && len(b.Methods) > 0 && !slices.ContainsFunc(a.Methods, func(m string) bool { return slices.Contains(b.Methods, m) }) {
		return false
	}
	x, y := beginning(a.PathRegex), beginning(b.PathRegex)
	if !strings.HasPrefix(x, y) && !strings.HasPrefix(y, x) {
		return false
	}
	one, isText := compare(a.PathRegex, atStart)
	other, isTextToo := compare(b.PathRegex, atStart)
	return !isText || !isTextToo || one.kind != whole || other.kind != whole || one.text == other.text
}

// beginning is the text that everything a pathRegex matches begins with.
func beginning(pathRegex string) string {
	tree, err := syntax.Parse(pathRegex, syntax.Perl)
	if err != nil {
		return ""
	}
	parts := flat(tree)
	for len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		parts = parts[1:]
	}
	if len(parts) > 0 && parts[0].Op == syntax.OpLiteral && parts[0].Flags&syntax.FoldCase == 0 {
		return string(parts[0].Rune)
	}
	return ""
}

// grouped puts matches for the same callers together.
func grouped(matches []grantedMatch) []matchGroup {
	var groups []matchGroup
	for _, m := range matches {
		at := slices.IndexFunc(groups, func(g matchGroup) bool { return slices.Equal(g.sources, m.sources) })
		if at < 0 {
			at = len(groups)
			groups = append(groups, matchGroup{sources: m.sources})
		}
		groups[at].matches = append(groups[at].matches, m)
		groups[at].grants = append(groups[at].grants, m.grants...)
	}
	return groups
}

// rules are the matches in as few rules as they fit in.
func (g matchGroup) rules() []httpRouteRule {
	var rules []httpRouteRule
	for matches := range slices.Chunk(g.routeMatches(), mostMatchesOfRule) {
		rules = append(rules, httpRouteRule{matches})
	}
	return rules
}

// routeMatches are the matches as an HTTPRoute has them: one for each method, and patterns that must match from end to end.
func (g matchGroup) routeMatches() []httpRouteMatch {
	var all []httpRouteMatch
	for _, m := range g.matches {
		match := httpRouteMatch{Path: linkerdPath(m.PathRegex)}
		for _, h := range m.Headers {
			value := linkerdValue(h.Regex, anywhere)
			value.Name = h.Name
			match.Headers = append(match.Headers, value)
		}
		methods := m.Methods
		if len(methods) == 0 {
			methods = []string{""}
		}
		for _, method := range methods {
			match.Method = method
			all = append(all, match)
		}
	}
	return all
}

// linkerdPath is the condition on a path. Only a path without anything that is read in two ways can be compared as a whole.
func linkerdPath(pathRegex string) httpValue {
	c, isText := compare(pathRegex, atStart)
	switch {
	case isText && c.kind == anything:
		return httpValue{Type: "PathPrefix", Value: "/"}
	case isText && c.kind == whole && (!plainPath.MatchString(c.text) || c.text[0] != '/'):
		return httpValue{Type: "RegularExpression", Value: "^" + regexp.QuoteMeta(c.text) + "$"}
	}
	return linkerdValue(pathRegex, atStart)
}

// linkerdValue is a pattern that must match from end to end, where one of SMI may match less.
func linkerdValue(regex string, from anchor) httpValue {
	c, isText := compare(regex, from)
	text, value := regexp.QuoteMeta(c.text), ""
	switch {
	case isText && c.kind == whole:
		return httpValue{Type: "Exact", Value: c.text}
	case isText && c.kind == prefix:
		value = "^" + text + ".*$"
	case isText && c.kind == suffix:
		value = "^.*" + text + "$"
	case isText:
		value = "^.*$"
	case from == atStart:
		value = "^(?:" + portable(regex) + ").*$"
	default:
		value = "^.*(?:" + portable(regex) + ").*$"
	}
	return httpValue{Type: "RegularExpression", Value: value}
}

// portable is a pattern in a spelling that the regular expressions of Rust, by which Linkerd compares, read as Go reads it: without
// quotations, and without classes inside of classes.
func portable(regex string) string {
	tree, err := syntax.Parse(regex, syntax.Perl)
	if err != nil {
		return regex
	}
	return tree.String()
}

// checkLinkerd says what of a grant Linkerd cannot say.
func checkLinkerd(g policy.Grant) error {
	if g.EveryPort {
		return errors.New("it allows every port, and a Server of Linkerd has one: name the ports by a TCPRoute")
	}
	for _, m := range g.Matches {
		if err := checkLinkerdMatch(m); err != nil {
			return fmt.Errorf("match %s of HTTPRouteGroup %s: %w", m.Name, m.Group, err)
		}
	}
	return nil
}

func checkLinkerdMatch(m policy.GrantedMatch) error {
	for _, method := range m.Methods {
		if !slices.Contains(routeMethods(), method) {
			return fmt.Errorf("an HTTPRoute knows no method %q", method)
		}
	}
	if n := len(linkerdPath(m.PathRegex).Value); n > longestValue {
		return fmt.Errorf("its pathRegex is %d bytes long where %d are the most of an HTTPRoute", n, longestValue)
	}
	if n := len(m.Headers); n > mostHeaders {
		return fmt.Errorf("it has %d conditions on headers, and %d are the most of an HTTPRoute", n, mostHeaders)
	}
	seen := map[string]bool{}
	for _, h := range m.Headers {
		n := len(linkerdValue(h.Regex, anywhere).Value)
		switch {
		case h.Name == ":authority":
			return errors.New("it has a condition on the host, for which an HTTPRoute has no regular expression")
		case !token.MatchString(h.Name):
			return fmt.Errorf("%q is no name of a header", h.Name)
		case seen[h.Name]:
			return fmt.Errorf("it has two conditions on header %s, and an HTTPRoute heeds the first only", h.Name)
		case n > longestHeader:
			return fmt.Errorf("the pattern of header %s is %d bytes long where %d are the most of an HTTPRoute", h.Name, n, longestHeader)
		case strings.Contains(portable(h.Regex), `\b`) || strings.Contains(portable(h.Regex), `\B`):
			return fmt.Errorf("the pattern of header %s looks for ends of words, which Linkerd finds elsewhere beyond ASCII", h.Name)
		}
		seen[h.Name] = true
	}
	return nil
}
