package scrape

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestTargetsAreThePodsBehindTheService(t *testing.T) {
	name, port, yes, no := "admin", int32(9090), true, false
	other := "http"
	pod := func(name, uid string, ready *bool, addresses ...string) discoveryv1.Endpoint {
		return discoveryv1.Endpoint{Addresses: addresses, Conditions: discoveryv1.EndpointConditions{Ready: ready},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: name, UID: types.UID(uid)}}
	}
	slice := func(portName *string, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
		s := &discoveryv1.EndpointSlice{Endpoints: endpoints, Ports: []discoveryv1.EndpointPort{{Name: &other, Port: &port}}}
		s.Namespace = "serin-system"
		if portName != nil {
			s.Ports = append(s.Ports, discoveryv1.EndpointPort{Name: portName, Port: &port})
		}
		return s
	}
	got := Targets([]*discoveryv1.EndpointSlice{
		slice(&name, pod("p2", "u2", &no, "10.0.0.2"), pod("p1", "u1", &yes, "10.0.0.1")),
		slice(&name, pod("p1", "u1", &no, "fd00::1"), pod("p3", "u3", nil)),
		slice(&name, discoveryv1.Endpoint{Addresses: []string{"10.0.0.9"}}),
		slice(nil, pod("p4", "u4", &yes, "10.0.0.4")),
	})
	want := []Target{
		{Proxy: "10.0.0.9", Address: "10.0.0.9:9090", Ready: true},
		{Proxy: "serin-system/p1 (u1)", Address: "10.0.0.1:9090", Ready: true},
		{Proxy: "serin-system/p2 (u2)", Address: "10.0.0.2:9090"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestScrapeAsksEveryProxyAtOnce(t *testing.T) {
	var together sync.WaitGroup // no proxy answers before both are asked
	together.Add(2)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		together.Done()
		together.Wait()
		_, _ = w.Write([]byte(proxyText))
	}))
	defer proxy.Close()
	var dialed sync.Map
	s := New(func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed.Store(address, true)
		return (&net.Dialer{}).DialContext(ctx, network, proxy.Listener.Addr().String())
	})
	defer s.Close()
	round := s.Scrape(t.Context(), time.Unix(100, 0), []Target{
		{Proxy: "one", Address: "10.0.0.1:9090", Ready: true}, {Proxy: "two", Address: "10.0.0.2:9090"},
	})
	for i, want := range []string{"one", "two"} {
		seen := round.Sightings[i]
		if seen.Proxy != want || seen.Ready != (i == 0) || seen.Snapshot == nil || seen.Reason != "" {
			t.Errorf("sighting %d is %+v", i, seen)
		}
	}
	if _, asked := dialed.Load("10.0.0.2:9090"); !asked || !round.At.Equal(time.Unix(100, 0)) {
		t.Errorf("round at %s, dialed %v", round.At, &dialed)
	}
}

func TestScrapeEndsWithItsDeadline(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		end(context.DeadlineExceeded) // when it was asked, however late that is
		<-r.Context().Done()
	}))
	defer hangs.Close()
	round := New(nil).Scrape(ctx, time.Unix(0, 0), []Target{{Proxy: "slow", Address: hangs.Listener.Addr().String(), Ready: true}})
	if seen := round.Sightings[0]; seen.Snapshot != nil || seen.Reason != "no answer in time" {
		t.Errorf("got %+v", seen)
	}
}

func TestScrapeSaysWhyAProxyWasNotBelieved(t *testing.T) {
	for want, answer := range map[string]http.HandlerFunc{
		"answered 500 Internal Server Error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"text format parsing error":          func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{")) },
		"EOF": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write([]byte(proxyText))
		},
	} {
		proxy := httptest.NewServer(answer)
		round := New(nil).Scrape(t.Context(), time.Unix(0, 0), []Target{{Proxy: "bad", Address: proxy.Listener.Addr().String()}})
		if seen := round.Sightings[0]; seen.Snapshot != nil || !strings.Contains(seen.Reason, want) {
			t.Errorf("got %+v, want %s", seen, want)
		}
		proxy.Close()
	}
	round := New(nil).Scrape(t.Context(), time.Unix(0, 0), []Target{{Proxy: "none", Address: "127.0.0.1:1"}})
	if seen := round.Sightings[0]; seen.Snapshot != nil || seen.Reason != "dial 127.0.0.1:1: connect: connection refused" {
		t.Errorf("got %+v", seen)
	}
}
