package split

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupPath is where an API server says which versions it serves.
const GroupPath = "/apis/split.smi-spec.io"

// Discovered is the version to use of those that the answer at GroupPath names, which is a metav1.APIGroup as JSON. An answer that
// cannot be read, or names no published version, is an error.
func Discovered(answer []byte) (string, error) {
	group := metav1.APIGroup{}
	if err := json.Unmarshal(answer, &group); err != nil {
		return "", fmt.Errorf("reading which versions of %s are served: %w", GroupVersion.Group, err)
	}
	var served []string
	for _, version := range group.Versions {
		served = append(served, version.Version)
	}
	version := Preferred(served)
	if version == "" {
		return "", fmt.Errorf("the cluster serves TrafficSplits in %q, and none of these can be read", served)
	}
	return version, nil
}

// AddVersionToScheme registers the group's kinds in one of the Versions, as what they are read from in it.
func AddVersionToScheme(s *runtime.Scheme, version string) schema.GroupVersion {
	served := schema.GroupVersion{Group: GroupVersion.Group, Version: version}
	s.AddKnownTypes(served, &TrafficSplit{}, &TrafficSplitList{})
	metav1.AddToGroupVersion(s, served)
	return served
}
