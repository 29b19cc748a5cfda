package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/proxies"
	"github.com/serin-dev/serin/metrics/window"
)

// BenchmarkListTrafficSplits is a request for all of 500 splits with 1,000 backends, from the stored counts of two proxies to
// the JSON of the answer. The window is computed anew each time, as for the first reader after its end.
func BenchmarkListTrafficSplits(b *testing.B) {
	const backends = 1000
	bounds := make([]time.Duration, 14)
	for i := range bounds {
		bounds[i] = time.Duration(i+1) * 5 * ms
	}
	backing := shop()
	all := &shelf[*split.TrafficSplit]{}
	snapshots := make([]*window.Snapshot, 121)
	for second := range snapshots {
		snapshots[second] = &window.Snapshot{Series: map[window.Series]window.Counts{}, Weights: map[window.Backend]int64{}}
	}
	for i := range backends {
		name, backend := fmt.Sprintf("app-%d", i/2), fmt.Sprintf("app-%d-v%d", i/2, i%2+1)
		if i%2 == 0 {
			all.objects = append(all.objects, &split.TrafficSplit{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name},
				Spec: split.TrafficSplitSpec{Service: name, Backends: []split.Backend{{Service: name + "-v1"}, {Service: name + "-v2"}}}})
		}
		for second := range snapshots {
			counts := make([]uint64, 15)
			for k := range counts {
				counts[k] = uint64(second * (k + i%7))
			}
			snapshots[second].Series[window.Series{Namespace: "shop", Split: name, Apex: name, Backend: backend, Workload: backend, Pod: backend + "-0"}] =
				window.Counts{Success: uint64(second * 20), Failure: uint64(second), Latency: window.Latency{Bounds: bounds, Counts: counts}}
			snapshots[second].Weights[window.Backend{Namespace: "shop", Split: name, Apex: name, Backend: backend}] = 50
		}
	}
	backing.Splits = all
	store, err := window.New(time.Second, 5*time.Minute)
	if err != nil {
		b.Fatal(err)
	}
	for second, snapshot := range snapshots {
		round := window.Round{At: tenOClock.Add(time.Duration(second-len(snapshots)+1) * time.Second), Sightings: []window.Sighting{
			{Proxy: "a", Ready: true, Snapshot: snapshot}, {Proxy: "b", Ready: true, Snapshot: snapshot}}}
		if err := store.Add(round); err != nil {
			b.Fatal(err)
		}
	}
	backing.Source = proxies.Source{Store: store}
	handler := serve(b, backing)
	request := httptest.NewRequest(http.MethodGet, root+"/trafficsplits", nil)
	size, length := 0, 0
	for b.Loop() {
		length = length%40 + 1 // another window each time: none is ready
		request.URL.RawQuery = fmt.Sprintf("window=%ds", length)
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK {
			b.Fatal(answer.Body)
		}
		size = answer.Body.Len()
	}
	b.ReportMetric(float64(size), "B/answer")
	b.ReportMetric(backends, "backends")
}
