// Package enforce is what the enforcement points of policy, the bundled proxy and authz, know of the cluster, and how they know it.
//
// In: the API server's watches. Out: the SMI access objects compiled into one policy.Graph (Access); which one pod has an address
// (PodWatch, Pods); a mirror of any other kind (Mirror); when the API server was last heard from (Contact). Kinds that the API
// server does not serve, or serves in another version, are followed until it does (Cluster). What an enforcement point refuses
// over and over is told now and then (Throttle).
//
// A kind that policy comes to know is added to Access, and all enforcement points follow it.
//
// It must not decide about a request, write an object, open a listener, or import an enforcement point. While the API server is
// out of reach, what was known stays.
package enforce
