// Package access tells people what is wrong with TrafficTargets and the routes that they name, and answers what they allow.
//
// In: TrafficTargets, HTTPRouteGroups and TCPRoutes in whatever version the cluster serves, watched. Out: for each object with
// a problem a condition Accepted=False and a Warning Event with the problem's sentence, and a Normal Event and Accepted=True
// when it is gone; and Lacks, by which controllers/canary learns whether the callers of one version may call another.
//
// The condition is also the memory: a problem that an object's condition tells already is no second Event, restarts included.
// Where the installed CRD has no status subresource there are Events only, and a restart may repeat them once. An object that
// never had a problem is never written to. UDPRoutes grant nothing to Serin, so nothing can be wrong with one; a rule that
// names one is a problem of its TrafficTarget.
//
// It must not change a spec, decide a request, read a Canary, or let one object's trouble keep it from another's. Enforcement
// points do not depend on it: each watches the objects and builds its own Graph.
package access
