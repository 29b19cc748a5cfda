package network

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"testing"
)

func TestAnotherProcessListensAndDialsByWayOfABroker(t *testing.T) {
	n := New(prefix)
	broker, err := n.Broker()
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	member := Join(broker.Addr())
	l, err := member.Listen(t.Context(), server, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().String()
	answers := &http.Server{ConnContext: keepConn, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, member.Peer(r.Context().Value(connKey{}).(net.Conn)).String())
	})}
	go func() { _ = answers.Serve(l) }()
	defer func() { _ = answers.Close() }()

	own := &http.Client{Transport: &http.Transport{DialContext: n.DialFrom(caller)}}
	defer own.CloseIdleConnections()
	if got := body(t, own, at); got != caller.String() {
		t.Errorf("the caller is %s to the other process, want %s", got, caller)
	}
	theirs := &http.Client{Transport: &http.Transport{DialContext: member.DialContext}}
	defer theirs.CloseIdleConnections()
	if got := body(t, theirs, at); got != (netip.Addr{}).String() {
		t.Errorf("a caller of the other process is %s, want nobody", got)
	}
	if _, err := member.Listen(t.Context(), server, l.Addr().(*net.TCPAddr).Port); err == nil {
		t.Error("two listeners have one address")
	}
	broker.Close()
	if _, err := n.DialFrom(caller)(t.Context(), "tcp", at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialing what a gone process listened at: %v, want connection refused", err)
	}
}

func TestAClosedListenerOfAnotherProcessFreesItsAddress(t *testing.T) {
	n := New(prefix)
	broker, err := n.Broker()
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	member := Join(broker.Addr())
	for range 2 {
		l, err := member.Listen(t.Context(), server, 8080)
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
	if _, err := member.DialContext(t.Context(), "tcp", server+":8080"); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialing a closed listener: %v, want connection refused", err)
	}
}

func body(t *testing.T, client *http.Client, at string) string {
	t.Helper()
	response, err := client.Get("http://" + at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
