package proxy

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/policy"
)

// rawBackend starts a pod that greets first, reads to the end, and says what it read.
func (l *lab) rawBackend(address, name string) {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { listener.Close() })
	l.at(address, listener.Addr().String())
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				fmt.Fprintf(conn, "I am %s. ", name)
				said, _ := io.ReadAll(conn)
				fmt.Fprintf(conn, "You said %q.", said)
			}()
		}
	}()
}

// converse says something to a port of the apex, ends, and returns what comes back.
func (l *lab) converse(port int32, say string) (string, error) {
	l.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.url(port), "http://"))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, say); err != nil {
		return "", err
	}
	_ = conn.(*net.TCPConn).CloseWrite()
	heard, err := io.ReadAll(conn)
	return string(heard), err
}

func rawLab(t *testing.T, adjust ...func(*Options)) *lab {
	t.Helper()
	l := newLab(t, adjust...)
	l.world = shared(map[string]int64{"v1": 1, "v2": 0}, "v1", "v2")
	l.world.services[0].Spec.Ports[0].AppProtocol = ptr.To("tls")
	l.rawBackend("10.0.1.1:8080", "v1")
	l.rawBackend("10.0.2.1:8080", "v2")
	l.put()
	return l
}

func TestConnectionsOfOtherProtocolsAreCarriedAsTheyAre(t *testing.T) {
	l := rawLab(t)
	if heard, err := l.converse(80, "hello"); heard != `I am v1. You said "hello".` || err != nil {
		t.Errorf("heard %q, error %v", heard, err)
	}
	want := map[string]float64{"v1 success": 1}
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	l.at("10.0.1.1:8080", refusing(t))
	if heard, err := l.converse(80, ""); err == nil {
		t.Errorf("heard %q where nobody is", heard)
	}
	want["v1 failure"] = 1
	if diff := cmp.Diff(want, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func TestAPortThatBecomesHTTPGetsAnotherListener(t *testing.T) {
	l := rawLab(t)
	before := l.adverts()[web][0].listens
	l.world.services[0] = service("web", 80)
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	if after := l.adverts()[web]; len(after) != 1 || after[0].listens == before {
		t.Errorf("before %d, after %v", before, after)
	}
	if status, body := get(t, newClient(t), l.url(80)); status != http.StatusOK || body != "v1" {
		t.Errorf("got %d %q", status, body)
	}
}

// connects allows one account to connect to shop/v1.
func connects(account string) authorizer {
	object := service("web").ObjectMeta
	return policy.Build(policy.Snapshot{
		TrafficTargets: []access.TrafficTarget{{ObjectMeta: object, Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "ServiceAccount", Name: "v1"},
			Sources:     []access.Subject{{Kind: "ServiceAccount", Name: account, Namespace: shop}},
			Rules:       []access.Rule{{Kind: "TCPRoute", Name: "web"}},
		}}},
		TCPRoutes: []specs.TCPRoute{{ObjectMeta: object}},
	})
}

func TestPolicyResetsConnectionsThatItDenies(t *testing.T) {
	graph := connects("v2")
	tests := map[string]struct {
		peer  string
		heard string
	}{
		"allowed": {peer: "10.0.2.1", heard: `I am v1. You said "".`},
		"denied":  {peer: "10.9.9.9"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := rawLab(t, func(o *Options) {
				o.Peer = func(net.Conn) netip.Addr { return netip.MustParseAddr(tc.peer) }
			})
			l.world.graph = graph
			l.world.splits[0].Annotations = map[string]string{v1alpha1.AnnotationAccessMode: "Enforce"}
			l.put()
			if heard, err := l.converse(80, ""); heard != tc.heard || (err == nil) != (tc.heard != "") {
				t.Errorf("heard %q, error %v", heard, err)
			}
		})
	}
}

func TestStoppingCutsConnectionsOffInTheEnd(t *testing.T) {
	l := rawLab(t, func(o *Options) { o.DrainTimeout = 20 * time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(l.url(80), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	greeting := make([]byte, len("I am v1. "))
	if _, err := io.ReadFull(conn, greeting); err != nil {
		t.Fatal(err)
	}
	l.stop()
	if _, err := conn.Read(greeting); err == nil {
		t.Error("the connection is still there")
	}
}
