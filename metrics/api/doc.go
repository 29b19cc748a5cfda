// Package api answers requests for metrics.smi-spec.io/v1alpha1.
//
// In: readings of a source, and the objects that exist. Out: TrafficMetrics, or a metav1.Status that says in a sentence why
// not. It converts, and keeps nothing. It must not scrape, watch, or estimate: no requests is a count of zero, no data is 503,
// no object is 404, and these are never exchanged.
//
// What the specification leaves open is answered so (docs/trafficmetrics.md is the same for users):
//
//   - GET of one trafficsplit is a TrafficMetricsList with an item per backend of the split's spec, idle ones included.
//   - ?window= is the length of the window, 10s by default. Timestamp is the end of the window; windows of one length never
//     overlap, so the timestamp identifies one.
//   - ?since= is where the window begins; it ends as late as can be answered, and ?window= is then not used. Whoever asks
//     since the timestamp of the last answer sees every request once.
//   - Latencies are in ms, and left out when there were no requests. response_latency_le_<bound> entries are cumulative
//     counts of the same window.
//   - A failure is a 5xx, a request without an answer, or a gRPC status that blames the server. 4xx is a success.
//   - A backend's weight is what every ready proxy says it applies now, which is newer than the window; absent if they
//     disagree or one has not said, and where numbers come from a Prometheus.
//   - Counts of an object are those of the requests that it served: edge from. The side says who counted.
//   - Edges are between resources of one kind. A caller that is no Deployment is no edge of a Deployment. TrafficSplits have
//     none.
//   - What the source never knows is 503 with a sentence, a window that cannot be asked for 400, a window that is forgotten 410.
//
// The path of a namespace's edges, /namespaces/NAME/edges, reads to every Kubernetes API server as a list of a resource
// called edges in the namespace: that is what roles must allow (resources: [edges], verbs: [list]).
package api
