package access

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

// FuzzIdentityBinding checks that no document makes reading panic, that one with problems names nobody, and that every selector
// that is left has labels.
func FuzzIdentityBinding(f *testing.F) {
	for _, document := range fixture.File(f, "testdata/v1alpha4.yaml") {
		f.Add(string(document))
	}
	f.Add(`{"spec":{"schemes":{"podLabelSelectors":[{"matchLabels":{"a":null}},{"matchLabels":[]}],"podLabelSelector":{},"spiffeIdentities":["",1]}}}`)
	f.Fuzz(func(t *testing.T, document string) {
		var read, again IdentityBinding
		if apijson.Unmarshal([]byte(document), &read) != nil {
			return
		}
		if diff := cmp.Diff(IdentitySchemes{}, read.Spec.Schemes); len(read.Spec.Problems) > 0 && diff != "" {
			t.Fatalf("an object that is not understood names somebody: %s", diff)
		}
		for _, selector := range read.Spec.Schemes.PodLabelSelectors {
			if len(selector.MatchLabels) == 0 {
				t.Fatal("a selector means every pod")
			}
		}
		written, err := json.Marshal(&read)
		if err == nil {
			err = apijson.Unmarshal(written, &again)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read.Spec.Schemes, again.Spec.Schemes); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzTrafficTarget checks that no document makes reading panic, that one with problems grants nothing, and that writing and
// reading one without problems changes nothing.
func FuzzTrafficTarget(f *testing.F) {
	for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
		for _, document := range fixture.File(f, "testdata/"+version+".yaml") {
			f.Add(string(document))
		}
	}
	f.Add(`{"spec":{"destination":{"kind":1,"name":[],"port":1e99},"rules":[{}],"sources":"*"},"sources":{}}`)
	f.Fuzz(func(t *testing.T, document string) {
		var target TrafficTarget
		if apijson.Unmarshal([]byte(document), &target) != nil {
			return
		}
		if len(target.Spec.Problems) > 0 {
			if len(target.Spec.Sources) > 0 || len(target.Spec.Rules) > 0 {
				t.Fatalf("an object that is not understood grants something: %+v", target.Spec)
			}
			return
		}
		written, err := json.Marshal(&target)
		if err != nil {
			t.Fatal(err)
		}
		var again TrafficTarget
		if err := apijson.Unmarshal(written, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(target.Spec, again.Spec); diff != "" {
			t.Fatal(diff)
		}
	})
}
