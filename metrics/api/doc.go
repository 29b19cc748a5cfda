// Package api answers requests for metrics.smi-spec.io/v1alpha1.
//
// In: a window and the objects that exist. Out: TrafficMetrics, or a metav1.Status that says in a sentence why not. It
// converts and sums, and keeps nothing. It must not scrape, watch, or estimate: no requests is a count of zero, no data is
// 503, no object is 404, and these are never exchanged.
//
// What the specification leaves open is answered so:
//
//   - GET of one trafficsplit is a TrafficMetricsList with an item per backend of the split's spec, idle ones included.
//   - ?window= is the length of the window, 10s by default. Timestamp is the end of the window; windows of one length never
//     overlap, so the timestamp identifies one.
//   - Latencies are in ms, and left out when there were no requests. response_latency_le_<bound> entries are cumulative
//     counts of the same window.
//   - A backend's weight is what every ready proxy says it applies now, which is newer than the window; absent if they
//     disagree or one has not said.
//   - Counts of deployments, pods and namespaces are those of the requests they served: edge from, side server.
//   - Edges are between resources of one kind. A caller that is no Deployment is no edge of a Deployment.
//
// The path of a namespace's edges, /namespaces/NAME/edges, reads to every Kubernetes API server as a list of a resource
// called edges in the namespace: that is what roles must allow (resources: [edges], verbs: [list]).
package api
