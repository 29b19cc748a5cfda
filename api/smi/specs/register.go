package specs

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the version in which Serin reads and writes the group.
var GroupVersion = schema.GroupVersion{Group: "specs.smi-spec.io", Version: "v1alpha4"}

var schemeBuilder = runtime.NewSchemeBuilder(register)

// AddToScheme registers the group's kinds.
var AddToScheme = schemeBuilder.AddToScheme

func register(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &HTTPRouteGroup{}, &HTTPRouteGroupList{}, &TCPRoute{}, &TCPRouteList{},
		&UDPRoute{}, &UDPRouteList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
