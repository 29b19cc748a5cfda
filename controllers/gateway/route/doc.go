// Package route is the pure half of the bridge to the Gateway API.
//
// In: a TrafficSplit, what it asks of the bridge, and the Services, HTTPRouteGroups and parents that it names. Out: the
// HTTPRoutes and GRPCRoutes that carry it out (Build), a route of the user's own with other backends and back again (TakeOver,
// Restore), and whether the data plane accepted what was written (Judge). What cannot be carried out is a sentence for a person.
//
// It must not talk to a cluster, read a clock, know a Canary, or guess: a request that would be routed otherwise than the split
// says is refused, and what was written before stays.
package route
