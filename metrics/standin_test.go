package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// standIn is a proxy in all that this package can see of one: an HTTP server with counters at /metrics. Between two ticks it
// always serves the same, so every window of one length has the same numbers, whatever scrapes in between fail.
type standIn struct {
	server *httptest.Server
	// interval is the time between two ticks.
	interval time.Duration

	mu      sync.Mutex
	flows   []flow
	weights map[string]int
	down    bool
}

// flow is what one caller sends one backend between two ticks.
type flow struct {
	split, backend, workload string
	callerNamespace, caller  string
	success, failure         int
	// fast of the requests took up to 10 ms, the others up to 200 ms.
	fast int
}

func newStandIn(t testing.TB, interval time.Duration, flows []flow, weights map[string]int) *standIn {
	t.Helper()
	s := &standIn{interval: interval, flows: flows, weights: weights}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	return s
}

func (s *standIn) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || r.URL.Path != "/metrics/tick" {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte(s.text()))
}

func (s *standIn) set(change func(*standIn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *standIn) text() string {
	ticks := int(time.Now().UnixNano() / int64(s.interval))
	var requests, durations, weights strings.Builder
	for _, f := range s.flows {
		labels := fmt.Sprintf(`namespace="t",split=%q,apex=%q,backend=%q,workload=%q,pod=%q,caller_namespace=%q,caller_workload=%q,caller_pod=%q`,
			f.split, f.split, f.backend, f.workload, f.workload+"-0", f.callerNamespace, f.caller, f.caller+"-0")
		all := (f.success + f.failure) * ticks
		fmt.Fprintf(&requests, "serin_proxy_requests_total{%s,outcome=\"success\"} %d\n", labels, f.success*ticks)
		fmt.Fprintf(&requests, "serin_proxy_requests_total{%s,outcome=\"failure\"} %d\n", labels, f.failure*ticks)
		fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_bucket{%s,le=\"0.01\"} %d\n", labels, f.fast*ticks)
		fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_bucket{%s,le=\"0.2\"} %d\n", labels, all)
		fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_bucket{%s,le=\"+Inf\"} %d\n", labels, all)
		fmt.Fprintf(&durations, "serin_proxy_request_duration_seconds_count{%s} %d\n", labels, all)
	}
	for backend, weight := range s.weights {
		fmt.Fprintf(&weights, "serin_proxy_backend_weight{namespace=\"t\",split=\"app\",apex=\"app\",backend=%q} %d\n", backend, weight)
	}
	return "# TYPE serin_proxy_requests_total counter\n" + requests.String() +
		"# TYPE serin_proxy_request_duration_seconds histogram\n" + durations.String() +
		"# TYPE serin_proxy_backend_weight gauge\n" + weights.String()
}

// dialTo maps the addresses of proxies, which are no loopback addresses in an EndpointSlice, to stand-ins.
func dialTo(proxies map[string]*standIn) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		proxy := proxies[address]
		if proxy == nil {
			return nil, fmt.Errorf("nothing listens at %s", address)
		}
		return (&net.Dialer{}).DialContext(ctx, network, proxy.server.Listener.Addr().String())
	}
}

// eventually asks until the answer is right, for things that other processes do in their own time.
func eventually(t testing.TB, what string, right func() error) {
	t.Helper()
	within(t, 30*time.Second, what, right)
}

// within asks until the answer is right, for things that take others longer.
func within(t testing.TB, long time.Duration, what string, right func() error) {
	t.Helper()
	deadline := time.Now().Add(long)
	for {
		err := right()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
