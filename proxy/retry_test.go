package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestARefusedDialMovesOn(t *testing.T) {
	tests := map[string]struct {
		dead []string
		want map[string]float64
		body string
	}{
		"to another pod of the version": {
			dead: []string{"10.0.1.1:8080"}, want: map[string]float64{"v1-b success": 20}, body: "v1-b",
		},
		"and then to another version": {
			dead: []string{"10.0.1.1:8080", "10.0.1.2:8080"}, want: map[string]float64{"v2-a success": 20}, body: "v2-a",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1_000_000, "v2": 1}, "v1", "v2")
			l.world.slices[0].Endpoints = append(l.world.slices[0].Endpoints, ready("10.0.1.2", "v1-b"))
			l.backend("10.0.1.1:8080", says200("v1-a"))
			l.backend("10.0.1.2:8080", says200("v1-b"))
			l.backend("10.0.2.1:8080", says200("v2-a"))
			for _, address := range tc.dead {
				l.at(address, refusing(t))
			}
			l.put()
			client := newClient(t)
			for i := range 20 {
				response, err := client.Post(l.url(80), "text/plain", strings.NewReader("payload"))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				response.Body.Close()
				if string(body) != tc.body {
					t.Fatalf("request %d got %d %q", i, response.StatusCode, body)
				}
			}
			if diff := cmp.Diff(tc.want, l.tally("serin_proxy_requests_total", labelPod, labelOutcome)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

// refusing returns an address that refuses connections.
func refusing(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestWhenNothingTakesARequest(t *testing.T) {
	tests := map[string]struct {
		endpoints bool
		status    int
		body      string
		want      map[string]float64
	}{
		"no endpoint": {
			status: http.StatusServiceUnavailable, body: noEndpoints + "\n", want: map[string]float64{"v1  failure": 1},
		},
		"no endpoint that can be dialled": {
			endpoints: true, status: http.StatusBadGateway, body: notReachable + "\n", want: map[string]float64{"v1 v1-a failure": 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1, "idle": 0}, "v1", "idle")
			l.backend("10.0.2.1:8080", says200("a version of weight 0 must get nothing"))
			if !tc.endpoints {
				l.world.slices = l.world.slices[1:]
			}
			l.at("10.0.1.1:8080", refusing(t))
			l.put()
			if status, body := get(t, newClient(t), l.url(80)); status != tc.status || body != tc.body {
				t.Errorf("got %d %q", status, body)
			}
			if diff := cmp.Diff(tc.want, l.tally("serin_proxy_requests_total", labelBackend, labelPod, labelOutcome)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAVersionWithoutEndpointsLeavesItsShareToTheOthers(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1, "v2": 1_000_000}, "v1", "v2")
	l.world.slices = l.world.slices[:1]
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	for range 10 {
		if status, body := get(t, newClient(t), l.url(80)); status != http.StatusOK || body != "v1" {
			t.Fatalf("got %d %q", status, body)
		}
	}
}

// aborting is a handler whose connections are reset before the response, the given number of times.
func aborting(times *atomic.Int64, then http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if times.Add(-1) < 0 {
			then.ServeHTTP(w, r)
			return
		}
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
}

func TestTheOnlyPodOfAVersionHangsUpAndIsGone(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1_000_000, "v2": 1}, "v1", "v2")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		l.at("10.0.1.1:8080", refusing(t))
		panic(http.ErrAbortHandler)
	}))
	l.backend("10.0.2.1:8080", says200("v2"))
	l.put()
	if status, body := get(t, newClient(t), l.url(80)); status != http.StatusOK || body != "v2" {
		t.Errorf("got %d %q", status, body)
	}
	if diff := cmp.Diff(map[string]float64{"v1-a hangup": 1, "v1-a dial": 1}, l.tally("serin_proxy_retries_total", labelPod, labelCause)); diff != "" {
		t.Errorf("retries (-want +got):\n%s", diff)
	}
}

