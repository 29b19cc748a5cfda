// Package gateway carries TrafficSplits out by the Gateway API: it is the bridge of which api/smi/split speaks.
//
// In: TrafficSplits with the annotation gateway.serin.dev/route, the Services, HTTPRouteGroups, Gateways and GatewayClasses that
// they name, and the status of the routes. Out: HTTPRoutes and GRPCRoutes, or the backendRefs of a route of the user's own; the
// annotation gateway.serin.dev/landing, which says what the data plane has accepted; and a Warning Event for each new problem.
//
// What is written is decided in route, which is pure. Here it is only brought about: as the field manager serin-gateway, a route at
// a time, and never against another manager that keeps putting a route back. Nothing of the Gateway API is watched, and no request
// is made, until a split asks for it; its kinds may appear later, one by one. What is as it should be costs no request.
//
// It must not read a Canary, change a split's specification, or write a route that belongs to someone else and was not named.
package gateway
