package policy

import (
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// The tests speak of ServiceAccounts in namespace t, where b is the destination and listens on port 9091.

// targetFor is a TrafficTarget, named as in "t/a-b", from sources to a destination in its namespace.
func targetFor(name, destination string, sources []string, rules ...access.Rule) access.TrafficTarget {
	var tt access.TrafficTarget
	tt.Namespace, tt.Name, _ = strings.Cut(name, "/")
	tt.Spec.Destination = access.Subject{Kind: "ServiceAccount", Name: destination}
	for _, source := range sources {
		tt.Spec.Sources = append(tt.Spec.Sources, access.Subject{Kind: "ServiceAccount", Name: source})
	}
	tt.Spec.Rules = rules
	return tt
}

// edited is a TrafficTarget with a change.
func edited(tt access.TrafficTarget, edit func(*access.TrafficTargetSpec)) access.TrafficTarget {
	changed := tt.DeepCopy()
	edit(&changed.Spec)
	return *changed
}

func from(sources ...string) []string { return sources }

func httpRule(name string, matches ...string) access.Rule {
	return access.Rule{Kind: "HTTPRouteGroup", Name: name, Matches: matches}
}

func tcpRule(name string) access.Rule { return access.Rule{Kind: "TCPRoute", Name: name} }

func udpRule(name string) access.Rule { return access.Rule{Kind: "UDPRoute", Name: name} }

func groupOf(name string, matches ...specs.HTTPMatch) specs.HTTPRouteGroup {
	var g specs.HTTPRouteGroup
	g.Namespace, g.Name, _ = strings.Cut(name, "/")
	g.Spec.Matches = matches
	return g
}

func portsOf(name string, ports ...int32) specs.TCPRoute {
	var r specs.TCPRoute
	r.Namespace, r.Name, _ = strings.Cut(name, "/")
	r.Spec.Matches.Ports = ports
	return r
}

func udpPortsOf(name string, ports ...int32) specs.UDPRoute {
	var r specs.UDPRoute
	r.Namespace, r.Name, _ = strings.Cut(name, "/")
	r.Spec.Matches.Ports = ports
	return r
}

func path(name, regex string, methods ...string) specs.HTTPMatch {
	return specs.HTTPMatch{Name: name, PathRegex: regex, Methods: methods}
}

func withHeaders(name string, headers map[string]string) specs.HTTPMatch {
	return specs.HTTPMatch{Name: name, Headers: headers}
}

func account(name string) Identity { return Identity{Namespace: "t", ServiceAccount: name} }

// send is an HTTP request from a ServiceAccount to b.
func send(source, method, path string) Request {
	return Request{
		Source: account(source), Destination: account("b"), Port: 9091, Protocol: HTTP,
		Method: method, Path: path, Host: "app.t:9091",
	}
}

func get(source, path string) Request { return send(source, "GET", path) }

func getWith(source string, headers map[string][]string) Request {
	r := get(source, "/")
	r.Headers = headers
	return r
}

// connect is a TCP connection from a ServiceAccount to b.
func connect(source string, port int32) Request {
	return Request{Source: account(source), Destination: account("b"), Port: port, Protocol: TCP}
}

// overUDP is a datagram from a ServiceAccount to b.
func overUDP(source string, port int32) Request {
	r := connect(source, port)
	r.Protocol = UDP
	return r
}

// onPort is a request to another port.
func onPort(port int32, r Request) Request {
	r.Port = port
	return r
}

func denies(reason string) Decision { return Decision{Reason: reason} }

// allows is a decision by a rule, given as kind/name, or as kind/name/match.
func allows(target, rule, reason string) Decision {
	kind, name, _ := strings.Cut(rule, "/")
	name, match, _ := strings.Cut(name, "/")
	return Decision{Allowed: true, Target: target, Rule: kind + "/" + name, Match: match, Reason: reason}
}

// answer is a request and the decision that a test wants.
type answer struct {
	request Request
	want    Decision
}
