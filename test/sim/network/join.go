package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Member is a network as another process sees it, by way of a broker.
type Member struct {
	broker string
	client *http.Client
}

// Join enters the network of another process by the address of its broker.
func Join(broker string) *Member {
	return &Member{broker: broker, client: &http.Client{
		Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
}

// Listen listens at a pod address, as Network.Listen does.
func (m *Member) Listen(ctx context.Context, host string, port int) (net.Listener, error) {
	var config net.ListenConfig
	inner, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("network: listen at %s:%d: %w", host, port, err)
	}
	got, err := m.Expose(ctx, inner.Addr(), host, port)
	if err != nil {
		_ = inner.Close()
		return nil, err
	}
	addr, err := netip.ParseAddr(host)
	return &joined{Listener: inner, member: m, at: netip.AddrPortFrom(addr, uint16(got))}, err
}

// Expose has a pod address lead to something that listens on loopback already, and returns the port.
func (m *Member) Expose(ctx context.Context, socket net.Addr, host string, port int) (int, error) {
	ask := url.Values{"socket": {socket.String()}, "host": {host}, "port": {strconv.Itoa(port)}}
	text, err := m.ask(ctx, http.MethodPost, "/expose?"+ask.Encode())
	if err != nil {
		return 0, fmt.Errorf("network: listen at %s:%d: %w", host, port, err)
	}
	return strconv.Atoi(text)
}

// DialContext dials a pod address.
func (m *Member) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("network: dial: %w", err)
	}
	socket, err := m.ask(ctx, http.MethodGet, "/socket?"+url.Values{"at": {addr}}.Encode())
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, refused(to)
	}
	var dialer net.Dialer
	inner, err := dialer.DialContext(ctx, "tcp4", socket)
	if err != nil && ctx.Err() == nil {
		return nil, refused(to)
	}
	return inner, err
}

// Peer returns the pod address that dialed an accepted connection, or the zero address when no pod did.
func (m *Member) Peer(accepted net.Conn) netip.Addr {
	ask := url.Values{"client": {accepted.RemoteAddr().String()}, "server": {accepted.LocalAddr().String()}}
	text, err := m.ask(context.Background(), http.MethodGet, "/peer?"+ask.Encode())
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(text)
	return addr
}

func (m *Member) ask(ctx context.Context, method, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+m.broker+path, http.NoBody)
	if err != nil {
		return "", err
	}
	response, err := m.client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	return string(text), err
}

// joined is a listener by way of a broker.
type joined struct {
	net.Listener

	member *Member
	at     netip.AddrPort
}

// Addr returns the simulated address.
func (l *joined) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

// Close frees the simulated address, then closes the real listener.
func (l *joined) Close() error {
	_, _ = l.member.ask(context.Background(), http.MethodPost, "/hide?"+url.Values{"at": {l.at.String()}}.Encode())
	return l.Listener.Close()
}
