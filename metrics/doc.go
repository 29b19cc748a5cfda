// Package metrics is the TrafficMetrics server.
//
// In: the counters of the bundled proxies, scraped; or what a mesh, a gateway or an application told a Prometheus. Out:
// metrics.smi-spec.io/v1alpha1, served as an aggregated API: exact counts over windows that never overlap. It must not judge
// a version, read a Canary, or write an object other than its own certificate.
//
// Data goes one way. Either scrape asks every proxy at every tick, window keeps the rounds and subtracts, and proxies is the
// source of that; or prometheus is the source, which asks when it is asked. Package source says what a source is, api answers
// from one. catalog says which proxies there are to ask, which objects there are to answer for, and what pods belong to. This
// package puts them together, serves them over TLS, and leaves the questions who asks and whether they may to the cluster's API
// server.
//
// Replicas agree: a proxy gives all of them the same snapshot of a tick, and a Prometheus the same series. A server counts as
// ready once it has a first window, so that one that was just started is not asked for windows that others have.
//
// The serving certificate comes in one of three ways. With CertSecret the servers make and rotate it themselves, share it in a
// Secret, and write the APIService's caBundle (package certificate): so it is where config/default or the chart installs them.
// With CertDir it is somebody else's, such as cert-manager's, in files that are followed. With neither each server makes one in
// memory, which the API server has no means to verify: that is for trying the server out.
//
// While no server answers, no namespace of the cluster can be deleted: docs/trafficmetrics-operations.md.
//
// What the server needs to be allowed, beside the roles below: get, list and watch trafficsplits.split.smi-spec.io, the
// workloads of apps and batch, pods, replicationcontrollers, services, nodes and namespaces everywhere;
// endpointslices.discovery.k8s.io in the proxies' namespace, and the ConfigMap with profiles.
//
//   - ClusterRole system:auth-delegator, to have tokens and permissions reviewed;
//   - Role extension-apiserver-authentication-reader in kube-system, to know whose client certificates to trust;
//   - with CertSecret, get, list, watch and update that Secret and the APIService v1alpha1.metrics.smi-spec.io, each by name.
package metrics
