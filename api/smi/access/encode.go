package access

import (
	"encoding/json"
	"maps"
)

// Published is a TrafficTarget as it is written in a version: v1alpha1 has its fields at the top level, every later version in
// spec. The status is not part of it.
func (t *TrafficTarget) Published(version string) (map[string]any, error) {
	bare := *t
	bare.Status = Status{}
	text, err := json.Marshal(bare)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, err
	}
	object["apiVersion"], object["kind"] = GroupVersion.Group+"/"+version, "TrafficTarget"
	spec, _ := object["spec"].(map[string]any)
	if version != "v1alpha1" {
		return object, nil
	}
	delete(object, "spec")
	if rules, ok := spec["rules"]; ok {
		spec["specs"] = rules
		delete(spec, "rules")
	}
	maps.Copy(object, spec)
	return object, nil
}
