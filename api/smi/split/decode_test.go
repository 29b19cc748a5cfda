package split

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func decode(t *testing.T, document []byte) TrafficSplit {
	t.Helper()
	var split TrafficSplit
	if err := apijson.Unmarshal(document, &split); err != nil {
		t.Fatal(err)
	}
	return split
}

func TestEveryPublishedVersionIsRead(t *testing.T) {
	thirds := []Backend{{Service: "birds-v1", Weight: 1000}, {Service: "birds-v2", Weight: 500}}
	rollout := TrafficSplitSpec{Service: "birds", Backends: thirds}
	abTest := TrafficSplitSpec{
		Service:  "birds",
		Backends: []Backend{{Service: "birds-v1", Weight: 0}, {Service: "birds-v2", Weight: 100}},
		Matches:  []RouteReference{{Kind: "HTTPRouteGroup", Name: "firefox-users"}},
	}
	tests := map[string][]TrafficSplitSpec{
		"v1alpha1": {
			{Service: "birds", Backends: []Backend{{Service: "birds-v1", Weight: 1}, {Service: "birds-v2", Weight: 0}}},
			{Service: "birds", Backends: []Backend{{Service: "birds-v1", Weight: 2}, {Service: "birds-v2", Weight: 1}}},
		},
		"v1alpha2": {rollout},
		"v1alpha3": {rollout, abTest},
		"v1alpha4": {rollout, abTest},
	}
	for version, want := range tests {
		t.Run(version, func(t *testing.T) {
			var got []TrafficSplitSpec
			for _, document := range fixture.File(t, "testdata/"+version+".yaml") {
				got = append(got, decode(t, document).Spec)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// weights builds a split of backends b0, b1, ... with the weights, each a piece of JSON.
func weights(values ...string) string {
	backends := make([]string, len(values))
	for i, value := range values {
		backends[i] = `{"service":"b` + string(rune('0'+i)) + `","weight":` + value + `}`
	}
	return `{"spec":{"service":"apex","backends":[` + strings.Join(backends, ",") + `]}}`
}

func TestWeightsBecomeWholeNumbersInTheSameProportions(t *testing.T) {
	tests := map[string]struct {
		written []string
		want    []int64
	}{
		"integers stay as they are written":                    {written: []string{"90", "10"}, want: []int64{90, 10}},
		"whole numbers in quotes are the numbers":              {written: []string{`"90"`, `"10"`}, want: []int64{90, 10}},
		"the published v1alpha1 example":                       {written: []string{"1", `"0m"`}, want: []int64{1, 0}},
		"one and a half as thousandths":                        {written: []string{`"1"`, `"500m"`}, want: []int64{2, 1}},
		"thousandths that are whole stay whole":                {written: []string{`"2000m"`, "4"}, want: []int64{2, 4}},
		"a decimal fraction counts like its thousandths":       {written: []string{`"0.5"`, `"1.5"`}, want: []int64{1, 3}},
		"a fraction that another vendor's CRD lets in":         {written: []string{"50.5", "49.5"}, want: []int64{101, 99}},
		"a JSON number with an exponent is its value":          {written: []string{"1e2", "50.0"}, want: []int64{100, 50}},
		"a thousand in a suffix is a thousand":                 {written: []string{`"1k"`, "500"}, want: []int64{1000, 500}},
		"nothing of a weight of 0 enters the divisor":          {written: []string{`"0m"`, `"500m"`, `"250m"`}, want: []int64{0, 2, 1}},
		"only thousandths":                                     {written: []string{`"900m"`, `"100m"`}, want: []int64{9, 1}},
		"the largest weight":                                   {written: []string{"1000000", "0"}, want: []int64{1000000, 0}},
		"one thousandth beside a thousand is a million to one": {written: []string{`"1m"`, "1000"}, want: []int64{1, 1000000}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spec := decode(t, []byte(weights(tc.written...))).Spec
			var got []int64
			for _, backend := range spec.Backends {
				got = append(got, backend.Weight)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if len(spec.Problems) > 0 {
				t.Errorf("problems: %q", spec.Problems)
			}
		})
	}
}

func TestWhatIsNotUnderstoodBecomesAProblem(t *testing.T) {
	tests := map[string]struct {
		document     string
		wantProblems []string
	}{
		"no spec": {
			document:     `{}`,
			wantProblems: []string{`spec is missing`},
		},
		"a spec that is not an object": {
			document:     `{"spec":"foobar"}`,
			wantProblems: []string{`spec must be an object with fields, not "foobar"`, `spec.service is missing`, `spec.backends is empty; a split needs a backend`},
		},
		"a negative weight": {
			document:     weights("1", "-5"),
			wantProblems: []string{`spec.backends[1].weight is -5; a weight is a number from 0 to 1000000`},
		},
		"a weight above the largest": {
			document:     weights("1", "1000001"),
			wantProblems: []string{`spec.backends[1].weight is 1000001; a weight is a number from 0 to 1000000`},
		},
		"a weight that is a word": {
			document:     weights("1", `"half"`),
			wantProblems: []string{`spec.backends[1].weight is "half", which is not a number`},
		},
		"a weight whose exponent would take for ever": {
			document:     weights("1", `"0e2000000000"`),
			wantProblems: []string{`spec.backends[1].weight is "0e2000000000", which is not a number`},
		},
		"a weight finer than thousandths": {
			document:     weights("1", `"1500u"`),
			wantProblems: []string{`spec.backends[1].weight is 1500u; a weight counts in thousandths at the finest`},
		},
		"a backend without a weight": {
			document:     `{"spec":{"service":"apex","backends":[{"service":"b0"}]}}`,
			wantProblems: []string{`spec.backends[0].weight is missing`},
		},
		"proportions that do not fit": {
			document:     weights("1000000", `"1m"`),
			wantProblems: []string{`spec.backends needs a weight of 1000000000 to keep its proportions in whole numbers; the largest is 1000000`},
		},
		"only weights of 0": {
			document:     weights("0", `"0m"`),
			wantProblems: []string{`spec.backends has no weight above 0, so no backend would get a request`},
		},
		"the apex as its own backend": {
			document:     `{"spec":{"service":"apex","backends":[{"service":"apex","weight":1}]}}`,
			wantProblems: []string{`spec names "apex" both as the service and as a backend; a split must not lead to itself`},
		},
		"a backend twice": {
			document:     `{"spec":{"service":"apex","backends":[{"service":"b","weight":1},{"service":"b","weight":2}]}}`,
			wantProblems: []string{`spec names the backend "b" more than once`},
		},
		"a backend that is null": {
			document:     `{"spec":{"service":"apex","backends":[null,{"service":"b","weight":2}]}}`,
			wantProblems: []string{`spec.backends[0] is null`},
		},
		"a match of another kind": {
			document:     `{"spec":{"service":"apex","matches":[{"kind":"TCPRoute","name":"a"}],"backends":[{"service":"b","weight":2}]}}`,
			wantProblems: []string{`spec.matches[0].kind is "TCPRoute"; only an HTTPRouteGroup says which requests are split`},
		},
		"a match without a name": {
			document:     `{"spec":{"service":"apex","matches":[{"kind":"HTTPRouteGroup"}],"backends":[{"service":"b","weight":2}]}}`,
			wantProblems: []string{`spec.matches[0].name is missing`},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantProblems, decode(t, []byte(tc.document)).Spec.Problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestManyProblemsAreCounted(t *testing.T) {
	document := `{"spec":{"service":"apex","backends":[` + strings.Repeat(`{"service":"b","weight":-1},`, 99) + `{"service":"b","weight":1}]}}`
	problems := decode(t, []byte(document)).Spec.Problems
	if len(problems) != 9 || problems[8] != "there are 91 more problems like these" {
		t.Errorf("got %q", problems)
	}
}

func TestOneBadSplitDoesNotHideTheOthers(t *testing.T) {
	document := `{"items":[` + weights("1", "1") + `,{"metadata":{"name":"bad"},"spec":{"backends":{"a":1}}},` + weights("2") + `]}`
	var list TrafficSplitList
	if err := apijson.Unmarshal([]byte(document), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 3 || list.Items[1].Name != "bad" || len(list.Items[1].Spec.Problems) == 0 {
		t.Errorf("got %+v", list.Items)
	}
}

func TestMetadataThatIsNoneIsAnError(t *testing.T) {
	var split TrafficSplit
	if err := json.Unmarshal([]byte(`{"metadata":[]}`), &split); err == nil {
		t.Error("want an error")
	}
}

func TestTheHubFormRoundTrips(t *testing.T) {
	for _, version := range []string{"v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"} {
		for _, document := range fixture.File(t, "testdata/"+version+".yaml") {
			want := decode(t, document)
			written, err := json.Marshal(&want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, decode(t, written)); diff != "" {
				t.Errorf("%s: %s", written, diff)
			}
		}
	}
}

func TestUnstructuredObjectsAreReadTheSameWay(t *testing.T) {
	document := fixture.File(t, "testdata/v1alpha1.yaml")[1]
	var fields map[string]any
	if err := apijson.Unmarshal(document, &fields); err != nil {
		t.Fatal(err)
	}
	var got TrafficSplit
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decode(t, document), got); diff != "" {
		t.Error(diff)
	}
}

func TestReadingReplacesWhatWasThere(t *testing.T) {
	split := decode(t, []byte(weights("-1", "2")))
	if err := apijson.Unmarshal([]byte(weights("3")), &split); err != nil {
		t.Fatal(err)
	}
	want := TrafficSplitSpec{Service: "apex", Backends: []Backend{{Service: "b0", Weight: 3}}}
	if diff := cmp.Diff(want, split.Spec); diff != "" {
		t.Error(diff)
	}
}
