package network

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// listener is a real listener on loopback known by its simulated address.
type listener struct {
	net.Listener

	network *Network
	at      netip.AddrPort
	close   sync.Once
	err     error
}

// Listen listens at a pod address. Port 0 picks a free port. The listener's Addr is the simulated one, a *net.TCPAddr; the
// connections it accepts are plain TCP connections, which Peer knows.
func (n *Network) Listen(ctx context.Context, host string, port int) (net.Listener, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return nil, fmt.Errorf("network: listen: %w", err)
	}
	var config net.ListenConfig
	inner, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("network: listen at %s:%d: %w", host, port, err)
	}
	at, err := n.register(inner.Addr().String(), addr, port)
	if err != nil {
		_ = inner.Close()
		return nil, err
	}
	return &listener{Listener: inner, network: n, at: at}, nil
}

// Expose has a pod address lead to something that listens on loopback already, until the returned function is called.
func (n *Network) Expose(socket net.Addr, addr netip.Addr, port int) (hide func(), err error) {
	at, err := n.register(socket.String(), addr, port)
	return func() { n.unregister(at) }, err
}

func (n *Network) register(socket string, addr netip.Addr, port int) (netip.AddrPort, error) {
	if !n.prefix.Contains(addr) || port < 0 || port > 65535 {
		return netip.AddrPort{}, fmt.Errorf("network: listen: %s:%d is not an address of %s", addr, port, n.prefix)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == 0 {
		free, err := n.freePort(addr)
		if err != nil {
			return netip.AddrPort{}, err
		}
		port = free
	}
	at := netip.AddrPortFrom(addr, uint16(port))
	if n.listeners[at] != "" {
		err := os.NewSyscallError("bind", syscall.EADDRINUSE)
		return netip.AddrPort{}, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(at), Err: err}
	}
	n.listeners[at] = socket
	return at, nil
}

func (n *Network) unregister(at netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.listeners, at)
}

// Addr returns the simulated address.
func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }

// Close closes the real listener and frees the simulated address and port.
func (l *listener) Close() error {
	l.close.Do(func() {
		l.network.unregister(l.at)
		l.err = l.Listener.Close()
	})
	return l.err
}
