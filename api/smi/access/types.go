package access

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TrafficTarget allows the sources to send the requests that the rules describe to the destination. Everything that no
// TrafficTarget allows is denied.
//
// +kubebuilder:object:root=true
type TrafficTarget struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec TrafficTargetSpec `json:"spec,omitempty"`
	// Status is what Serin says about the object. Nothing in it grants or denies anything.
	Status Status `json:"status,omitzero"`
}

// TrafficTargetSpec is the hub form of a target's specification.
type TrafficTargetSpec struct {
	// Destination is the identity whose pods receive the requests.
	Destination Subject `json:"destination"`
	// Rules name the routes that are allowed. Published v1alpha1 calls them specs.
	Rules []Rule `json:"rules,omitempty"`
	// Sources are the identities that may call; none means nobody.
	Sources []Subject `json:"sources,omitempty"`
	// Problems say in a sentence each what was not understood in the object that was read. An object that has any must be
	// refused whole; Rules and Sources are empty then, so that it grants nothing even where nobody looks.
	Problems []string `json:"-"`
}

// Subject is an identity: the ServiceAccount of a set of pods, or what an IdentityBinding says.
type Subject struct {
	// Group is access.smi-spec.io when Kind is IdentityBinding. Only v1alpha4 has it.
	Group string `json:"group,omitempty"`
	// Kind is ServiceAccount. Only v1alpha4 has another one, IdentityBinding.
	Kind string `json:"kind"`
	// Name is the ServiceAccount's or the IdentityBinding's name.
	Name string `json:"name"`
	// Namespace is that object's namespace, the TrafficTarget's own when empty.
	Namespace string `json:"namespace,omitempty"`
	// Port limits a destination to one pod port. Only v1alpha1 and v1alpha2 have it; 0 means every port.
	Port int32 `json:"port,omitempty"`
}

// Rule names a route object in the TrafficTarget's namespace.
type Rule struct {
	// Kind is HTTPRouteGroup, TCPRoute or UDPRoute.
	Kind string `json:"kind"`
	// Name is the route object's name.
	Name string `json:"name"`
	// Matches are names of matches of an HTTPRouteGroup; none means all of them.
	Matches []string `json:"matches,omitempty"`
}

// TrafficTargetList is a list of TrafficTargets.
//
// +kubebuilder:object:root=true
type TrafficTargetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []TrafficTarget `json:"items"`
}

// Status is what Serin says about an object.
type Status struct {
	// Conditions has Accepted, which is False while something about the object is wrong.
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
