// Package catalog knows which objects exist, so that the API can tell "no traffic" from "no such object" and select by label.
//
// In: watches on TrafficSplits, on the metadata of Deployments, Pods and Namespaces, and on the EndpointSlices of the
// proxies' Service. Out: objects by name and by label. Only what is asked for is kept of each object. It must not write, and
// it must not look at what a workload is made of.
package catalog
