package proxy

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
)

// held is a backend that answers when it is told to.
func held(arrived chan<- struct{}, release <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-release
		fmt.Fprint(w, "done")
	})
}

func refuses(url string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func TestAListenerWhoseSplitIsGoneServesOnUntilItIsWithdrawn(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	l.backend("10.0.1.1:8080", held(arrived, release))
	l.put()
	url, client := l.url(80), newClient(t)

	gone := l.world
	gone.splits = nil
	l.apply(buildTable(gone, l.table.Load()), anyPort) // but the EndpointSlice is still there
	if len(l.adverts()) > 0 {
		t.Errorf("still advertised: %v", l.adverts())
	}
	answer := make(chan string, 1)
	go func() {
		status, body := get(t, client, url)
		answer <- fmt.Sprint(status, body)
	}()
	<-arrived
	l.withdrawn(l.leavers())
	eventually(t, "the listener is closed", func() bool { return refuses(url) })
	close(release)
	if got := <-answer; got != "200done" {
		t.Errorf("the request in flight got %s", got)
	}
}

func TestClientsAreAskedToLeaveADrainingListener(t *testing.T) {
	l := newLab(t, func(o *Options) { o.WithdrawGrace = 10 * time.Second })
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	url := l.url(80)
	for f := range l.fronts {
		l.fronts[f].draining.Store(true)
	}
	response, err := newClient(t).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if !response.Close {
		t.Error("the response does not ask the client to close the connection")
	}
	l.options.WithdrawGrace = time.Millisecond
}

func TestStoppingWaitsForRequestsAndUpgradedConnections(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	arrived, release := make(chan struct{}, 1), make(chan struct{})
	l.backend("10.0.1.1:8080", echoing(held(arrived, release)))
	l.put()
	url := l.url(80)
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan string, 2)
	for _, client := range []*http.Client{newClient(t), newHTTP2Client(t)} {
		go func() {
			status, body := get(t, client, url)
			answers <- fmt.Sprint(status, body)
		}()
		<-arrived
	}
	stopped := make(chan struct{})
	go func() {
		l.stop()
		close(stopped)
	}()
	eventually(t, "the listener is closed", func() bool { return refuses(url) })
	if err := conn.WriteMessage(websocket.TextMessage, []byte("still there")); err != nil {
		t.Fatal(err)
	}
	if _, message, err := conn.ReadMessage(); err != nil || string(message) != "still there" {
		t.Errorf("got %q, error %v", message, err)
	}
	close(release)
	for range 2 {
		if got := <-answers; got != "200done" {
			t.Errorf("a request in flight got %s", got)
		}
	}
	select {
	case <-stopped:
		t.Error("stopped although a connection is open")
	default:
	}
	conn.Close()
	<-stopped
}

func TestStoppingCutsOffWhatOutlastsTheDrainTimeout(t *testing.T) {
	l := newLab(t, func(o *Options) { o.DrainTimeout = 20 * time.Millisecond })
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", echoing(nil))
	l.put()
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(l.url(80), "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	l.stop()
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the connection is still there")
	}
}

// echoing upgrades what can be upgraded, and leaves the rest to another handler.
func echoing(others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			others.ServeHTTP(w, r)
			return
		}
		var upgrader websocket.Upgrader
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			_ = conn.WriteMessage(kind, message)
		}
	})
}

func TestPortsComeAndGo(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", says200("v1"))
	l.put()
	first := l.adverts()[web]
	l.world.services[0] = service("web", 80, 81)
	l.world.services[1].Spec.Ports = append(l.world.services[1].Spec.Ports, corev1.ServicePort{Name: "more", Port: 81})
	l.put()
	if second := l.adverts()[web]; len(second) != 2 || second[0].listens != first[0].listens {
		t.Errorf("before %v, after %v", first, second)
	}
	if status, _ := get(t, newClient(t), l.url(81)); status != http.StatusServiceUnavailable {
		t.Errorf("port 81 without endpoints got %d", status)
	}
	l.world.services[0] = service("web", 80)
	l.put()
	if diff := cmp.Diff(first, l.adverts()[web], cmp.AllowUnexported(advert{}, servicePort{})); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
}

func TestAListenerThatFailsIsReportedAndTriedAgain(t *testing.T) {
	fail := true
	l := newLab(t)
	listen := l.options.Listen
	l.plane.options.Listen = func(ctx context.Context, host string, port int) (net.Listener, error) {
		if fail {
			return nil, fmt.Errorf("no port is free")
		}
		return listen(ctx, host, port)
	}
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	failed := l.apply(buildTable(l.world, nil), anyPort)
	if len(failed) != 1 || len(l.adverts()) != 0 {
		t.Errorf("failed %v, advertised %v", failed, l.adverts())
	}
	fail = false
	if failed = l.apply(buildTable(l.world, l.table.Load()), anyPort); len(failed) != 0 || len(l.adverts()) != 1 {
		t.Errorf("failed %v, advertised %v", failed, l.adverts())
	}
}

func TestAWantedPortIsTakenIfItIsFree(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := taken.Addr().(*net.TCPAddr).Port
	wantPort(t, port, false)
	taken.Close()
	wantPort(t, port, true)
}

func wantPort(t *testing.T, port int, free bool) {
	t.Helper()
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	if failed := l.apply(buildTable(l.world, nil), func(*route) int { return port }); len(failed) > 0 {
		t.Fatal(failed)
	}
	if got := l.adverts()[web][0].listens; (got == port) != free {
		t.Errorf("wanted %d, got %d", port, got)
	}
}
