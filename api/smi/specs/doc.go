// Package specs is the hub form of the SMI group specs.smi-spec.io.
//
// In: an HTTPRouteGroup or TCPRoute of any published version (v1alpha1 to v1alpha4), as the API server stores it, with
// headers in either wire form (a map, or a list of one-key maps). Out: one shape per kind. It must not match requests, and
// it must not talk to a cluster.
//
// +kubebuilder:object:generate=true
// +groupName=specs.smi-spec.io
package specs
