package policy

import (
	"cmp"
	"fmt"

	"github.com/serin-dev/serin/api/smi/access"
)

// compiler turns objects into what Authorize reads, and writes down what is wrong with them.
type compiler struct {
	groups   map[objectName]*group
	tcp, udp map[objectName]*portSet
	bindings map[objectName]*party
	problems []Problem
	udpOnly  []Problem // of rules that grant nothing but UDP, where that is not carried
}

// target is a compiled TrafficTarget.
type target struct {
	name        objectName
	destination party   // zero when the target is about nobody
	sources     []party // as they are written, repetitions included
	port        int32   // the only port of the destination that is granted; 0 for every port

	// A rule that grants nothing still restricts: where ports and HTTP requests are named, a rule of each must match. A UDPRoute
	// names no port of TCP, nor a TCPRoute one of UDP.
	namesTCP, namesUDP, namesHTTP bool
	tcp, udp                      []portGrant
	http                          []matchGrant

	void    string // what is wrong with the target as a whole, so that it grants nothing
	nobody  string // what is wrong with the first of its sources that is nobody
	note    string // the first thing wrong with its rules, to explain a denial with
	noteUDP string // the same for a datagram
}

// portGrant is the connections that a rule of kind TCPRoute grants, or the datagrams that one of kind UDPRoute does.
type portGrant struct {
	ports *portSet
	allow Decision
}

// matchGrant is the requests that a rule of kind HTTPRouteGroup grants, or one match that the rule names.
type matchGrant struct {
	matches []match
	allow   Decision // without the match, which is known when a request comes
}

// compileTarget compiles one TrafficTarget. A target with no rules, or a kind that nobody knows, is void as a whole, because
// what it meant to restrict cannot be told; a source or a route that is wrong grants nothing by itself.
func (c *compiler) compileTarget(tt *access.TrafficTarget) *target {
	o := c.object(kindTrafficTarget, objectName{tt.Namespace, tt.Name})
	t := &target{name: o.name}
	for _, message := range tt.Spec.Problems {
		t.void = cmp.Or(t.void, o.problem(reasonNotUnderstood, message))
	}
	c.compileDestination(t, o, tt.Spec.Destination)
	if len(tt.Spec.Problems) > 0 {
		return t // What is missing from it besides was not understood either.
	}
	c.compileSources(t, o, tt.Spec.Sources)
	c.compileRules(t, o, tt.Spec.Rules)
	return t
}

// compileDestination compiles who is called. Only a TrafficTarget of the same namespace has a say in that.
func (c *compiler) compileDestination(t *target, o *object, subject access.Subject) {
	id := identity(subject, t.name.namespace)
	switch {
	case !isSubjectKind(subject):
		o.problem(reasonUnsupportedKind, unknownSubject("destination", subject))
	case !id.isKnown():
		o.problem(reasonNoDestination, noDestination)
	case id.Namespace != t.name.namespace:
		o.problem(reasonNamespaceMismatch, namespaceMismatch(id, t.name.namespace))
	default:
		t.destination, _ = c.party(o, "destination", subject.Kind, id)
	}
	t.port = subject.Port
	if t.port != 0 && !isPort(t.port) {
		t.void = cmp.Or(t.void, o.problem(reasonInvalidPort, invalidPort(t.port)))
	}
}

// compileSources compiles who may call.
func (c *compiler) compileSources(t *target, o *object, sources []access.Subject) {
	if len(sources) == 0 {
		t.void = cmp.Or(t.void, o.problem(reasonNoSources, noSources))
	}
	for _, source := range sources {
		id := identity(source, t.name.namespace)
		switch {
		case !isSubjectKind(source):
			t.void = cmp.Or(t.void, o.problem(reasonUnsupportedKind, unknownSubject("source", source)))
		case !id.isKnown():
			o.problem(reasonNoSourceName, noSourceName)
		default:
			p, wrong := c.party(o, "source", source.Kind, id)
			t.sources = append(t.sources, p)
			t.nobody = cmp.Or(t.nobody, wrong)
		}
	}
}

// party is whom a subject of a known kind stands for, and what is wrong with it when it is nobody.
func (c *compiler) party(o *object, role, kind string, id Identity) (party, string) {
	if kind == kindServiceAccount {
		return party{namespace: id.Namespace, account: id.ServiceAccount}, ""
	}
	bound := c.bindings[objectName{id.Namespace, id.ServiceAccount}]
	if bound == nil {
		return party{}, o.problem(reasonBindingNotFound, bindingNotFound(role, id))
	}
	return *bound, bound.note
}

// isSubjectKind reports whether a subject is of a kind that is known. A group other than SMI's makes an IdentityBinding another kind.
func isSubjectKind(s access.Subject) bool {
	return s.Kind == kindServiceAccount || s.Kind == kindIdentityBinding && (s.Group == "" || s.Group == access.GroupVersion.Group)
}

