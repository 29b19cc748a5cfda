// Package policy decides whether one workload may send one request to another, by the SMI TrafficTargets.
//
// In: a Snapshot of TrafficTargets and the routes and IdentityBindings they name, and a Request. Out: a Graph built from the
// snapshot, the Problems of the objects in it, and a Decision that names the object that allowed the request or says what was
// missing. What no TrafficTarget allows is denied; a broken object grants nothing and stops no other.
//
// Where SMI leaves a choice, this is it:
//   - Rules of several kinds restrict each other: ports (TCPRoutes and UDPRoutes) and HTTPRouteGroups must both match. Within each,
//     one is enough.
//   - A TCPRoute opens its ports for TCP and HTTP, a UDPRoute for UDP. A TrafficTarget that names only one of the two grants nothing
//     to the other protocol. Enforcement points that carry no UDP are told by Graph.Unsupported which rules do nothing there.
//   - A pathRegex is anchored at the start of the path only. The regex of a header is searched for anywhere in any value.
//   - A source or destination without a namespace is in the TrafficTarget's, and a destination must be.
//   - A TrafficTarget with a kind that nobody knows is void as a whole; what else is wrong in it grants nothing by itself.
//   - An IdentityBinding stands for workloads of its own namespace only, and for callers from outside of the cluster by SPIFFE id.
//     One that is missing, or has anything wrong in it, stands for nobody. What an enforcement point does not know of a workload,
//     such as a SPIFFE id where there is no mTLS, fits no binding.
//
// # Which path is matched
//
// The engine must not read a path in another way than the server behind it. A difference means: a request is allowed by a rule, and
// reaches a resource of the server that the rule does not name. To have none,
//   - a request target that servers read in different ways is refused wherever a rule of kind HTTPRouteGroup is asked,
//   - a path with "//" or dot segments in it, which some servers merge and others do not, is allowed only by a rule that matches it
//     both ways,
//   - and the query is no part of the path.
//
// canonicalPath lists all of it. The tests compare it with servers that read the same bytes: net/http with and without ServeMux and
// FileServer, url.Parse with path.Clean, Node.js with and without URL, and Python's http.server. What is taken for granted of a
// server is that it decodes escapes at most once; that an encoded letter, digit, dot, hyphen, underscore or tilde is to it what it is
// plain; and that it compares paths with their case, as the rules do. A parameter (";x=1") is part of the path, for it is to most
// servers; before one that cuts parameters off, a pathRegex should not end in the middle of a segment.
//
// # How it is used
//
// A Graph does not change. Whoever enforces it keeps it in an atomic pointer and stores the next one there, so that nobody waits for
// a change: a decision is made by the one graph or by the other.
//
// It is pure: the standard library (without net, os, context and the clock) and api/smi only. It must not read a cluster,
// log, keep time, or start a goroutine.
package policy
