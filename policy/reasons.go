package policy

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/smi/access"
)

// Kinds of objects that this package knows.
const (
	kindTrafficTarget   = "TrafficTarget"
	kindHTTPRouteGroup  = "HTTPRouteGroup"
	kindTCPRoute        = "TCPRoute"
	kindUDPRoute        = "UDPRoute"
	kindServiceAccount  = "ServiceAccount"
	kindIdentityBinding = "IdentityBinding"
)

// Reasons of Problems.
const (
	reasonNotUnderstood     = "NotUnderstood"
	reasonUnsupportedKind   = "UnsupportedKind"
	reasonUnsupported       = "Unsupported"
	reasonNoDestination     = "NoDestination"
	reasonNamespaceMismatch = "NamespaceMismatch"
	reasonNoSources         = "NoSources"
	reasonNoSourceName      = "NoSourceName"
	reasonBindingNotFound   = "BindingNotFound"
	reasonNoSchemes         = "NoSchemes"
	reasonExclusiveSchemes  = "ExclusiveSchemes"
	reasonNoLabels          = "NoLabels"
	reasonInvalidSPIFFEID   = "InvalidSPIFFEID"
	reasonNoRules           = "NoRules"
	reasonRouteNotFound     = "RouteNotFound"
	reasonMatchNotFound     = "MatchNotFound"
	reasonInvalidPort       = "InvalidPort"
	reasonNoMatches         = "NoMatches"
	reasonDuplicateMatch    = "DuplicateMatch"
	reasonInvalidRegex      = "InvalidRegex"
)

// Messages of Problems that need no arguments.
const (
	noDestination    = "its destination has no name, so it grants nothing"
	noSources        = "it has no sources, so nobody may call"
	noSourceName     = "one of its sources has no name, so that source is nobody"
	noRules          = "it has no rules, so it grants nothing"
	noMatches        = "it has no matches, so rules that name it grant nothing"
	noSchemes        = "it has no schemes, so it stands for nobody"
	noLabels         = "one of its podLabelSelectors has no matchLabels and would mean every pod, so it stands for nobody"
	exclusiveSchemes = "it has both podLabelSelectors and a serviceAccount, which exclude each other, so it stands for nobody"
)

func invalidSPIFFEID(id string, err error) string {
	return fmt.Sprintf("%s is no SPIFFE id, for %v, so it stands for nobody", quote(id), err)
}

func bindingNotFound(role string, binding Identity) string {
	return fmt.Sprintf("its %s is IdentityBinding %s, which does not exist, so it stands for nobody", role, binding)
}

func namespaceMismatch(destination Identity, namespace string) string {
	return fmt.Sprintf("its destination %s is not in its own namespace %s, so it grants nothing", destination, namespace)
}

func unknownSubject(role string, s access.Subject) string {
	kind := s.Kind
	if kind == kindIdentityBinding {
		kind += "." + s.Group
	}
	return fmt.Sprintf("its %s %s is of the unknown kind %q, so it grants nothing", role, s.Name, kind)
}

func unknownRuleKind(r access.Rule) string {
	return fmt.Sprintf("its rule %s is of the unknown kind %q, so it grants nothing", r.Name, r.Kind)
}

func udpUnsupported(name string) string {
	return fmt.Sprintf("its rule UDPRoute %s grants nothing here, because no UDP is carried here", name)
}

func routeNotFound(kind string, route objectName) string {
	return fmt.Sprintf("its rule names %s %s, which does not exist", kind, route)
}

func matchNotFound(match, kind string, route objectName) string {
	return fmt.Sprintf("its rule names match %s, which %s %s does not have", match, kind, route)
}

func invalidPort(port int32) string {
	return fmt.Sprintf("its port %d is not between 1 and 65535 and grants nothing", port)
}

func duplicateMatch(name string) string {
	return fmt.Sprintf("the name of match %s is used more than once, so none of them grants anything", name)
}

func invalidPathRegex(match string, err error) string {
	return fmt.Sprintf("the pathRegex of match %s %v, so the match grants nothing", match, err)
}

func invalidHeaderRegex(match, header string, err error) string {
	return fmt.Sprintf("the pattern of header %s of match %s %v, so the match grants nothing", header, match, err)
}

// allowedPorts is the reason for what a TCPRoute or a UDPRoute alone allows.
func allowedPorts(t *target, ports *portSet, rule access.Rule) string {
	route := rule.Kind + " " + rule.Name
	granted := "the ports of " + route
	switch {
	case t.port != 0:
		granted = fmt.Sprintf("port %d by %s", t.port, route)
	case ports.every:
		granted = "every port by " + route
	}
	return fmt.Sprintf("TrafficTarget %s allows %s", t.name, granted)
}

