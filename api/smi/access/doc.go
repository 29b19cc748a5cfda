// Package access is the hub form of the SMI group access.smi-spec.io.
//
// In: a TrafficTarget of any published version (v1alpha1 to v1alpha4), or an IdentityBinding (v1alpha4), as the API server
// stores it. Out: one TrafficTarget that keeps everything the published form said, the v1alpha1 and v1alpha2 destination port
// included, and one IdentityBinding. It must not decide who may call whom, and it must not talk to a cluster.
//
// +kubebuilder:object:generate=true
// +groupName=access.smi-spec.io
package access
