package split

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

// FuzzTrafficSplit checks that whatever an API server can hold is read without an error, that what has no problems keeps the
// bounds, and that writing and reading it again changes nothing.
func FuzzTrafficSplit(f *testing.F) {
	for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
		for _, document := range fixture.File(f, "testdata/"+version+".yaml") {
			f.Add(string(document))
		}
	}
	f.Add(weights("1e300", `"-0"`, `"1E"`, "50.5"))
	f.Add(`{"spec":{"service":1,"backends":[[],null,{}],"matches":"x"}}`)
	f.Fuzz(func(t *testing.T, document string) {
		_ = new(TrafficSplit).UnmarshalJSON([]byte(document))
		var fields struct {
			Spec any `json:"spec"`
		}
		if apijson.Unmarshal([]byte(document), &fields) != nil {
			return
		}
		var split TrafficSplit
		err := apijson.Unmarshal([]byte(`{"spec":`+mustMarshal(t, fields.Spec)+`}`), &split)
		if err != nil {
			t.Fatalf("a spec that an API server can hold is an error: %v", err)
		}
		if len(split.Spec.Problems) > 0 {
			return
		}
		var sum int64
		for _, backend := range split.Spec.Backends {
			if backend.Weight < 0 || backend.Weight > maxWeight {
				t.Fatalf("weight %d", backend.Weight)
			}
			sum += backend.Weight
		}
		if sum == 0 {
			t.Fatal("no weight at all")
		}
		var again TrafficSplit
		if err := apijson.Unmarshal([]byte(mustMarshal(t, split)), &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(split, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func mustMarshal(t *testing.T, value any) string {
	t.Helper()
	written, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(written)
}
