package metrics

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

func decode(t *testing.T, document []byte) TrafficMetrics {
	t.Helper()
	var read TrafficMetrics
	if err := apijson.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

func TestThePublishedExampleIsRead(t *testing.T) {
	read := decode(t, fixture.File(t, "testdata/published.yaml")[0])
	if diff := cmp.Diff([]string(nil), read.Problems); diff != "" {
		t.Error(diff)
	}
	if want := time.Date(2019, 4, 8, 22, 25, 55, 0, time.UTC); !read.Timestamp.Time.Equal(want) {
		t.Errorf("timestamp %s, want %s", read.Timestamp, want)
	}
	if read.Window.Duration != 30*time.Second {
		t.Errorf("window %s, want 30s", read.Window.Duration)
	}
	if want := (ObjectReference{Kind: "Pod", Namespace: "shop", Name: "nest-577db7d977-lsk2q"}); read.Edge.Resource != want {
		t.Errorf("edge to %+v, want %+v", read.Edge.Resource, want)
	}
	if p99, found := read.Latency(LatencyP99); !found || p99 != 10*time.Millisecond {
		t.Errorf("p99 %s %t, want 10ms", p99, found)
	}
	if count, found := read.Count(SuccessCount); !found || count != 100 {
		t.Errorf("successes %v %t, want 100", count, found)
	}
}

func TestTheAnswerForASplitIsReadAndWrittenAsItIs(t *testing.T) {
	document, err := os.ReadFile("testdata/split.json")
	if err != nil {
		t.Fatal(err)
	}
	var list TrafficMetricsList
	if err := apijson.Unmarshal(document, &list); err != nil {
		t.Fatal(err)
	}
	item := list.Items[0]
	if diff := cmp.Diff([]string(nil), item.Problems); diff != "" {
		t.Error(diff)
	}
	if item.Backend == nil || item.Backend.Weight == nil || *item.Backend.Weight != 10 {
		t.Errorf("backend %+v, want weight 10", item.Backend)
	}
	wantBuckets := []Bucket{{UpperBound: 2500 * time.Microsecond, Count: 7}, {UpperBound: time.Second, Count: 119.5}}
	if diff := cmp.Diff(wantBuckets, item.LatencyBuckets()); diff != "" {
		t.Error(diff)
	}
	written, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if err := json.Unmarshal(document, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// answer is an item of a list, with the metrics given.
func answer(metrics string) string {
	return `{"timestamp":"2026-08-22T10:00:00Z","window":"30s","metrics":` + metrics + `}`
}

func TestWhatIsNotUnderstoodBecomesAProblemAndNoNumber(t *testing.T) {
	tests := map[string]struct {
		document     string
		wantProblems []string
	}{
		"a count that is not a number": {
			document:     answer(`[{"name":"success_count","value":"NaN"}]`),
			wantProblems: []string{`metrics[0].value is "NaN", which is not a number`},
		},
		"a negative count": {
			document:     answer(`[{"name":"success_count","value":-3}]`),
			wantProblems: []string{`metrics[0].value is -3 "", which is not a number of at least 0 without a unit`},
		},
		"the latency that a published server answers when it saw nothing": {
			document:     answer(`[{"name":"p99_response_latency","unit":"ms","value":"-9223372036854775808m"}]`),
			wantProblems: []string{`metrics[0].value is -9223372036854775808m "ms", which is not a latency in s, ms or us`},
		},
		"a unit nobody knows": {
			document:     answer(`[{"name":"p99_response_latency","unit":"jiffies","value":"4"}]`),
			wantProblems: []string{`metrics[0].value is 4 "jiffies", which is not a latency in s, ms or us`},
		},
		"a count with a unit": {
			document:     answer(`[{"name":"success_count","unit":"ms","value":"4"}]`),
			wantProblems: []string{`metrics[0].value is 4 "ms", which is not a number of at least 0 without a unit`},
		},
		"a value that is missing": {
			document:     answer(`[{"name":"success_count"}]`),
			wantProblems: []string{`metrics[0].value is missing`},
		},
		"a count twice": {
			document:     answer(`[{"name":"success_count","value":1},{"name":"success_count","value":2}]`),
			wantProblems: []string{`metrics has "success_count" more than once`},
		},
		"a histogram bound that is none": {
			document:     answer(`[{"name":"response_latency_le_soon","value":1}]`),
			wantProblems: []string{`metrics has "response_latency_le_soon", whose bound is not a number of milliseconds such as 250ms`},
		},
		"a timestamp and a window that are none": {
			document: `{"timestamp":"yesterday","window":"-1m"}`,
			wantProblems: []string{
				`timestamp is "yesterday", which is not a time such as 2019-04-08T22:25:55Z`,
				`window is "-1m", which is not a length of time such as 30s`,
			},
		},
		"no timestamp and no window": {
			document:     `{}`,
			wantProblems: []string{`timestamp is missing`, `window is missing`},
		},
		"a weight that is a share": {
			document: `{"backend":{"apex":"a","name":"b","weight":"500m"},"timestamp":"2026-08-22T10:00:00Z","window":"1s"}`,
			wantProblems: []string{
				`backend.weight is 500m, which is not a whole number of at least 0`,
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			read := decode(t, []byte(tc.document))
			if diff := cmp.Diff(tc.wantProblems, read.Problems); diff != "" {
				t.Error(diff)
			}
			if count, found := read.Count(SuccessCount); found {
				t.Errorf("successes are %v, want none", count)
			}
			if latency, found := read.Latency(LatencyP99); found {
				t.Errorf("p99 is %s, want none", latency)
			}
			if read.Backend != nil && read.Backend.Weight != nil {
				t.Errorf("weight is %d, want none", *read.Backend.Weight)
			}
		})
	}
}

func TestAnEdgeWithoutAResourceIsEveryone(t *testing.T) {
	read := decode(t, []byte(`{"edge":{"direction":"from","side":"server","resource":null},"timestamp":"2026-08-22T10:00:00Z","window":"1s"}`))
	if diff := cmp.Diff(Edge{Direction: "from", Side: "server"}, read.Edge); diff != "" {
		t.Error(diff)
	}
	if len(read.Problems) > 0 {
		t.Errorf("problems: %q", read.Problems)
	}
}

func TestMetricsOfAnotherServersOwnAreKept(t *testing.T) {
	read := decode(t, []byte(answer(`[{"name":"success_rate","unit":"percent","value":"99"},{"name":"drift","value":"-1"}]`)))
	if len(read.Metrics) != 2 || len(read.Problems) > 0 {
		t.Errorf("got %v with problems %q", read.Metrics, read.Problems)
	}
}