// compileRules compiles what the sources may call. The HTTP rules come last, because their reasons tell the ports.
func (c *compiler) compileRules(t *target, o *object, rules []access.Rule) {
	if len(rules) == 0 {
		t.void = cmp.Or(t.void, o.problem(reasonNoRules, noRules))
	}
	for _, rule := range rules {
		switch rule.Kind {
		case kindHTTPRouteGroup:
			t.namesHTTP = true
		case kindTCPRoute:
			t.namesTCP = true
			grants, note := c.grantPorts(t, o, rule)
			t.tcp, t.note = append(t.tcp, grants...), cmp.Or(t.note, note)
		case kindUDPRoute:
			t.namesUDP = true
			grants, note := c.grantPorts(t, o, rule)
			t.udp, t.noteUDP = append(t.udp, grants...), cmp.Or(t.noteUDP, note)
			c.udpOnly = append(c.udpOnly, o.as(reasonUnsupported, udpUnsupported(rule.Name)))
		default:
			t.void = cmp.Or(t.void, o.problem(reasonUnsupportedKind, unknownRuleKind(rule)))
		}
	}
	for _, rule := range rules {
		if rule.Kind == kindHTTPRouteGroup {
			c.grantMatches(t, o, rule)
		}
	}
}

// grantPorts grants the ports of a TCPRoute or a UDPRoute, or nothing; the note says what is wrong with the rule or the route.
func (c *compiler) grantPorts(t *target, o *object, rule access.Rule) (grants []portGrant, note string) {
	route := objectName{t.name.namespace, rule.Name}
	ports := c.tcp[route]
	if rule.Kind == kindUDPRoute {
		ports = c.udp[route]
	}
	if ports == nil {
		return nil, o.problem(reasonRouteNotFound, routeNotFound(rule.Kind, route))
	}
	for _, name := range rule.Matches {
		if name != ports.name {
			return nil, o.problem(reasonMatchNotFound, matchNotFound(name, rule.Kind, route))
		}
	}
	return []portGrant{{ports: ports, allow: Decision{
		Allowed: true,
		Target:  t.name.String(),
		Rule:    rule.Kind + "/" + rule.Name,
		Match:   ports.name,
		Reason:  allowedPorts(t, ports, rule),
	}}}, ports.note
}

// grantMatches grants every match of an HTTPRouteGroup, or those that the rule names.
func (c *compiler) grantMatches(t *target, o *object, rule access.Rule) {
	route := objectName{t.name.namespace, rule.Name}
	g := c.groups[route]
	if g == nil {
		t.note = cmp.Or(t.note, o.problem(reasonRouteNotFound, routeNotFound(rule.Kind, route)))
		return
	}
	t.note = cmp.Or(t.note, g.note)
	allow := Decision{Allowed: true, Target: t.name.String(), Rule: rule.Kind + "/" + rule.Name}
	if len(rule.Matches) == 0 {
		allow.Reason = allowedGroup(t, rule.Name)
		t.http = append(t.http, matchGrant{matches: g.matches, allow: allow})
	}
	for _, name := range rule.Matches {
		matches, exists := g.named(name)
		if !exists {
			t.note = cmp.Or(t.note, o.problem(reasonMatchNotFound, matchNotFound(name, rule.Kind, route)))
			continue
		}
		allow.Reason = allowedMatch(t, name, rule.Name)
		t.http = append(t.http, matchGrant{matches: matches, allow: allow})
	}
}

// identity is the ServiceAccount that a subject names, in the TrafficTarget's namespace unless the subject says otherwise.
func identity(s access.Subject, namespace string) Identity {
	return Identity{Namespace: cmp.Or(s.Namespace, namespace), ServiceAccount: s.Name}
}

// object collects the problems of one object.
type object struct {
	compiler *compiler
	kind     string
	name     objectName
	first    string // the message of its first problem
}

// note is the first problem, told of the object by name, or nothing when there is none.
func (o *object) note() string {
	if o.first == "" {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", o.kind, o.name, o.first)
}

func (c *compiler) object(kind string, name objectName) *object {
	return &object{compiler: c, kind: kind, name: name}
}

// problem writes a problem down, and returns its message.
func (o *object) problem(reason, message string) string {
	o.first = cmp.Or(o.first, message)
	o.compiler.problems = append(o.compiler.problems, o.as(reason, message))
	return message
}

// as is a problem of the object that is not written down.
func (o *object) as(reason, message string) Problem {
	return Problem{Kind: o.kind, Namespace: o.name.namespace, Name: o.name.name, Reason: reason, Message: message}
}
