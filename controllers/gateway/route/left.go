package route

import (
	"fmt"

	"github.com/serin-dev/serin/api/smi/split"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// LeftAnnotation marks a route that was made for Gateways and stays when its split goes, because nothing else leads their callers
// to the apex. Its value is the split's name; the next split of that name takes the route on.
const LeftAnnotation = "gateway.serin.dev/left"

// AtGateway says whether callers of a Gateway come by a route.
func AtGateway(route *unstructured.Unstructured) bool {
	refs, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	for _, item := range refs {
		ref, _ := item.(map[string]any)
		if kind, _ := ref["kind"].(string); kind == "" || kind == kindGateway {
			return true
		}
	}
	return false
}

// Left is a route as it stays when its split goes: of nobody, with every rule leading to the apex. It is all that the bridge
// applies, so what the bridge applied before and is not in it goes.
func Left(route *unstructured.Unstructured, s *split.TrafficSplit) (*unstructured.Unstructured, error) {
	spec, found, err := unstructured.NestedMap(route.Object, "spec")
	if err != nil || !found {
		return nil, fmt.Errorf("%s %q has no spec that can be read", route.GetKind(), route.GetName())
	}
	rules, _ := spec["rules"].([]any)
	for _, item := range rules {
		rule, _ := item.(map[string]any)
		for _, ref := range refsIn(rule) {
			if port, ok := portOf(ref); ok {
				rule["backendRefs"] = []any{map[string]any{
					"group": "", "kind": kindService, "name": s.Spec.Service, "port": int64(port), "weight": int64(1),
				}}
				break
			}
		}
	}
	left := &unstructured.Unstructured{Object: map[string]any{"apiVersion": route.GetAPIVersion(), "kind": route.GetKind(), "spec": spec}}
	left.SetNamespace(route.GetNamespace())
	left.SetName(route.GetName())
	left.SetUID(route.GetUID())
	left.SetLabels(map[string]string{LabelManagedBy: ManagedBy})
	left.SetAnnotations(map[string]string{LeftAnnotation: s.Name})
	return left, nil
}
