package canary

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// underTest is a Canary with v1 stable and v2 under test, judged by a p99 of 200ms.
func underTest() *v1alpha1.Canary {
	c := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar"}}
	c.Spec.TargetRef.Name = "foobar"
	c.Spec.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(200 * time.Millisecond)}
	c.Status.Stable = &v1alpha1.VersionStatus{Version: "v1"}
	c.Status.Candidate = &v1alpha1.CandidateStatus{VersionStatus: v1alpha1.VersionStatus{Version: "v2"}}
	return c
}

func item(values map[string]string) *metrics.TrafficMetrics {
	m := &metrics.TrafficMetrics{Timestamp: metav1.NewTime(noon), Window: metav1.Duration{Duration: 10 * time.Second}}
	for name, value := range values {
		metric := metrics.Metric{Name: name, Value: resource.MustParse(value)}
		if strings.HasSuffix(name, "_response_latency") {
			metric.Unit = "ms"
		}
		m.Metrics = append(m.Metrics, metric)
	}
	return m
}

func TestCounts(t *testing.T) {
	cases := map[string]struct {
		values   map[string]string
		want     analysis.Counts
		measured bool
	}{
		"a histogram says exactly how many were slow": {
			values: map[string]string{
				"success_count": "98", "failure_count": "2", "p99_response_latency": "180",
				"response_latency_le_100ms": "60", "response_latency_le_200ms": "97", "response_latency_le_500ms": "100",
			},
			want: analysis.Counts{
				Version: "v2", Requests: 100, Failures: 2, Latency: true, Slow: 3, SlowBound: 200 * time.Millisecond, Bucketed: true,
				P99: 180 * time.Millisecond,
			},
			measured: true,
		},
		"a limit between two bounds is rounded up": {
			values: map[string]string{
				"success_count": "100", "failure_count": "0", "p99_response_latency": "180",
				"response_latency_le_100ms": "60", "response_latency_le_500ms": "99",
			},
			want: analysis.Counts{
				Version: "v2", Requests: 100, Latency: true, Slow: 1, SlowBound: 500 * time.Millisecond, Bucketed: true,
				P99: 180 * time.Millisecond,
			},
			measured: true,
		},
		"a quantile alone says on which side of the limit it is": {
			values:   map[string]string{"success_count": "10", "failure_count": "0", "p99_response_latency": "300"},
			want:     analysis.Counts{Version: "v2", Requests: 10, Latency: true, Slow: 10, P99: 300 * time.Millisecond},
			measured: true,
		},
		"quantiles stand in for a histogram": {
			values: map[string]string{
				"success_count": "10", "failure_count": "0", "p50_response_latency": "20", "p90_response_latency": "90", "p99_response_latency": "150",
			},
			want: analysis.Counts{
				Version: "v2", Requests: 10, Latency: true,
				P50: 20 * time.Millisecond, P90: 90 * time.Millisecond, P99: 150 * time.Millisecond,
			},
			measured: true,
		},
		"a histogram that ends under the limit tells when it holds every request": {
			values: map[string]string{"success_count": "10", "failure_count": "0", "p99_response_latency": "80", "response_latency_le_100ms": "10"},
			want:   analysis.Counts{Version: "v2", Requests: 10, Latency: true, Bucketed: true, P99: 80 * time.Millisecond}, measured: true,
		},
		"else it is none": {
			values: map[string]string{"success_count": "10", "failure_count": "0", "p99_response_latency": "100", "response_latency_le_100ms": "9"},
			want:   analysis.Counts{Version: "v2", Requests: 10, Latency: true, P99: 100 * time.Millisecond}, measured: true,
		},
		"no requests have no latency": {
			values:   map[string]string{"success_count": "0", "failure_count": "0"},
			want:     analysis.Counts{Version: "v2"},
			measured: true,
		},
		"a missing count is no count of 0": {
			values: map[string]string{"success_count": "7"},
			want:   analysis.Counts{Version: "v2", Requests: 7},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, measured := counts(underTest(), "v2", item(tc.values))
			if diff := cmp.Diff(tc.want, got); diff != "" || measured != tc.measured {
				t.Errorf("measured %t, want %t\n%s", measured, tc.measured, diff)
			}
		})
	}
}

