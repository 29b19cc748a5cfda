package policy

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/specs"
)

// group is a compiled HTTPRouteGroup.
type group struct {
	matches []match        // those that work
	byName  map[string]int // where in matches each match is, or broken
	refused bool           // the group was not understood, so it grants nothing
	note    string         // the first thing wrong with the group
}

// match is a compiled match: a request belongs to it when it meets every condition that is set.
type match struct {
	name    string
	path    *pathPattern // nil for any path
	methods []string     // nil for any method
	headers []header
}

// header is a compiled condition on a header, or on the host.
type header struct {
	name  string // in lower case; authority stands for host as well
	value *regexp.Regexp
}

// authority is the one name by which conditions on the host go.
const authority = ":authority"

// portSet is a compiled TCPRoute or UDPRoute.
type portSet struct {
	name  string // of the match
	every bool
	ports []int32
	note  string // the first thing wrong with the route
}

func (s *portSet) has(port int32) bool {
	return s.every || slices.Contains(s.ports, port)
}

func isPort(port int32) bool {
	return 1 <= port && port <= 65535
}

// broken stands for the place of a match that grants nothing.
const broken = -1

// named returns the match of a name, or nothing when that match is broken, and whether the group has it. What a group that was
// not understood has cannot be told.
func (g *group) named(name string) (matches []match, exists bool) {
	at, exists := g.byName[name]
	if !exists || at == broken {
		return nil, exists || g.refused
	}
	return g.matches[at : at+1], true
}

// addGroup compiles an HTTPRouteGroup. A match that is broken grants nothing, nor do matches that share a name, for no rule
// could tell them apart.
func (c *compiler) addGroup(source *specs.HTTPRouteGroup) {
	o := c.object(kindHTTPRouteGroup, objectName{source.Namespace, source.Name})
	g := &group{byName: map[string]int{}, refused: len(source.Spec.Problems) > 0}
	for _, message := range source.Spec.Problems {
		o.problem(reasonNotUnderstood, message)
	}
	if !g.refused {
		g.addMatches(o, source.Spec.Matches)
	}
	g.note = o.note()
	c.groups[o.name] = g
}

func (g *group) addMatches(o *object, matches []specs.HTTPMatch) {
	if len(matches) == 0 {
		o.problem(reasonNoMatches, noMatches)
	}
	uses := map[string]int{}
	for _, m := range matches {
		uses[m.Name]++
	}
	for _, m := range matches {
		g.byName[m.Name] = broken
		if uses[m.Name] > 1 {
			o.problem(reasonDuplicateMatch, duplicateMatch(m.Name))
			continue
		}
		if compiled, ok := compileMatch(o, m); ok {
			g.byName[m.Name] = len(g.matches)
			g.matches = append(g.matches, compiled)
		}
	}
}

// compileMatch compiles a match, and reports whether all of it could be.
func compileMatch(o *object, source specs.HTTPMatch) (match, bool) {
	m := match{name: source.Name}
	ok := true
	if source.PathRegex != "" {
		path, err := compilePath(source.PathRegex)
		if err != nil {
			o.problem(reasonInvalidRegex, invalidPathRegex(source.Name, err))
			ok = false
		}
		m.path = path
	}
	if !slices.Contains(source.Methods, "*") {
		m.methods = slices.Clone(source.Methods)
	}
	for _, name := range slices.Sorted(maps.Keys(source.Headers)) {
		value, err := compileHeader(source.Headers[name])
		if err != nil {
			o.problem(reasonInvalidRegex, invalidHeaderRegex(source.Name, name, err))
			ok = false
		}
		m.headers = append(m.headers, header{name: headerName(name), value: value})
	}
	return m, ok
}

// headerName is the form in which header names are compared.
func headerName(name string) string {
	name = strings.ToLower(name)
	if name == "host" {
		return authority
	}
	return name
}

// addTCPRoute compiles a TCPRoute. No ports means every port, but ports that are no ports, or that were not understood, do not.
func (c *compiler) addTCPRoute(source *specs.TCPRoute) {
	o := c.object(kindTCPRoute, objectName{source.Namespace, source.Name})
	c.tcp[o.name] = compilePorts(o, source.Spec)
}

// addUDPRoute compiles a UDPRoute by the same rules.
func (c *compiler) addUDPRoute(source *specs.UDPRoute) {
	o := c.object(kindUDPRoute, objectName{source.Namespace, source.Name})
	c.udp[o.name] = compilePorts(o, specs.TCPRouteSpec{
		Matches: specs.TCPMatch(source.Spec.Matches), Problems: source.Spec.Problems,
	})
}

func compilePorts(o *object, spec specs.TCPRouteSpec) *portSet {
	s := &portSet{name: spec.Matches.Name}
	for _, message := range spec.Problems {
		o.problem(reasonNotUnderstood, message)
	}
	if len(spec.Problems) == 0 {
		s.every = len(spec.Matches.Ports) == 0
		s.addPorts(o, spec.Matches.Ports)
	}
	s.note = o.note()
	return s
}

func (s *portSet) addPorts(o *object, ports []int32) {
	for _, port := range ports {
		if !isPort(port) {
			o.problem(reasonInvalidPort, invalidPort(port))
			continue
		}
		s.ports = append(s.ports, port)
	}
}
