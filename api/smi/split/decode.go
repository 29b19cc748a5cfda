package split

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

// UnmarshalJSON reads a TrafficSplit of any published version, whatever apiVersion the API server put on it. Only metadata
// that is none is an error; anything else that is not understood becomes one of Spec.Problems.
func (s *TrafficSplit) UnmarshalJSON(data []byte) error {
	var published struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`

		Spec json.RawMessage `json:"spec"`
	}
	if err := apijson.Unmarshal(data, &published); err != nil {
		return fmt.Errorf("reading a TrafficSplit: %w", err)
	}
	var log wire.Log
	spec := readSpec(log.Open("spec", published.Spec))
	spec.Problems = log.Problems()
	*s = TrafficSplit{TypeMeta: published.TypeMeta, ObjectMeta: published.ObjectMeta, Spec: spec}
	return nil
}

func readSpec(v wire.Value) TrafficSplitSpec {
	if !v.Present() {
		v.Fault("is missing")
		return TrafficSplitSpec{}
	}
	spec := TrafficSplitSpec{
		Service:  v.Field("service").RequiredText(),
		Backends: weigh(v.Field("backends")),
		Matches:  wire.Keep(v.Field("matches"), readReference),
	}
	judgeNames(v, spec)
	return spec
}

// judgeNames refuses what the names of a split must not be, in every published version.
func judgeNames(v wire.Value, spec TrafficSplitSpec) {
	seen := map[string]bool{}
	for _, backend := range spec.Backends {
		if backend.Service == spec.Service {
			v.Fault("names %q both as the service and as a backend; a split must not lead to itself", spec.Service)
		}
		if seen[backend.Service] {
			v.Fault("names the backend %q more than once", backend.Service)
		}
		seen[backend.Service] = true
	}
}

func readReference(v wire.Value) RouteReference {
	if kind := v.Field("kind").Text(); kind != "" && kind != "HTTPRouteGroup" {
		v.Field("kind").Fault("is %.40q; only an HTTPRouteGroup says which requests are split", kind)
	}
	return RouteReference{
		APIGroup: v.Field("apiGroup").Text(),
		Kind:     v.Field("kind").RequiredText(),
		Name:     v.Field("name").RequiredText(),
	}
}
