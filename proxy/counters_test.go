package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/enforce"
)

// TestEveryRequestIsCountedBeforeItsResponseEnds compares what clients saw with the counters after each response, so a count
// that came later than the response would be missed.
func TestEveryRequestIsCountedBeforeItsResponseEnds(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"with a length":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "short") },
		"longer":         func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("long ", 50_000)) },
		"without a body": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"of unknown length": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "a")
			_ = http.NewResponseController(w).Flush()
			fmt.Fprint(w, "b")
		},
	}
	for name, handler := range handlers {
		for protocol, newClient := range clients {
			t.Run(name+" over "+protocol, func(t *testing.T) {
				l := newLab(t)
				client := newClient(t)
				l.world = shared(map[string]int64{"v1": 1}, "v1")
				l.backend("10.0.1.1:8080", handler)
				l.put()
				key := endpointKey{apex: web, split: "web", backend: "v1"}
				counted := l.ledger.request(key, l.world.pods.Named(nameOf(podObject("v1-a", "", "v1"))), enforce.Nobody).success
				for i := range 50 {
					get(t, client, l.url(80))
					if got := testutil.ToFloat64(counted); got != float64(i+1) {
						t.Fatalf("%v counted after %d responses", got, i+1)
					}
				}
			})
		}
	}
}

func TestOutcomesByStatus(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	}))
	l.put()
	for _, status := range []int{200, 204, 304, 404, 429, 500, 503} {
		if got, _ := get(t, newClient(t), fmt.Sprintf("%s/%d", l.url(80), status)); got != status {
			t.Errorf("%d came back as %d", status, got)
		}
	}
	want := map[string]float64{"v1 success": 5, "v1 failure": 2}
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestLabelsNameBothEnds(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.world.pods = enforce.IndexPods([]*corev1.Pod{podObject("v1-a", "10.0.1.1", "v1"), podObject("client-a", "127.0.0.1", "client")}, nil)
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	get(t, newClient(t), l.url(80))
	want := map[string]float64{"shop web web v1 v1 v1-a shop client client-a success": 1}
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", append(requestLabels, labelOutcome)...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	want = map[string]float64{"shop web web v1 v1 v1-a shop client client-a": 1}
	if diff := cmp.Diff(want, l.tally("serin_proxy_request_duration_seconds", requestLabels...)); diff != "" {
		t.Errorf("histogram (-want +got):\n%s", diff)
	}
}

func TestAPodThatIsKnownLaterIsCountedWithItsWorkload(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	known := l.world.pods
	l.world.pods = enforce.IndexPods(nil, nil)
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	get(t, newClient(t), l.url(80))
	l.world.pods = known
	l.put()
	get(t, newClient(t), l.url(80))
	want := map[string]float64{"v1-a ": 1, "v1-a v1": 1}
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", labelPod, labelWorkload)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestWeightsAreThoseOfTheTableInForce(t *testing.T) {
	l := newLab(t)
	l.ledger.registry.MustRegister(newLiveCollector(l.plane, func() float64 { return 3 }))
	labels := []string{labelNamespace, labelSplit, labelApex, labelBackend}
	l.world = shared(map[string]int64{"v1": 95, "v2": 5}, "v1", "v2")
	l.put()
	if diff := cmp.Diff(map[string]float64{"shop web web v1": 95, "shop web web v2": 5}, l.tally("serin_proxy_backend_weight", labels...)); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	l.world = shared(map[string]int64{"v1": 50, "v2": 50}, "v1", "v2")
	l.put()
	if diff := cmp.Diff(map[string]float64{"shop web web v1": 50, "shop web web v2": 50}, l.tally("serin_proxy_backend_weight", labels...)); diff != "" {
		t.Errorf("weights (-want +got):\n%s", diff)
	}
	l.world = world{pods: l.world.pods}
	l.put()
	if got := l.tally("serin_proxy_backend_weight", labels...); len(got) > 0 {
		t.Errorf("weights of a split that is gone: %v", got)
	}
}

// TestAWeightChangeDropsNothing holds more than 200 requests in flight while the weights move all traffic to another version.
func TestAWeightChangeDropsNothing(t *testing.T) {
	const held = 250
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1, "v2": 0}, "v1", "v2")
	release := make(chan struct{})
	var arrived atomic.Int64
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Add(1)
		<-release
		fmt.Fprint(w, "v1")
	}))
	l.backend("10.0.2.1:8080", says200("v2"))
	l.put()
	url, client := l.url(80), newClient(t)
	var flight sync.WaitGroup
	for range held {
		flight.Go(func() {
			response, err := client.Get(url)
			if err != nil {
				t.Error(err)
				return
			}
			defer response.Body.Close()
			if body, err := io.ReadAll(response.Body); string(body) != "v1" || err != nil {
				t.Errorf("got %q, error %v", body, err)
			}
		})
	}
	eventually(t, "all are in flight", func() bool { return arrived.Load() == held })

	moved := shared(map[string]int64{"v1": 0, "v2": 1}, "v1", "v2")
	l.world.splits = moved.splits
	l.put()
	for range 20 {
		if _, body := get(t, client, url); body != "v2" {
			t.Fatalf("a request after the change went to %s", body)
		}
	}
	l.world.splits = []*split.TrafficSplit{trafficSplit("web", "web", split.Backend{Service: "v2", Weight: 1})}
	l.world.slices = l.world.slices[1:] // v1 is gone for good
	l.put()
	close(release)
	flight.Wait()
	want := map[string]float64{"v1 success": held, "v2 success": 20}
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestCountersOfWhatIsGoneAreDeletedAfterTheRetention(t *testing.T) {
	l := newLab(t, func(o *Options) { o.SeriesRetention = 10 * time.Minute })
	l.world = shared(map[string]int64{"v1": 1, "v2": 1}, "v1", "v2")
	l.backend("10.0.1.1:8080", says200("v1"))
	l.backend("10.0.2.1:8080", says200("v2"))
	l.put()
	client := newClient(t)
	for range 40 {
		get(t, client, l.url(80))
	}
	backends := func() int { return len(l.tally("serin_proxy_requests_total", labelBackend)) }
	start := time.Unix(0, 0)
	l.ledger.sweep(l.table.Load(), start)

	l.world.splits = []*split.TrafficSplit{trafficSplit("web", "web", split.Backend{Service: "v2", Weight: 1})}
	l.put()
	l.ledger.sweep(l.table.Load(), start.Add(time.Minute))
	l.ledger.sweep(l.table.Load(), start.Add(10*time.Minute))
	if got := backends(); got != 2 {
		t.Errorf("%d backends are counted before the retention is over", got)
	}
	l.ledger.sweep(l.table.Load(), start.Add(11*time.Minute))
	if got := backends(); got != 1 {
		t.Errorf("%d backends are counted after it", got)
	}

	// A version that comes back, or a pod that is no longer in the index, is counted again from nothing.
	l.world.splits = []*split.TrafficSplit{trafficSplit("web", "web", split.Backend{Service: "v1", Weight: 1})}
	l.put()
	get(t, client, l.url(80))
	if diff := cmp.Diff(1.0, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)["v1 success"]); diff != "" {
		t.Errorf("counted again (-want +got):\n%s", diff)
	}
	if n := len(l.ledger.entries); n > 4 {
		t.Errorf("%d entries are kept", n)
	}
}
