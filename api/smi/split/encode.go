package split

import (
	"encoding/json"
	"fmt"
	"slices"
)

// preferred are the published versions, the one that Serin would rather write first.
var preferred = []string{"v1alpha4", "v1alpha3", "v1alpha2", "v1alpha1"}

// Versions are the published versions, newest first. One TrafficSplit is read from each of them.
func Versions() []string { return slices.Clone(preferred) }

// Preferred is the version to write of those that are served, empty if Serin can write none of them.
func Preferred(served []string) string {
	for _, version := range preferred {
		if slices.Contains(served, version) {
			return version
		}
	}
	return ""
}

// Published is a TrafficSplit as it is written in a version. A whole number is a weight in every one of them; v1alpha1 and
// v1alpha2 cannot limit a split to requests that match, so one that is limited is refused rather than widened.
func (s *TrafficSplit) Published(version string) (map[string]any, error) {
	if !slices.Contains(preferred, version) {
		return nil, fmt.Errorf("version %s of TrafficSplit is unknown", version)
	}
	if (version == "v1alpha1" || version == "v1alpha2") && len(s.Spec.Matches) > 0 {
		return nil, fmt.Errorf("TrafficSplit %s is limited to requests that match, which version %s cannot say", s.Name, version)
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	object := map[string]any{}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	spec, _ := object["spec"].(map[string]any)
	backends := make([]any, 0, len(s.Spec.Backends))
	for _, b := range s.Spec.Backends {
		backends = append(backends, map[string]any{"service": b.Service, "weight": b.Weight})
	}
	spec["backends"] = backends
	object["apiVersion"], object["kind"] = GroupVersion.Group+"/"+version, "TrafficSplit"
	return object, nil
}
