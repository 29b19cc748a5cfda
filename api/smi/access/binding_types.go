package access

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// IdentityBinding names workloads of its own namespace in other ways than by their ServiceAccount alone, so that TrafficTargets
// can refer to them. Only v1alpha4 has it.
//
// +kubebuilder:object:root=true
type IdentityBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec IdentityBindingSpec `json:"spec,omitempty"`
}

// IdentityBindingSpec is the hub form of a binding's specification.
type IdentityBindingSpec struct {
	// Schemes are the ways to tell that a workload is meant; one that fits is enough.
	Schemes IdentitySchemes `json:"schemes"`
	// Problems say in a sentence each what was not understood in the object that was read. An object that has any must be
	// refused whole; Schemes is empty then, so that it names nobody even where nobody looks.
	Problems []string `json:"-"`
}

// IdentitySchemes are the ways to tell that a workload is meant. SMI has pod labels and a ServiceAccount exclude each other.
type IdentitySchemes struct {
	// PodLabelSelectors mean the pods that have all labels of one of them.
	PodLabelSelectors []PodLabelSelector `json:"podLabelSelectors,omitempty"`
	// SPIFFEIdentities are SPIFFE ids, with or without spiffe:// before them.
	SPIFFEIdentities []string `json:"spiffeIdentities,omitempty"`
	// ServiceAccount is the name of a ServiceAccount in the binding's namespace.
	ServiceAccount string `json:"serviceAccount,omitempty"`
}

// PodLabelSelector means the pods that have all of its labels.
type PodLabelSelector struct {
	// Name is for people.
	Name string `json:"name,omitempty"`
	// MatchLabels are the labels, with their values.
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// IdentityBindingList is a list of IdentityBindings.
//
// +kubebuilder:object:root=true
type IdentityBindingList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []IdentityBinding `json:"items"`
}
