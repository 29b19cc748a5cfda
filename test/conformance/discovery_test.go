package conformance

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kinds are those of the specification, and whether their objects lie in a namespace.
var kinds = map[string]bool{
	"namespaces": false, "nodes": false, "pods": true, "replicationcontrollers": true, "services": true, "daemonsets": true,
	"deployments": true, "replicasets": true, "statefulsets": true, "jobs": true, "trafficsplits": true,
}

// discovery is TM-01.
func discovery(t *testing.T, s *stage) {
	must(t, s.cluster.available(t.Context()))
	code, body, err := s.cluster.ask(t.Context(), group)
	must(t, err)
	var list metav1.APIResourceList
	must(t, json.Unmarshal(body, &list))
	if code != http.StatusOK || list.Kind != "APIResourceList" || list.GroupVersion != "metrics.smi-spec.io/v1alpha1" {
		t.Fatalf("%d %s", code, body)
	}
	type resource struct {
		Namespaced bool
		Kind       string
		Verbs      []string
	}
	want, got := map[string]resource{}, map[string]resource{}
	for kind, namespaced := range kinds {
		want[kind] = resource{namespaced, "TrafficMetrics", []string{"get", "list"}}
		if kind != "trafficsplits" {
			want[kind+"/edges"] = resource{namespaced, "TrafficMetricsList", []string{"get"}}
		}
	}
	for _, found := range list.APIResources {
		got[found.Name] = resource{found.Namespaced, found.Kind, found.Verbs}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	code, body, err = s.cluster.ask(t.Context(), "/apis/metrics.smi-spec.io")
	must(t, err)
	var found metav1.APIGroup
	must(t, json.Unmarshal(body, &found))
	if code != http.StatusOK || found.PreferredVersion.Version != "v1alpha1" || len(found.Versions) != 1 {
		t.Errorf("%d %s", code, body)
	}
}
