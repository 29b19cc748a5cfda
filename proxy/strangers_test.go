package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
)

// guardedLab enforces that only shop/client calls v1. All calls come from one address, and v1 is the only pod that is known.
func guardedLab(t *testing.T, mode string, grace time.Duration) *lab {
	l := newLab(t, func(o *Options) {
		o.StrangerGrace = grace
		o.Peer = func(net.Conn) netip.Addr { return netip.MustParseAddr("10.1.0.1") }
	})
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.world.graph = guarded()
	l.world.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: mode}
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	return l
}

// appears has the API server tell the address of the pod that calls, which runs as an account.
func (l *lab) appears(account string) {
	l.world.pods = enforce.IndexPods([]*corev1.Pod{podObject("v1-a", "10.0.1.1", "v1"), podObject("caller", "10.1.0.1", account)}, nil)
	l.put()
}

// waits says whether a call is kept for its caller to become known.
func (l *lab) waits() bool {
	l.strangers.mu.Lock()
	defer l.strangers.mu.Unlock()
	return len(l.strangers.calls) > 0
}

func TestACallerThatIsNotKnownYetIsWaitedFor(t *testing.T) {
	for account, want := range map[string]string{"client": "200", "other": "403"} {
		t.Run(account, func(t *testing.T) {
			l := guardedLab(t, "Enforce", time.Hour)
			client := newClient(t)
			answer := make(chan string, 1)
			go func() {
				response, err := client.Get(l.url(80) + "/api/x")
				if err != nil {
					answer <- err.Error()
					return
				}
				defer response.Body.Close()
				answer <- response.Status
			}()
			eventually(t, "the call is kept", l.waits)
			l.put() // another table that does not know the caller either
			l.appears(account)
			if got := <-answer; !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if l.waits() {
				t.Error("it is remembered as a stranger")
			}
		})
	}
}

func TestAConnectionOfACallerThatIsNotKnownYetIsWaitedFor(t *testing.T) {
	l := guardedLab(t, "Enforce", time.Hour)
	l.world.graph = connects("client")
	l.world.services[0].Spec.Ports[0].AppProtocol = ptr.To("https")
	l.rawBackend("10.0.1.1:8080", "v1")
	l.put()
	answer := make(chan string, 1)
	go func() {
		heard, err := l.converse(80, "hello")
		if err != nil {
			heard = err.Error()
		}
		answer <- heard
	}()
	eventually(t, "the connection is kept", l.waits)
	l.appears("client")
	if got := <-answer; got != `I am v1. You said "hello".` {
		t.Errorf("got %q", got)
	}
}

func TestWhoNeverBecomesKnownIsWaitedForOnce(t *testing.T) {
	l := guardedLab(t, "Enforce", 50*time.Millisecond)
	client := newClient(t)
	for range 3 {
		if status, body := get(t, client, l.url(80)+"/api/x"); status != http.StatusForbidden || !strings.Contains(body, "not authenticated") {
			t.Errorf("got %d %q", status, body)
		}
	}
	stranger := netip.MustParseAddr("10.1.0.1")
	if left := l.strangers.left(stranger, time.Now()); left > 0 {
		t.Errorf("it would be waited for again, for %s", left)
	}
}

func TestNobodyIsWaitedForWherePolicyDoesNotRefuse(t *testing.T) {
	for _, mode := range []string{"Off", "Audit"} {
		l := guardedLab(t, mode, time.Hour)
		if status, _ := get(t, newClient(t), l.url(80)+"/api/x"); status != http.StatusOK {
			t.Errorf("%s: %d", mode, status)
		}
		if l.waits() {
			t.Errorf("%s: it was waited for", mode)
		}
	}
}

func TestStrangersHaveTheirTimeOnce(t *testing.T) {
	began := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	a, b := netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.2")
	s := strangers{grace: 3 * time.Second}
	steps := []struct {
		what    string
		address netip.Addr
		after   time.Duration
		forget  bool
		want    time.Duration
	}{
		{what: "the first call", address: a, want: 3 * time.Second},
		{what: "another one", address: a, after: 2 * time.Second, want: time.Second},
		{what: "another address", address: b, after: 2 * time.Second, want: 3 * time.Second},
		{what: "it had its time", address: a, after: 4 * time.Second, want: -time.Second},
		{what: "it goes on to call", address: a, after: 50 * time.Second, want: -47 * time.Second},
		{what: "still", address: a, after: 100 * time.Second, want: -97 * time.Second},
		{what: "one that was away for longer than is remembered", address: b, after: 100 * time.Second, want: 3 * time.Second},
		{what: "one that was a pod's meanwhile", address: a, after: 101 * time.Second, forget: true, want: 3 * time.Second},
		{what: "all were away", address: b, after: time.Hour, want: 3 * time.Second},
	}
	for _, step := range steps {
		if step.forget {
			s.forget(step.address)
		}
		if got := s.left(step.address, began.Add(step.after)); got != step.want {
			t.Errorf("%s: %s are left, want %s", step.what, got, step.want)
		}
	}
	if len(s.calls) != 1 {
		t.Errorf("%d addresses are remembered, want the last one", len(s.calls))
	}
}
