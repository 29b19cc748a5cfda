// Package services is what cluster DNS and kube-proxy do for a pod that calls a Service.
//
// In: Services and EndpointSlices, watched; the address a caller dials, name.namespace:port. Out: a connection to one ready
// endpoint, drawn at random for each new connection, as iptables would; an established connection stays with its endpoint
// whatever happens to the Service. It must not retry, balance by load, or look at what goes over a connection.
package services
