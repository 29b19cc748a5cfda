package metrics

import (
	"math"
	"os"
	"testing"
	"time"

	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/fixture"
)

// FuzzTrafficMetrics checks that no answer makes reading panic, and that every number that is read is finite and not negative.
func FuzzTrafficMetrics(f *testing.F) {
	f.Add(string(fixture.File(f, "testdata/published.yaml")[0]))
	document, err := os.ReadFile("testdata/split.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(document))
	f.Add(answer(`[{"name":"p99_response_latency","unit":"s","value":1e99},{"name":"success_count","value":"0e2000000000"}]`))
	f.Fuzz(func(t *testing.T, document string) {
		var list TrafficMetricsList
		_ = apijson.Unmarshal([]byte(document), &list)
		var one TrafficMetrics
		_ = apijson.Unmarshal([]byte(document), &one)
		for _, item := range append(list.Items, one) {
			checkNumbers(t, item)
		}
	})
}

func checkNumbers(t *testing.T, item TrafficMetrics) {
	t.Helper()
	for _, metric := range item.Metrics {
		if count, found := item.Count(metric.Name); found && (math.IsNaN(count) || math.IsInf(count, 0) || count < 0) {
			t.Fatalf("%s is %v", metric.Name, count)
		}
		if latency, found := item.Latency(metric.Name); found && latency < 0 {
			t.Fatalf("%s is %s", metric.Name, latency)
		}
	}
	last := time.Duration(-1)
	for _, bucket := range item.LatencyBuckets() {
		if bucket.UpperBound <= last {
			t.Fatalf("bucket %s after %s", bucket.UpperBound, last)
		}
		last = bucket.UpperBound
	}
}

// FuzzLatencyLEName checks that names and bounds are the same thing.
func FuzzLatencyLEName(f *testing.F) {
	f.Add("response_latency_le_250ms", int64(2500000))
	f.Add("response_latency_le_0.000001ms", int64(math.MaxInt64))
	f.Add("response_latency_le_.5ms", int64(0))
	f.Fuzz(func(t *testing.T, name string, nanoseconds int64) {
		if bound, understood := ParseLatencyLE(name); understood && LatencyLEName(bound) != name {
			t.Fatalf("%q is read as %s, whose name is %q", name, bound, LatencyLEName(bound))
		}
		bound := time.Duration(nanoseconds & math.MaxInt64)
		if got, understood := ParseLatencyLE(LatencyLEName(bound)); !understood || got != bound {
			t.Fatalf("%d ns is written as %q and read as %s", bound, LatencyLEName(bound), got)
		}
	})
}
