package access

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

// publishedBinding is an IdentityBinding as it is stored.
type publishedBinding struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec json.RawMessage `json:"spec"`
}

// UnmarshalJSON reads an IdentityBinding with either of the published forms of its pod labels: podLabelSelectors, the list of the
// specification, and podLabelSelector, the one object of its controller SDK. Only metadata that is none is an error; anything else
// that is not understood becomes one of Spec.Problems.
func (b *IdentityBinding) UnmarshalJSON(data []byte) error {
	var object publishedBinding
	if err := apijson.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("reading an IdentityBinding: %w", err)
	}
	var log wire.Log
	spec := IdentityBindingSpec{Schemes: readSchemes(log.Open("spec", object.Spec).Field("schemes"))}
	if !log.Empty() {
		spec = IdentityBindingSpec{Problems: log.Problems()}
	}
	*b = IdentityBinding{TypeMeta: object.TypeMeta, ObjectMeta: object.ObjectMeta, Spec: spec}
	return nil
}

func readSchemes(v wire.Value) IdentitySchemes {
	schemes := IdentitySchemes{
		PodLabelSelectors: wire.Keep(v.Field("podLabelSelectors"), readSelector),
		SPIFFEIdentities:  wire.Keep(v.Field("spiffeIdentities"), wire.Value.RequiredText),
		ServiceAccount:    v.Field("serviceAccount").Text(),
	}
	if one := v.Field("podLabelSelector"); one.Present() {
		schemes.PodLabelSelectors = append(schemes.PodLabelSelectors, readSelector(one))
	}
	return schemes
}

// readSelector reads the labels of pods. Without any it would mean every pod, and what the other way to select says would be lost.
func readSelector(v wire.Value) PodLabelSelector {
	if expressions := v.Field("matchExpressions"); expressions.Present() {
		expressions.Fault("is not part of SMI; only matchLabels select pods")
	}
	selector := PodLabelSelector{Name: v.Field("name").Text()}
	labels := v.Field("matchLabels")
	for _, name := range labels.Keys() {
		label := labels.Field(name)
		if !label.Present() {
			label.Fault("is null")
		}
		if selector.MatchLabels == nil {
			selector.MatchLabels = map[string]string{}
		}
		selector.MatchLabels[name] = label.Text()
	}
	if len(selector.MatchLabels) == 0 {
		labels.Fault("is missing or empty, and would mean every pod")
	}
	return selector
}
