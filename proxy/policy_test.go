package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

// guarded allows shop/client to GET below /api of shop/v1 at pod port 8080.
func guarded() authorizer {
	in := metav1.ObjectMeta{Namespace: shop, Name: "web"}
	return policy.Build(policy.Snapshot{
		TrafficTargets: []access.TrafficTarget{{ObjectMeta: in, Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "ServiceAccount", Name: "v1"},
			Sources:     []access.Subject{{Kind: "ServiceAccount", Name: "client", Namespace: shop}},
			Rules:       []access.Rule{{Kind: "HTTPRouteGroup", Name: "web"}, {Kind: "TCPRoute", Name: "web"}},
		}}},
		HTTPRouteGroups: []specs.HTTPRouteGroup{{ObjectMeta: in, Spec: specs.HTTPRouteGroupSpec{
			Matches: []specs.HTTPMatch{{Name: "api", PathRegex: "/api/", Methods: []string{"GET"}}},
		}}},
		TCPRoutes: []specs.TCPRoute{{ObjectMeta: in, Spec: specs.TCPRouteSpec{Matches: specs.TCPMatch{Ports: []int32{8080}}}}},
	})
}

func TestPolicyIsAskedAboutWhoCallsWhom(t *testing.T) {
	pods := []*corev1.Pod{podObject("client-a", "10.1.0.1", "client"), podObject("other-a", "10.1.0.2", "other"),
		podObject("v1-a", "10.0.1.1", "v1"), podObject("twin-a", "10.1.0.3", "client"), podObject("twin-b", "10.1.0.3", "client")}
	tests := map[string]struct {
		mode, peer, path string
		wantStatus       int
		wantBody         string
		wantDenied       map[string]float64
	}{
		"off: anybody may":                    {mode: "Off", peer: "10.9.9.9", path: "/api/x", wantStatus: 200},
		"enforce: the caller that is allowed": {mode: "Enforce", peer: "10.1.0.1", path: "/api/x?a=b", wantStatus: 200},
		"enforce: a path that is not": {
			mode: "Enforce", peer: "10.1.0.1", path: "/admin", wantStatus: 403, wantBody: "none of its rules matches GET /admin",
			wantDenied: map[string]float64{"shop client Enforce": 1},
		},
		"enforce: a path that only looks allowed": {
			mode: "Enforce", peer: "10.1.0.1", path: "/api/../admin", wantStatus: 403, wantBody: "none of its rules matches GET /admin",
			wantDenied: map[string]float64{"shop client Enforce": 1},
		},
		"enforce: another caller": {
			mode: "Enforce", peer: "10.1.0.2", path: "/api/x", wantStatus: 403, wantBody: "names shop/other as a source of shop/v1",
			wantDenied: map[string]float64{"shop other Enforce": 1},
		},
		"enforce: an address of no pod": {
			mode: "Enforce", peer: "10.9.9.9", path: "/api/x", wantStatus: 403, wantBody: "the caller is not authenticated",
			wantDenied: map[string]float64{"  Enforce": 1},
		},
		"enforce: an address of two pods": {
			mode: "Enforce", peer: "10.1.0.3", path: "/api/x", wantStatus: 403, wantBody: "the caller is not authenticated",
			wantDenied: map[string]float64{"  Enforce": 1},
		},
		"audit: a denial is counted and passes": {
			mode: "Audit", peer: "10.1.0.2", path: "/api/x", wantStatus: 200, wantDenied: map[string]float64{"shop other Audit": 1},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			peer := netip.MustParseAddr(tc.peer)
			var log journal
			l := newLab(t, func(o *Options) {
				o.Peer = func(net.Conn) netip.Addr { return peer }
				o.Log = funcr.New(log.add, funcr.Options{})
			})
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.world.pods, l.world.graph = enforce.IndexPods(pods, nil), guarded()
			l.world.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: tc.mode}
			var reached atomic.Int64
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
			l.put()
			r, _ := http.NewRequest(http.MethodGet, l.url(80)+tc.path, nil)
			r.Header.Set("X-Forwarded-For", "10.1.0.1") // claims to be who is allowed
			response, err := newClient(t).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body := make([]byte, 500)
			n, _ := response.Body.Read(body)
			response.Body.Close()
			if response.StatusCode != tc.wantStatus || !strings.Contains(string(body[:n]), tc.wantBody) {
				t.Errorf("got %d %q", response.StatusCode, body[:n])
			}
			if got := reached.Load(); (got == 1) != (tc.wantStatus == 200) {
				t.Errorf("the pod got %d requests", got)
			}
			if diff := cmp.Diff(tc.wantDenied, nilIfEmpty(l.tally("serin_proxy_denied_total", labelCallerNamespace, labelCallerWorkload, labelMode))); diff != "" {
				t.Errorf("denied (-want +got):\n%s", diff)
			}
			if got := log.count("policy denies"); got != len(tc.wantDenied) {
				t.Errorf("%d denials were logged", got)
			}
			if got := len(l.tally("serin_proxy_requests_total", labelPod)); (got == 1) != (tc.wantStatus == 200) {
				t.Errorf("%d pods were counted for", got)
			}
		})
	}
}

// TestPolicyIsAskedByPodLabels allows what has a label to call what has another, by IdentityBindings.
func TestPolicyIsAskedByPodLabels(t *testing.T) {
	binding := func(name, app string) access.IdentityBinding {
		return access.IdentityBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name},
			Spec: access.IdentityBindingSpec{Schemes: access.IdentitySchemes{
				PodLabelSelectors: []access.PodLabelSelector{{MatchLabels: map[string]string{"app": app}}},
			}},
		}
	}
	in := metav1.ObjectMeta{Namespace: shop, Name: "web"}
	graph := policy.Build(policy.Snapshot{
		TrafficTargets: []access.TrafficTarget{{ObjectMeta: in, Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "IdentityBinding", Name: "backends"},
			Sources:     []access.Subject{{Kind: "IdentityBinding", Name: "callers"}},
			Rules:       []access.Rule{{Kind: "TCPRoute", Name: "web"}},
		}}},
		TCPRoutes:        []specs.TCPRoute{{ObjectMeta: in}},
		IdentityBindings: []access.IdentityBinding{binding("callers", "client"), binding("backends", "v1")},
	})
	tests := map[string]struct {
		caller, backend string
		wantStatus      int
	}{
		"both have their labels":           {caller: "client", backend: "v1", wantStatus: 200},
		"the caller has another label":     {caller: "other", backend: "v1", wantStatus: 403},
		"the pod called has another label": {caller: "client", backend: "v2", wantStatus: 403},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			caller, backend := podObject("client-a", "10.1.0.1", "client"), podObject("v1-a", "10.0.1.1", "v1")
			caller.Labels["app"], backend.Labels["app"] = tc.caller, tc.backend
			l := newLab(t, func(o *Options) {
				o.Peer = func(net.Conn) netip.Addr { return netip.MustParseAddr("10.1.0.1") }
			})
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.world.pods, l.world.graph = enforce.IndexPods([]*corev1.Pod{caller, backend}, nil), graph
			l.world.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: "Enforce"}
			l.backend("10.0.1.1:8080", says200("v1"))
			l.put()
			if status, body := get(t, newClient(t), l.url(80)); status != tc.wantStatus {
				t.Errorf("got %d %q", status, body)
			}
		})
	}
}

func nilIfEmpty(m map[string]float64) map[string]float64 {
	if len(m) == 0 {
		return nil
	}
	return m
}

// journal keeps log lines.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(_, line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) count(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := 0
	for _, line := range j.lines {
		if strings.Contains(line, part) {
			n++
		}
	}
	return n
}
