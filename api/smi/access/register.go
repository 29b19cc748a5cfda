package access

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the version in which Serin reads and writes TrafficTargets.
var GroupVersion = schema.GroupVersion{Group: "access.smi-spec.io", Version: "v1alpha3"}

// BindingGroupVersion is the version in which Serin reads IdentityBindings, the only one that has them.
var BindingGroupVersion = schema.GroupVersion{Group: GroupVersion.Group, Version: "v1alpha4"}

var schemeBuilder = runtime.NewSchemeBuilder(register)

// AddToScheme registers the group's kinds.
var AddToScheme = schemeBuilder.AddToScheme

func register(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &TrafficTarget{}, &TrafficTargetList{})
	s.AddKnownTypes(BindingGroupVersion, &IdentityBinding{}, &IdentityBindingList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	metav1.AddToGroupVersion(s, BindingGroupVersion)
	return nil
}