func TestAResetBeforeTheResponse(t *testing.T) {
	tests := map[string]struct {
		method string
		resets int64
		status int
		want   map[string]float64
	}{
		"a GET is sent once more":          {method: http.MethodGet, resets: 1, status: 200, want: map[string]float64{"v1 success": 1}},
		"a PUT too, with its body":         {method: http.MethodPut, resets: 1, status: 200, want: map[string]float64{"v1 success": 1}},
		"but not again, and not elsewhere": {method: http.MethodGet, resets: 9, status: 502, want: map[string]float64{"v1 failure": 1}},
		"a POST is not":                    {method: http.MethodPost, resets: 1, status: 502, want: map[string]float64{"v1 failure": 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1_000_000, "v2": 1}, "v1", "v2")
			l.world.slices[0].Endpoints = append(l.world.slices[0].Endpoints, ready("10.0.1.2", "v1-b"), ready("10.0.1.3", "v1-c"))
			var resets atomic.Int64
			resets.Store(tc.resets)
			for _, address := range []string{"10.0.1.1:8080", "10.0.1.2:8080", "10.0.1.3:8080"} {
				l.backend(address, aborting(&resets, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })))
			}
			l.backend("10.0.2.1:8080", says200("v2"))
			l.put()
			var payload io.Reader
			if tc.method != http.MethodGet {
				payload = strings.NewReader("payload")
			}
			r, _ := http.NewRequest(tc.method, l.url(80), payload)
			response, err := newClient(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if response.StatusCode != tc.status || tc.method == http.MethodPut && string(body) != "payload" {
				t.Errorf("got %d %q", response.StatusCode, body)
			}
			if diff := cmp.Diff(tc.want, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPodsThatFinishCostNoRequest keeps 200 requests a second and more going while pods come and go the way Kubernetes lets
// them: the endpoint turns to terminating, and some time before or after that the server shuts down.
func TestPodsThatFinishCostNoRequest(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.world.slices = nil
	var servers []*httptest.Server
	for i := range 4 {
		address := fmt.Sprintf("10.0.1.%d", i+1)
		servers = append(servers, l.backend(address+":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			time.Sleep(2 * time.Millisecond)
			_, _ = w.Write(body)
		})))
		l.world.slices = append(l.world.slices, endpointSlice("v1", 8080, ready(address, fmt.Sprintf("v1-%d", i))))
	}
	l.put()
	url, client := l.url(80), newClient(t)
	stop := make(chan struct{})
	var sent, failed atomic.Int64
	var load sync.WaitGroup
	for i := range 8 {
		load.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				method, payload := http.MethodGet, io.Reader(nil)
				if (i+n)%4 == 0 {
					method, payload = http.MethodPut, strings.NewReader("x")
				}
				r, _ := http.NewRequest(method, url, payload)
				response, err := client.Do(r)
				sent.Add(1)
				if err != nil || response.StatusCode != http.StatusOK {
					failed.Add(1)
					t.Errorf("request failed: %v %v", response, err)
				}
				if err == nil {
					_, _ = io.Copy(io.Discard, response.Body)
					response.Body.Close()
				}
			}
		})
	}
	for i, server := range servers[:3] {
		before := sent.Load()
		eventually(t, "requests went on", func() bool { return sent.Load() > before+100 })
		if i%2 == 0 { // the server ends before the proxy learns of it
			_ = server.Config.Shutdown(context.Background())
		}
		l.world.slices = l.world.slices[1:]
		l.put()
		if i%2 == 1 {
			_ = server.Config.Shutdown(context.Background())
		}
	}
	before := sent.Load()
	eventually(t, "requests went on", func() bool { return sent.Load() > before+100 })
	close(stop)
	load.Wait()
	if diff := cmp.Diff(map[string]float64{"v1 success": float64(sent.Load() - failed.Load())},
		l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestAPodThatTakesTooLong(t *testing.T) {
	release := make(chan struct{})
	l := newLab(t, func(o *Options) { o.ResponseHeaderTimeout = 20 * time.Millisecond })
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer close(release)
	l.put()
	if status, body := get(t, newClient(t), l.url(80)); status != http.StatusGatewayTimeout || body != tooSlow+"\n" {
		t.Errorf("got %d %q", status, body)
	}
	if diff := cmp.Diff(map[string]float64{"v1 failure": 1}, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestADialThatHangsMovesOn(t *testing.T) {
	var hung atomic.Int64
	l := newLab(t)
	l.plane.options.DialTimeout = 20 * time.Millisecond
	l.plane.options.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "10.0.1.1:8080" {
			hung.Add(1)
			<-ctx.Done()
			return nil, &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}
		}
		return l.dial(ctx, network, address)
	}
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.world.slices[0].Endpoints = append(l.world.slices[0].Endpoints, ready("10.0.1.2", "v1-b"))
	l.backend("10.0.1.2:8080", says200("v1-b"))
	l.put()
	client, began := newClient(t), time.Now()
	for range 20 {
		if status, body := get(t, client, l.url(80)); status != http.StatusOK || body != "v1-b" {
			t.Fatalf("got %d %q", status, body)
		}
	}
	took := time.Since(began)
	if n := hung.Load(); n > 2+int64(took/coolDown) {
		t.Errorf("the pod that does not answer was dialled %d times in %s", n, took)
	}
}
