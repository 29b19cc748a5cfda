// Package catalog knows which objects exist, so that the API can tell "no traffic" from "no such object" and select by label,
// and what pods belong to, so that what pods served can be counted for it.
//
// In: watches on TrafficSplits, on the metadata of workloads and Namespaces, on Pods and Services, and on the EndpointSlices of
// the proxies' Service. Out: objects by name and by label, and the objects that a pod belongs to, also of pods that were there
// a moment ago. Only what is asked for is kept of each object, and what few ask for is watched from the first question on.
// It must not write, and it must not look at what a workload is made of.
package catalog