// allowedGroup is the reason for what a rule allows that names no matches.
func allowedGroup(t *target, route string) string {
	return fmt.Sprintf("TrafficTarget %s allows every match of HTTPRouteGroup %s%s", t.name, route, onPorts(t))
}

// allowedMatch is the reason for what a match allows that a rule names.
func allowedMatch(t *target, match, route string) string {
	return fmt.Sprintf("TrafficTarget %s allows match %s of HTTPRouteGroup %s%s", t.name, match, route, onPorts(t))
}

// onPorts ends a sentence with the ports that a target is limited to.
func onPorts(t *target) string {
	switch {
	case t.port != 0:
		return fmt.Sprintf(" on port %d", t.port)
	case len(t.tcp) == 1:
		return fmt.Sprintf(" on the ports of %s", strings.Replace(t.tcp[0].allow.Rule, "/", " ", 1))
	case t.namesTCP:
		return " on the ports of its TCPRoutes"
	default:
		return ""
	}
}

// refusal is why a request is denied whatever the TrafficTargets say, or nothing.
func refusal(r *Request) string {
	switch {
	case !r.Source.isKnown() && r.SourceWorkload.SPIFFEID == "":
		return "the caller is not authenticated: its ServiceAccount is not known"
	case !r.Destination.isKnown():
		return "the destination is not known: its ServiceAccount is missing"
	case r.Protocol != TCP && r.Protocol != UDP && r.Protocol != HTTP:
		return fmt.Sprintf("the protocol %q is none of TCP, UDP and HTTP, and TrafficTargets allow nothing else", r.Protocol)
	default:
		return ""
	}
}

// caller is who calls, as a sentence names it.
func caller(r *Request) string {
	if !r.Source.isKnown() {
		return "spiffe://" + quote(normalID(r.SourceWorkload.SPIFFEID))
	}
	return r.Source.String()
}

func noTargetFor(r *Request) string {
	return fmt.Sprintf("no TrafficTarget in namespace %s has %s as its destination", r.Destination.Namespace, r.Destination)
}

// noSource is why a caller that no TrafficTarget names is denied; a TrafficTarget that is void, or has a source that is nobody,
// may have been meant to name it.
func noSource(r *Request, lame *target) string {
	reason := fmt.Sprintf("no TrafficTarget in namespace %s names %s as a source of %s",
		r.Destination.Namespace, caller(r), r.Destination)
	if lame != nil {
		reason += fmt.Sprintf("; TrafficTarget %s has a problem: %s", lame.name, cmp.Or(lame.void, lame.nobody))
	}
	return reason
}

// denied is why none of the TrafficTargets allowed a call, told of the one that came closest.
func denied(c *call, closest *target, far miss, targets int) string {
	subject := "TrafficTarget " + closest.name.String()
	if targets > 1 {
		subject += fmt.Sprintf(" (the closest of %d)", targets)
	}
	if far == missVoid {
		return fmt.Sprintf("%s names %s as a source of %s, but %s", subject, caller(&c.Request), c.Destination, closest.void)
	}
	reason := fmt.Sprintf("%s allows %s to call %s, but %s", subject, caller(&c.Request), c.Destination, missing(c, closest, far))
	note := closest.note
	if c.Protocol == UDP {
		note = closest.noteUDP
	}
	if note != "" && far != missPath {
		reason += "; " + note
	}
	return reason
}

// missing is what a TrafficTarget lacks to allow a call.
func missing(c *call, t *target, far miss) string {
	switch far {
	case missPort:
		if t.port != 0 && t.port != c.Port {
			return fmt.Sprintf("only on port %d, not on port %d", t.port, c.Port)
		}
		return fmt.Sprintf("none of its rules matches port %d", c.Port)
	case missLayer:
		if c.Protocol == UDP {
			return "none of its rules is about UDP"
		}
		return fmt.Sprintf("only by UDP, not by %s", c.Protocol)
	case missProtocol:
		if c.Protocol == UDP {
			return "only by HTTP requests that its rules match, not by UDP"
		}
		return "only by HTTP requests that its rules match, not by a raw TCP connection"
	case missPath:
		return fmt.Sprintf("the path is refused: %v", c.pathErr)
	default:
		if c.halfMatch {
			return fmt.Sprintf("its rules match %s %s only where dot segments and doubled slashes are merged, and not every server merges them in %s",
				quote(c.Method), quote(c.path), quote(c.unmerged))
		}
		return fmt.Sprintf("none of its rules matches %s %s", quote(c.Method), quote(c.path))
	}
}

// quote makes text of a request fit for a log: printable and short.
func quote(s string) string {
	const longest = 200
	clipped := s[:min(len(s), longest)]
	clipped = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, clipped)
	if len(s) > longest {
		clipped += "..."
	}
	return clipped
}
