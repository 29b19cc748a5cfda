package network

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

var (
	prefix = netip.MustParsePrefix("10.244.0.0/16")
	server = "10.244.0.10"
	caller = netip.MustParseAddr("10.244.0.20")
)

func TestAllocateGivesEachAddressOnce(t *testing.T) {
	n := New(netip.MustParsePrefix("10.244.0.0/30"))
	seen := map[netip.Addr]bool{}
	for range 3 {
		addr, err := n.Allocate()
		if err != nil || seen[addr] || !n.prefix.Contains(addr) || addr == n.prefix.Addr() {
			t.Fatalf("Allocate() = %s, %v; seen %v", addr, err, seen)
		}
		seen[addr] = true
	}
	if addr, err := n.Allocate(); err == nil {
		t.Fatalf("Allocate() of a full network = %s, want an error", addr)
	}
	n.Release(netip.MustParseAddr("10.244.0.2"))
	if addr, err := n.Allocate(); err != nil || addr.String() != "10.244.0.2" {
		t.Fatalf("Allocate() after a release = %s, %v; want 10.244.0.2", addr, err)
	}
}

func TestAReleasedAddressComesBackLate(t *testing.T) {
	n := New(prefix)
	first, _ := n.Allocate()
	n.Release(first)
	if next, _ := n.Allocate(); next == first {
		t.Fatalf("Allocate() = %s again at once", next)
	}
	n.Claim(netip.MustParseAddr("10.244.0.3"))
	if next, _ := n.Allocate(); next.String() != "10.244.0.4" {
		t.Fatalf("Allocate() = %s, want 10.244.0.4 as 10.244.0.3 is claimed", next)
	}
}

func TestListenReportsTheSimulatedAddress(t *testing.T) {
	n := New(prefix)
	wanted := listenAt(t, n, 8080)
	if got := wanted.Addr().String(); got != "10.244.0.10:8080" {
		t.Errorf("Addr() = %s, want 10.244.0.10:8080", got)
	}
	free := listenAt(t, n, 0).Addr().(*net.TCPAddr).Port
	other := listenAt(t, n, 0).Addr().(*net.TCPAddr).Port
	if free == 0 || free == other {
		t.Errorf("free ports are %d and %d, want two different ones", free, other)
	}
}

func TestListenRefusesWhatIsTakenOrElsewhere(t *testing.T) {
	n := New(prefix)
	first := listenAt(t, n, 8080)
	if _, err := n.Listen(t.Context(), server, 8080); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("second Listen = %v, want EADDRINUSE", err)
	}
	_ = first.Close()
	if err := first.Close(); err != nil {
		t.Errorf("second Close = %v, want nil", err)
	}
	listenAt(t, n, 8080)
	for _, host := range []string{"127.0.0.1", "", "example"} {
		if _, err := n.Listen(t.Context(), host, 80); err == nil {
			t.Errorf("Listen at %q succeeded", host)
		}
	}
}

func TestDialWhereNothingListensIsRefused(t *testing.T) {
	n := New(prefix)
	gone := listenAt(t, n, 8080)
	_ = gone.Close()
	for _, addr := range []string{"10.244.0.10:8080", "10.244.0.11:80", "127.0.0.1:1"} {
		if _, err := n.DialFrom(caller)(t.Context(), "tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial %s = %v, want connection refused", addr, err)
		}
	}
}

func TestPeerTellsWhoCalledUntilTheConnectionCloses(t *testing.T) {
	n := New(prefix)
	l := listenAt(t, n, 8080)
	dialed, err := n.DialFrom(caller)(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	if got := n.Peer(accepted); got != caller {
		t.Errorf("Peer() = %s, want %s", got, caller)
	}
	if got := dialed.RemoteAddr().String(); got != "10.244.0.10:8080" {
		t.Errorf("RemoteAddr() = %s, want 10.244.0.10:8080", got)
	}
	_ = dialed.Close()
	if got := n.Peer(accepted); got.IsValid() {
		t.Errorf("Peer() after Close = %s, want none", got)
	}
	if len(n.callers) != 0 {
		t.Errorf("%d callers are remembered after Close", len(n.callers))
	}
}

func TestAnExposedAddressLeadsToWhatListensAlready(t *testing.T) {
	n := New(prefix)
	backend := httptest.NewServer(http.NotFoundHandler())
	defer backend.Close()
	hide, err := n.Expose(backend.Listener.Addr(), netip.MustParseAddr(server), 8080)
	if err != nil {
		t.Fatal(err)
	}
	dial := n.DialFrom(caller)
	conn, err := dial(t.Context(), "tcp", server+":8080")
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	hide()
	if _, err := dial(t.Context(), "tcp", server+":8080"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after hiding = %v, want connection refused", err)
	}
}

// TestEveryRequestKnowsItsCaller is the proxy's use: many callers at once, the peer looked up while serving.
func TestEveryRequestKnowsItsCaller(t *testing.T) {
	n := New(prefix)
	l := listenAt(t, n, 8080)
	backend := &httptest.Server{Listener: l, Config: &http.Server{ConnContext: keepConn, Handler: answerPeer(n)}}
	backend.Start()
	t.Cleanup(backend.Close)

	var wait sync.WaitGroup
	for i := range 32 {
		wait.Go(func() {
			from := netip.MustParseAddr("10.244.1." + strconv.Itoa(i+1))
			client := &http.Client{Transport: &http.Transport{DialContext: n.DialFrom(from), DisableKeepAlives: i%2 == 0}}
			defer client.CloseIdleConnections()
			for range 20 {
				if got := get(t, client, "http://10.244.0.10:8080"); got != from.String() {
					t.Errorf("caller %s was seen as %s", from, got)
				}
			}
		})
	}
	wait.Wait()
}

func listenAt(t *testing.T, n *Network, port int) net.Listener {
	t.Helper()
	l, err := n.Listen(t.Context(), server, port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
