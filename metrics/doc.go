// Package metrics is the TrafficMetrics server.
//
// In: the counters of the bundled proxies, scraped. Out: metrics.smi-spec.io/v1alpha1, served as an aggregated API: exact
// counts over windows that never overlap. It must not judge a version, read a Canary, or write an object.
//
// Data goes one way: scrape asks every proxy at every tick, window keeps the rounds and subtracts, api answers. catalog says
// which proxies there are to ask and which objects there are to answer for. This package puts them together, serves them over
// TLS, and leaves the questions who asks and whether they may to the cluster's API server.
//
// What the server needs to be allowed, beside the roles below: get, list and watch trafficsplits.split.smi-spec.io,
// deployments.apps, pods and namespaces everywhere, and endpointslices.discovery.k8s.io in the proxies' namespace.
//
//   - ClusterRole system:auth-delegator, to have tokens and permissions reviewed;
//   - Role extension-apiserver-authentication-reader in kube-system, to know whose client certificates to trust.
package metrics
