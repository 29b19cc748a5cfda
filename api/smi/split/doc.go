// Package split is the hub form of the SMI group split.smi-spec.io.
//
// In: a TrafficSplit of any published version (v1alpha1 to v1alpha4), as the API server stores it. Out: one TrafficSplit
// whose weights are whole numbers that keep the published proportions. It must not decide where traffic goes, and it must
// not talk to a cluster.
//
// +kubebuilder:object:generate=true
// +groupName=split.smi-spec.io
package split
