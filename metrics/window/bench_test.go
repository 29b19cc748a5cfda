package window

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// bounds are those of a usual histogram.
var benchBounds = []time.Duration{1 * ms, 2500 * time.Microsecond, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 200 * ms, 250 * ms,
	500 * ms, 1000 * ms, 2500 * ms, 5000 * ms, 10000 * ms}

// busy is what a proxy says that served some requests of every series in every second.
func busy(series, second int) *Snapshot {
	s := &Snapshot{Started: at(-3600), Series: make(map[Series]Counts, series), Weights: map[Backend]int64{}}
	for i := range series {
		name := fmt.Sprintf("app-%d", i/2)
		backend := fmt.Sprintf("%s-v%d", name, i%2+1)
		counts := make([]uint64, len(benchBounds)+1)
		for b := range counts {
			counts[b] = uint64(second * (b + i%7))
		}
		s.Series[Series{Namespace: "shop", Split: name, Apex: name, Backend: backend, Workload: backend, Pod: backend + "-0",
			CallerNamespace: "web", CallerWorkload: "front", CallerPod: "front-0"}] =
			Counts{Success: uint64(second * 20), Failure: uint64(second), Latency: Latency{Bounds: benchBounds, Counts: counts}}
		s.Weights[Backend{Namespace: "shop", Split: name, Apex: name, Backend: backend}] = 50
	}
	return s
}

// BenchmarkAddRound takes in what two proxies say about 1,000 busy series.
func BenchmarkAddRound(b *testing.B) {
	s := newStore(b)
	one, two := busy(1000, 1), busy(1000, 1)
	second := 0
	for b.Loop() {
		second++
		add(b, s, second, answers("a", one), answers("b", two))
	}
}

// BenchmarkReadWindow computes a window of 10 s over 1,000 busy series of two proxies.
func BenchmarkReadWindow(b *testing.B) {
	s := newStore(b)
	for second := range 61 {
		snapshot := busy(1000, second)
		add(b, s, second, answers("a", snapshot), answers("b", snapshot))
	}
	for b.Loop() {
		clear(s.cache)
		if _, err := s.Read(Span{Length: 10 * time.Second}, at(60)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHistory reports what a series costs that changed every second for as long as history is kept.
func BenchmarkHistory(b *testing.B) {
	const series = 200
	for b.Loop() {
		b.StopTimer()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		b.StartTimer()
		s := newStore(b)
		for second := range 700 {
			add(b, s, second, answers("a", busy(series, second)))
		}
		b.StopTimer()
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/series, "B/series")
		runtime.KeepAlive(s)
		b.StartTimer()
	}
}
