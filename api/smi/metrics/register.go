package metrics

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the version that is published and served.
var GroupVersion = schema.GroupVersion{Group: "metrics.smi-spec.io", Version: "v1alpha1"}

var schemeBuilder = runtime.NewSchemeBuilder(register)

// AddToScheme registers the group's kinds.
var AddToScheme = schemeBuilder.AddToScheme

func register(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &TrafficMetrics{}, &TrafficMetricsList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
