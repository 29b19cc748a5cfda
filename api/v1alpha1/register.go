package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of Serin's own kinds.
var GroupVersion = schema.GroupVersion{Group: "serin.dev", Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(register)

// AddToScheme registers Serin's own kinds.
var AddToScheme = schemeBuilder.AddToScheme

func register(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&Canary{}, &CanaryList{},
		&RolloutPolicy{}, &RolloutPolicyList{},
		&ClusterRolloutPolicy{}, &ClusterRolloutPolicyList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
