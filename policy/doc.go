// Package policy decides whether one workload may send one request to another, by the SMI TrafficTargets.
//
// In: a Snapshot of TrafficTargets and the routes they name, and a Request. Out: a Graph built from the snapshot, the
// Problems of the objects in it, and a Decision that names the object that allowed the request or says what was missing.
// What no TrafficTarget allows is denied; a broken object grants nothing and stops no other.
//
// Where SMI leaves a choice, this is it:
//   - Rules of several kinds restrict each other: TCPRoutes and HTTPRouteGroups must both match. Within a kind, one is enough.
//   - A UDPRoute counts as a TCPRoute that has no port: it grants nothing here, and restricts what stands beside it.
//   - A pathRegex is anchored at the start of the path only. The regex of a header is searched for anywhere in any value.
//   - The path is matched in the form that canonicalPath describes: without its query, "//" merged, dot segments merged.
//   - A source or destination without a namespace is in the TrafficTarget's, and a destination must be.
//   - A TrafficTarget with a kind that nobody knows is void as a whole; what else is wrong in it grants nothing by itself.
//
// It is pure: the standard library (without net, os, context and the clock) and api/smi only. It must not read a cluster,
// log, keep time, or start a goroutine.
package policy
