package policy

import (
	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
)

// Snapshot is everything a Graph is built from, as the API server stored it at one moment.
type Snapshot struct {
	TrafficTargets  []access.TrafficTarget
	HTTPRouteGroups []specs.HTTPRouteGroup
	TCPRoutes       []specs.TCPRoute
	// UDPRoutes may be left out where no UDP is carried: they open nothing but UDP.
	UDPRoutes []specs.UDPRoute
	// IdentityBindings may be left out where none are served: a TrafficTarget that names one grants nothing to it.
	IdentityBindings []access.IdentityBinding
}

// Identity is who a workload is: its ServiceAccount. The zero Identity is an unauthenticated caller, who is denied.
type Identity struct {
	Namespace      string
	ServiceAccount string
}

// Workload is what the enforcement point knows of a workload beside its ServiceAccount; IdentityBindings ask for it. The zero
// Workload is one of which nothing more is known.
type Workload struct {
	// Labels are the labels of the pod that has the Identity beside it.
	Labels map[string]string
	// SPIFFEID is the id that the workload has proved to have, with or without spiffe:// before it.
	SPIFFEID string
}

// Protocol is what the enforcement point understood of the traffic.
type Protocol string

// Protocols.
const (
	TCP  Protocol = "TCP"
	UDP  Protocol = "UDP"
	HTTP Protocol = "HTTP"
)

// Request is one request, or one connection when Protocol is TCP, or one datagram when it is UDP.
type Request struct {
	// Source is who calls. It may be zero for a caller from outside of the cluster that has a SPIFFE id.
	Source      Identity
	Destination Identity
	// SourceWorkload and DestinationWorkload are what is known of the two beside that.
	SourceWorkload      Workload
	DestinationWorkload Workload
	// Port is the pod port of the destination.
	Port     int32
	Protocol Protocol
	// Method is the HTTP method as it was sent.
	Method string
	// Path is the request target as it was sent, the query included.
	Path string
	// Host is the Host header or :authority.
	Host string
	// Headers are the HTTP headers; names in any case.
	Headers map[string][]string
}

// Decision is the answer to a Request.
type Decision struct {
	Allowed bool
	// Target is the TrafficTarget that allowed the request, as namespace/name; empty when it was denied.
	Target string
	// Rule is the route object that matched, as kind/name; Match is the name of the match in it, when there is one.
	Rule  string
	Match string
	// Reason says in a sentence which object allowed the request, or what was missing.
	Reason string
}

// Problem is what is wrong with one object; the object grants nothing where the problem is, and no other object is touched.
type Problem struct {
	// Kind, Namespace and Name identify the object.
	Kind, Namespace, Name string
	// Reason is one CamelCase word, Message one sentence.
	Reason, Message string
}
