package conformance

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	"github.com/google/go-cmp/cmp"
)

// requests is TM-02.
func requests(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	since := s.begin(t, path, time.Time{})
	windows := s.question(path).chain(since)
	for range 2 {
		windows.send(t, s, call{caller: "a", apex: "all-b", count: 100}, map[string]string{"b": "b from server"})
		windows.send(t, s, call{caller: "a", apex: "all-b", count: 25, status: http.StatusInternalServerError}, map[string]string{"b": "b from server"})
		windows.next(t)
	}
	windows.finish(t)
	n := windows.all["b from server"]
	if n != (counts{success: 200, failure: 50, timed: 250}) {
		t.Errorf("all windows have %v", n)
	}
	for _, a := range windows.answers {
		describes(t, s, a)
	}
	// One window over all of them has the same numbers, and so have the list and the edges.
	describes(t, s, s.question(path).whole(t, since, sums{"b from server": n}))
	s.question(s.path("/deployments")).whole(t, since, sums{"b from server": n})
	s.question(path+"/edges").whole(t, since, sums{"b from " + s.callers + " " + s.namespace + "/a": n})
}

// describes checks all of an answer but its numbers, as it is on the wire.
func describes(t *testing.T, s *stage, a answer) {
	t.Helper()
	var got struct {
		Kind, APIVersion string
		Metadata         map[string]string
		Resource         map[string]string
		Edge             json.RawMessage
		Backend          json.RawMessage
		Timestamp        time.Time
		Metrics          []smi.Metric
	}
	must(t, json.Unmarshal(a.body, &got))
	resource := map[string]string{"kind": "Deployment", "namespace": s.namespace, "name": "b"}
	metadata := map[string]string{"name": "b", "namespace": s.namespace, "creationTimestamp": stamp(a.end)}
	for _, diff := range []string{
		cmp.Diff("TrafficMetrics metrics.smi-spec.io/v1alpha1", got.Kind+" "+got.APIVersion),
		cmp.Diff(resource, got.Resource), cmp.Diff(metadata, got.Metadata),
		cmp.Diff(`{"direction":"from","side":"server","resource":{}}`, string(got.Edge)),
		cmp.Diff("", string(got.Backend)),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
	names, units := []string{}, map[string]string{}
	for _, m := range got.Metrics {
		units[m.Name] = m.Unit
		if !strings.HasPrefix(m.Name, smi.LatencyLEPrefix) {
			names = append(names, m.Name)
		}
	}
	want := []string{"p99_response_latency", "p90_response_latency", "p50_response_latency", "success_count", "failure_count"}
	if countsOf(a.items[0]) == (counts{}) {
		want = want[3:] // of no requests there is no latency
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	for name, unit := range units {
		if latency := strings.HasSuffix(name, "_response_latency"); latency != (unit == "ms") || !latency && unit != "" {
			t.Errorf("the unit of %s is %q", name, unit)
		}
	}
}

// latencies is TM-03.
func latencies(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	since := s.begin(t, path, time.Time{})
	sent := s.send(t, call{caller: "a", apex: "all-b", count: 90, takes: 10 * time.Millisecond})
	sent = append(sent, s.send(t, call{caller: "a", apex: "all-b", count: 10, takes: 200 * time.Millisecond})...)
	item := s.question(path).whole(t, since, sums{"b from server": of(sent, "b")}).items[0]
	percentiles := map[string]time.Duration{}
	for metric, q := range map[string]float64{smi.LatencyP50: 0.50, smi.LatencyP90: 0.90, smi.LatencyP99: 0.99} {
		got, stated := item.Latency(metric)
		least, most := quantile(sent, q)
		from, to := bucket(item, least, most)
		t.Logf("%s is %s; it was %s to %s, so in a bucket from %s to %s", metric, got, least, most, from, to)
		if percentiles[metric] = got; !stated || got < from || got > to {
			t.Errorf("%s is %s, not from %s to %s", metric, got, from, to)
		}
	}
	if percentiles[smi.LatencyP90] > percentiles[smi.LatencyP99] || percentiles[smi.LatencyP50] > percentiles[smi.LatencyP90] {
		t.Errorf("they do not rise: %v", percentiles)
	}
}

// bucket returns where a histogram can place a duration that is known to lie between two others: the bounds next to them.
func bucket(m smi.TrafficMetrics, least, most time.Duration) (from, to time.Duration) {
	to = most
	for _, b := range m.LatencyBuckets() {
		if b.UpperBound < least {
			from = b.UpperBound
		}
		if to = b.UpperBound; to >= most {
			break
		}
	}
	return from, to
}
