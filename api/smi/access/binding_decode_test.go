package access

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func TestBothPublishedFormsOfIdentityBindingAreRead(t *testing.T) {
	want := []IdentityBindingSpec{
		{Schemes: IdentitySchemes{
			PodLabelSelectors: []PodLabelSelector{{Name: "nests", MatchLabels: map[string]string{"app": "birds", "tier": "nest"}}},
			SPIFFEIdentities:  []string{"cluster.local/ns/default/sa/birds", "spiffe://federated.example/birds"},
		}},
		{Schemes: IdentitySchemes{PodLabelSelectors: []PodLabelSelector{{MatchLabels: map[string]string{"app": "watcher"}}}}},
	}
	var got []IdentityBindingSpec
	for _, document := range fixture.File(t, "testdata/v1alpha4.yaml")[1:] {
		got = append(got, binding(t, document).Spec)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestIdentityBindingsThatAreNotUnderstoodNameNobody(t *testing.T) {
	tests := map[string]struct {
		schemes      string
		wantProblems []string
	}{
		"labels that are missing would otherwise mean every pod": {
			schemes:      `{"podLabelSelector":{},"serviceAccount":"a"}`,
			wantProblems: []string{`spec.schemes.podLabelSelector.matchLabels is missing or empty, and would mean every pod`},
		},
		"labels that are no map": {
			schemes: `{"podLabelSelectors":[{"matchLabels":["a"]}]}`,
			wantProblems: []string{
				`spec.schemes.podLabelSelectors[0].matchLabels must be an object with fields, not a list`,
				`spec.schemes.podLabelSelectors[0].matchLabels is missing or empty, and would mean every pod`,
			},
		},
		"a label that is null would otherwise be an empty one": {
			schemes:      `{"podLabelSelectors":[{"matchLabels":{"a":null}}]}`,
			wantProblems: []string{`spec.schemes.podLabelSelectors[0].matchLabels.a is null`},
		},
		"a label that YAML made a truth value of": {
			schemes:      `{"podLabelSelectors":[{"matchLabels":{"a":true}}]}`,
			wantProblems: []string{`spec.schemes.podLabelSelectors[0].matchLabels.a is true, not text; write it in quotes`},
		},
		"expressions would otherwise be dropped with what they exclude": {
			schemes: `{"podLabelSelectors":[{"matchLabels":{"a":"b"},"matchExpressions":[{"key":"c","operator":"Exists"}]}]}`,
			wantProblems: []string{
				`spec.schemes.podLabelSelectors[0].matchExpressions is not part of SMI; only matchLabels select pods`,
			},
		},
		"ids that are not a list": {
			schemes:      `{"spiffeIdentities":"td/a"}`,
			wantProblems: []string{`spec.schemes.spiffeIdentities must be a list, not "td/a"`},
		},
		"an empty id": {
			schemes:      `{"spiffeIdentities":[""],"serviceAccount":"a"}`,
			wantProblems: []string{`spec.schemes.spiffeIdentities[0] is missing`},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := binding(t, []byte(`{"spec":{"schemes":`+tc.schemes+`}}`)).Spec
			if diff := cmp.Diff(IdentityBindingSpec{Problems: tc.wantProblems}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func binding(t *testing.T, document []byte) IdentityBinding {
	t.Helper()
	var read IdentityBinding
	if err := apijson.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read
}