func TestReportedIsOnlyWhatEveryBackendReports(t *testing.T) {
	weight := func(w *int64) *metrics.TrafficMetrics {
		return &metrics.TrafficMetrics{Backend: &metrics.Backend{Weight: w}}
	}
	cases := map[string]struct {
		backends map[string]*metrics.TrafficMetrics
		want     map[string]int64
	}{
		"nothing":              {},
		"both":                 {backends: map[string]*metrics.TrafficMetrics{"v1": weight(ptr.To[int64](95)), "v2": weight(ptr.To[int64](5))}, want: map[string]int64{"v1": 95, "v2": 5}},
		"one is not known":     {backends: map[string]*metrics.TrafficMetrics{"v1": weight(ptr.To[int64](95)), "v2": weight(nil)}},
		"a weight of 0 is one": {backends: map[string]*metrics.TrafficMetrics{"v1": weight(ptr.To[int64](0))}, want: map[string]int64{"v1": 0}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, reported(tc.backends)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestASampleNeedsBothVersionsOverTheSameWindow(t *testing.T) {
	numbers := map[string]string{"success_count": "1", "failure_count": "0"}
	late := item(numbers)
	late.Timestamp = metav1.NewTime(noon.Add(10 * time.Second))
	cases := map[string]struct {
		backends map[string]*metrics.TrafficMetrics
		weight   int32
		want     bool
	}{
		"stable is missing because the candidate has everything": {
			backends: map[string]*metrics.TrafficMetrics{"v2": item(numbers)}, weight: 100, want: true,
		},
		"both":                   {backends: map[string]*metrics.TrafficMetrics{"v1": item(numbers), "v2": item(numbers)}, want: true},
		"stable is missing":      {backends: map[string]*metrics.TrafficMetrics{"v2": item(numbers)}},
		"the candidate is":       {backends: map[string]*metrics.TrafficMetrics{"v1": item(numbers)}},
		"windows that end apart": {backends: map[string]*metrics.TrafficMetrics{"v1": item(numbers), "v2": late}},
		"a count is missing":     {backends: map[string]*metrics.TrafficMetrics{"v1": item(numbers), "v2": item(nil)}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			canary := underTest()
			canary.Status.Candidate.Weight = tc.weight
			s, ok := sample(canary, tc.backends)
			if ok != tc.want {
				t.Fatalf("sample = %t, want %t", ok, tc.want)
			}
			if ok && (!s.End.Equal(noon) || s.Length() != 10*time.Second) {
				t.Errorf("window from %s to %s", s.Start, s.End)
			}
		})
	}
}

func TestMetricsReader(t *testing.T) {
	cases := map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"the API is not there": {answer: status(404, "NotFound", ""), want: "TrafficMetrics are not served in this cluster: the API metrics.smi-spec.io/v1alpha1 is missing"},
		"no proxy is measured": {answer: status(503, "ServiceUnavailable", "no proxy was scraped"), want: "TrafficMetrics are unavailable: no proxy was scraped"},
		"garbage":              {answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{")) }, want: "TrafficMetrics cannot be understood: unexpected end of JSON input"},
		"an answer":            {answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"items":[]}`)) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			list, err := reader(t, tc.answer).list(t.Context(), question{namespace: "shop", window: 10 * time.Second})
			switch {
			case tc.want == "" && (err != nil || list == nil):
				t.Errorf("list %v, error %v", list, err)
			case tc.want != "" && (err == nil || err.Error() != tc.want):
				t.Errorf("error %v, want %s", err, tc.want)
			}
		})
	}
}

func TestOneListServesEveryCanaryOfANamespace(t *testing.T) {
	var asked atomic.Int32
	var path string
	m := reader(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		path = r.URL.String()
		_, _ = w.Write([]byte(`{}`))
	})
	now := noon
	m.now = func() time.Time { return now }
	for range 5 {
		if _, err := m.list(t.Context(), question{namespace: "shop", window: 10 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}
	if want := "/apis/metrics.smi-spec.io/v1alpha1/namespaces/shop/trafficsplits?window=10s"; asked.Load() != 1 || path != want {
		t.Errorf("%d requests, the last to %s, want 1 to %s", asked.Load(), path, want)
	}
	now = now.Add(shareFor + 1)
	if _, err := m.list(t.Context(), question{namespace: "shop", window: 10 * time.Second}); err != nil || asked.Load() != 2 {
		t.Errorf("%d requests after the answer grew old, want 2 (error %v)", asked.Load(), err)
	}
}

func TestWhereNoWindowCanBeginAnyMoreTheNewestIsTaken(t *testing.T) {
	var paths []string
	m := reader(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.RawQuery)
		if r.URL.Query().Has("since") {
			status(410, "Expired", "no window can begin at 11:59:00 UTC: scrapes are known since 11:59:30 UTC only")(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"items":[]}`))
	})
	_, err := m.list(t.Context(), question{namespace: "shop", window: 10 * time.Second, since: noon.Add(-time.Minute)})
	want := []string{"since=" + url.QueryEscape(noon.Add(-time.Minute).UTC().Format(time.RFC3339)) + "&window=10s", "window=10s"}
	if diff := cmp.Diff(want, paths); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestWindowsAreAskedForOnceTheyAreLongEnough(t *testing.T) {
	canary := &v1alpha1.Canary{}
	canary.Spec.Analysis.Interval = v1alpha1.Dur(10 * time.Second)
	canary.Status.Step = &v1alpha1.StepStatus{LandedAt: v1alpha1.At(noon.Add(300 * time.Millisecond))}
	begin := noon.Add(2 * time.Second)
	if got := due(canary, begin.Add(10*time.Second-1)); !got.IsZero() {
		t.Errorf("asks since %s before the window is 10s long", got)
	}
	got := due(canary, begin.Add(10*time.Second))
	if !got.Equal(begin) {
		t.Errorf("asks since %s, want the first fifth of an interval after the landing", got)
	}
	q := question{window: 10 * time.Second, since: begin}
	for name, tc := range map[string]struct {
		start, end time.Duration
		want       bool
	}{
		"as long as the spec says":        {0, 10 * time.Second, false},
		"longer, after an outage":         {0, 70 * time.Second, false},
		"not as long yet":                 {0, 9 * time.Second, true},
		"of a server that knows no since": {9 * time.Second, 19 * time.Second, false},
		"a shorter one of such a server":  {9 * time.Second, 14 * time.Second, false},
	} {
		if got := q.short(analysis.Sample{Start: begin.Add(tc.start), End: begin.Add(tc.end)}); got != tc.want {
			t.Errorf("%s: short %t, want %t", name, got, tc.want)
		}
	}
}

func status(code int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		text := `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"` + reason + `","message":"` + message + `","code":` + strconv.Itoa(code) + `}`
		_, _ = w.Write([]byte(text))
	}
}

func reader(t *testing.T, answer http.HandlerFunc) *MetricsReader {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	client, err := rest.RESTClientFor(&rest.Config{Host: server.URL, ContentConfig: rest.ContentConfig{
		GroupVersion: &v1alpha1.GroupVersion, NegotiatedSerializer: scheme.Codecs.WithoutConversion(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return NewMetricsReader(client, func() time.Time { return noon })
}
