package split

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TrafficSplit says which share of the requests to an apex Service goes to which backend Service.
//
// +kubebuilder:object:root=true
type TrafficSplit struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec TrafficSplitSpec `json:"spec,omitempty"`
}

// TrafficSplitSpec is the hub form of a split's specification.
type TrafficSplitSpec struct {
	// Service is the apex: the name of the Service that clients call, in the split's own namespace.
	Service string `json:"service"`
	// Backends are the Services that share the apex's requests, in the split's own namespace.
	Backends []Backend `json:"backends"`
	// Matches limit the split to requests that match any route of the named groups; empty means every request.
	Matches []RouteReference `json:"matches,omitempty"`
	// Problems say in a sentence each why the split that was read must not be acted on: what was not understood is left out
	// of the other fields, or what they say contradicts itself.
	Problems []string `json:"-"`
}

// Backend is one Service and its share.
type Backend struct {
	// Service is the backend Service's name.
	Service string `json:"service"`
	// Weight is the backend's share relative to the sum of all weights: a whole number from 0 to 1000000, without a unit.
	Weight int64 `json:"weight"`
}

// RouteReference names an HTTPRouteGroup in the split's namespace.
type RouteReference struct {
	// APIGroup is the referenced object's group, specs.smi-spec.io when empty.
	APIGroup string `json:"apiGroup,omitempty"`
	// Kind is always HTTPRouteGroup.
	Kind string `json:"kind"`
	// Name is the referenced object's name.
	Name string `json:"name"`
}

// TrafficSplitList is a list of TrafficSplits.
//
// +kubebuilder:object:root=true
type TrafficSplitList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []TrafficSplit `json:"items"`
}
