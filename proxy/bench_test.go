package proxy

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/metrics/scrape"
)

// BenchmarkForward measures one request on a kept connection, there and back, through real sockets: to the pod directly, through
// net/http's own reverse proxy with pooled connections, and through this one.
func BenchmarkForward(b *testing.B) {
	text := strings.Repeat("x", 1024)
	for name, mode := range map[string]string{"serin": "Off", "serin enforcing policy": "Enforce"} {
		b.Run(name, func(b *testing.B) {
			l := newLab(b)
			l.world = shared(map[string]int64{"v1": 95, "v2": 5}, "v1", "v2")
			l.world.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: mode}
			pods := []*corev1.Pod{podObject("v1-a", "10.0.1.1", "v1"), podObject("v2-a", "10.0.2.1", "v1"), podObject("client-a", "127.0.0.1", "client")}
			l.world.pods, l.world.graph = enforce.IndexPods(pods, nil), guarded()
			l.backend("10.0.1.1:8080", says200(text))
			l.backend("10.0.2.1:8080", says200(text))
			l.put()
			measure(b, strings.TrimPrefix(l.url(80), "http://"))
		})
	}
	backend := httptest.NewServer(says200(text))
	defer backend.Close()
	b.Run("direct", func(b *testing.B) { measure(b, backend.Listener.Addr().String()) })
	target, _ := url.Parse(backend.URL)
	plain := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
		Transport: &http.Transport{MaxIdleConnsPerHost: maxIdle, DisableCompression: true},
	})
	defer plain.Close()
	b.Run("net/http ReverseProxy", func(b *testing.B) { measure(b, plain.Listener.Addr().String()) })
}

// measure sends requests over connections of its own, with as little client as can be. Beside the time it reports what all sides
// together cost the processors, which other work on the machine does not change.
func measure(b *testing.B, address string) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(8)
	before := cpuTime(b)
	defer func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") }()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		reader := bufio.NewReader(conn)
		request := []byte("GET /api/items?page=1 HTTP/1.1\r\nHost: web.shop\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			response, err := http.ReadResponse(reader, nil)
			if err != nil || response.StatusCode != http.StatusOK {
				b.Errorf("%v %v", response, err)
				return
			}
			_, _ = io.Copy(io.Discard, response.Body)
		}
	})
}

// cpuTime is what this process has had of the processors.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkMetrics measures what one scrape of 1,000 backends, each with one pod and one caller, costs all sides over HTTP: of the
// counters as they are now, of a tick that nobody asked for before, and of one that somebody did. KB/tick is what a snapshot takes.
func BenchmarkMetrics(b *testing.B) {
	l := newLab(b)
	for i := range 1000 {
		name := fmt.Sprintf("web-%d-v1", i)
		s := l.ledger.request(endpointKey{apex: web, split: "web", backend: name}, &enforce.Pod{Namespace: shop, Name: name + "-0", Workload: name}, enforce.Nobody)
		s.success.Inc()
		s.failure.Inc()
		s.seconds.Observe(0.1)
	}
	tick := noon
	mux := http.NewServeMux()
	mux.Handle("/", (&Proxy{plane: l.plane}).adminHandler())
	mux.Handle("/metrics/tick", &ticks{gather: l.ledger.registry, now: func() time.Time { return tick }})
	admin := httptest.NewServer(mux)
	defer admin.Close()
	for name, path := range map[string]func() string{
		"metrics":      func() string { return "/metrics" },
		"tick, first":  func() string { tick = tick.Add(ms); return "/metrics/tick?at=" + tick.Format(time.RFC3339Nano) },
		"tick, second": func() string { return "/metrics/tick?at=" + tick.Format(time.RFC3339Nano) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime(b)
			for b.Loop() {
				scrapeOnce(b, admin.URL+path())
			}
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
		})
	}
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			before := heap()
			families, err := l.ledger.registry.Gather()
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(heap()-before)/1024, "KB/tick")
			runtime.KeepAlive(families)
		}
	})
}

// scrapeOnce reads one answer in the format that the TrafficMetrics server asks for.
func scrapeOnce(b *testing.B, url string) {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Accept", scrape.Accepted)
	request.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if n, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK || n < 1000 {
		b.Fatalf("%s with %d bytes, error %v", response.Status, n, err)
	}
}

// heap is what is in use after a collection, in bytes.
func heap() int64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// BenchmarkPick measures what choosing a pod costs: the version by weight, then the less busy of two of its ten pods.
func BenchmarkPick(b *testing.B) {
	var w wheel
	for _, weight := range []int64{95, 5} {
		v := &version{weight: weight}
		for range 10 {
			v.endpoints = append(v.endpoints, &endpoint{state: &endpointState{}})
		}
		w.add(v)
	}
	now := time.Now()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if w.spin(rand.Int64N).pick(rand.Int64N, now, nil) == nil {
				b.Error("nothing picked")
			}
		}
	})
}

// BenchmarkBuildTable measures a table of 200 splits with two versions of three pods each, among 10,000 pods.
func BenchmarkBuildTable(b *testing.B) {
	w := crowd(200, 10_000)
	last := buildTable(w, nil)
	b.ReportAllocs()
	before := cpuTime(b)
	defer func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		last = buildTable(w, last)
	}
}

func BenchmarkIndexPods(b *testing.B) {
	pods := crowdPods(10_000)
	last := enforce.IndexPods(pods, nil)
	b.ReportAllocs()
	before := cpuTime(b)
	defer func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		last = enforce.IndexPods(pods, last)
	}
}
