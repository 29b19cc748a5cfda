package access

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestPublished(t *testing.T) {
	target := TrafficTarget{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Labels: map[string]string{"a": "b"}},
		Spec: TrafficTargetSpec{
			Destination: Subject{Kind: "ServiceAccount", Name: "birds", Port: 8080},
			Rules:       []Rule{{Kind: "HTTPRouteGroup", Name: "api", Matches: []string{"read"}}},
			Sources:     []Subject{{Kind: "ServiceAccount", Name: "web"}},
		},
		Status: Status{Conditions: []metav1.Condition{{Type: "Accepted"}}},
	}
	for version, fields := range map[string][]string{
		"v1alpha1": {"destination", "sources", "specs"}, "v1alpha2": {"spec"}, "v1alpha3": {"spec"}, "v1alpha4": {"spec"},
	} {
		t.Run(version, func(t *testing.T) {
			object, err := target.Published(version)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for name := range object {
				if !slices.Contains([]string{"apiVersion", "kind", "metadata"}, name) {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			if diff := cmp.Diff(fields, names); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			read := decode(t, text)
			if diff := cmp.Diff(target.Spec, read.Spec); diff != "" {
				t.Errorf("reading it again (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(target.ObjectMeta, read.ObjectMeta); diff != "" || read.APIVersion != "access.smi-spec.io/"+version {
				t.Errorf("%s (-want +got):\n%s", read.APIVersion, diff)
			}
		})
	}
}
