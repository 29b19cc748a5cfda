// Package metrics is the hub form of the SMI group metrics.smi-spec.io, and the one place that knows its names and units.
//
// In: a TrafficMetrics answer of any server. Out: one shape, and counts and durations in Go's own units. It must not judge
// what it reads, and it must not talk to a cluster.
//
// +kubebuilder:object:generate=true
// +groupName=metrics.smi-spec.io
package metrics
