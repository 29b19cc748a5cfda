package prometheus_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
	real "github.com/serin-dev/serin/test/prometheus"
)

// thousand is a profile of backends.
const thousand = `
name: thousand
layer: mesh
detect: bench_total
meters:
  m: {counter: bench_total, failures: ['code="500"'], histogram: bench_bucket, unit: s}
views:
  trafficsplits: {meter: m, side: client, of: {namespace: ns, name: backend}}
`

// BenchmarkListTrafficSplits lists 500 splits with 1,000 backends, each of which two proxies report with two codes and fifteen
// buckets: 34,000 series, scraped every 15 s. "asked" is the first question about a window, with the time of a real Prometheus
// on this machine; "kept" is every other question about it. Queries are counted, and so is what is kept of a window.
func BenchmarkListTrafficSplits(b *testing.B) {
	const backends = 1000
	server := real.ForTest(b, real.Options{})
	end := time.Now().Add(-time.Minute).Truncate(time.Minute)
	loadBackends(b, server, end, backends)
	f := fixture{Splits: map[string][]string{}, Objects: map[string][]string{"namespaces": {"shop"}}}
	for i := range backends / 2 {
		app := fmt.Sprintf("app-%d", i)
		f.Splits["shop/"+app] = []string{app + "-v1", app + "-v2"}
	}
	w, counted := f.world(), &counting{}
	s, err := prometheus.New(prometheus.Options{Address: server.URL, Profile: "thousand", Splits: w, Transport: counted})
	if err != nil {
		b.Fatal(err)
	}
	profiles := map[string]string{"thousand.yaml": thousand}
	s.SetProfiles(profiles)
	h := w.serve(b, s, end.Add(10*time.Second))
	list := func() {
		if answer := ask(h, "/namespaces/shop/trafficsplits?window=1m"); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"name":"success_count","value":"80"`) {
			b.Fatalf("%d %.2000s", answer.Code, answer.Body)
		}
	}
	b.Run("asked", func(b *testing.B) {
		counted.requests.Store(0)
		for b.Loop() {
			s.SetProfiles(profiles) // forgets what is kept
			list()
		}
		b.ReportMetric(float64(counted.requests.Load())/float64(b.N), "queries/list")
	})
	b.Run("kept", func(b *testing.B) {
		list()
		for b.Loop() {
			list()
		}
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			s.SetProfiles(profiles)
			before := heap()
			q := source.Question{Kind: source.Backends, Namespace: "shop", Span: window.Span{Length: time.Minute}, Now: end.Add(10 * time.Second)}
			reading, err := s.Read(b.Context(), q)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(heap()-before)/backends, "B/backend")
			runtime.KeepAlive(reading)
		}
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one finalised
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// loadBackends loads what each of two proxies reports of every backend.
func loadBackends(b *testing.B, server *real.Server, end time.Time, backends int) {
	b.Helper()
	bounds := []string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "20", "30", "60", "+Inf"}
	var series []real.Series
	add := func(name string, step int, labels map[string]string) {
		s := real.Series{Name: name, Labels: labels}
		for scrape := range 9 {
			s.Points = append(s.Points, real.Point{At: end.Add(time.Duration(scrape-8) * 15 * time.Second), Number: float64(scrape * step)})
		}
		series = append(series, s)
	}
	for _, proxy := range []string{"a", "b"} {
		add("up", 0, map[string]string{"job": "proxy", "instance": proxy})
		for i := range series[len(series)-1].Points {
			series[len(series)-1].Points[i].Number = 1
		}
		for i := range backends {
			of := func(key, value string) map[string]string {
				return map[string]string{"job": "proxy", "instance": proxy, "ns": "shop", "backend": fmt.Sprintf("app-%d-v%d", i/2, i%2+1), key: value}
			}
			add("bench_total", 10, of("code", "200"))
			add("bench_total", i%3, of("code", "500"))
			for n, bound := range bounds {
				add("bench_bucket", n, of("le", bound))
			}
			if len(series) > 2000 {
				if err := server.Load(b.Context(), series...); err != nil {
					b.Fatal(err)
				}
				series = nil
			}
		}
	}
	if err := server.Load(b.Context(), series...); err != nil {
		b.Fatal(err)
	}
}
