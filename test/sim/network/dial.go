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

// DialContext is the form of dialing that http.Transport and most libraries take.
type DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

// DialFrom returns a dialer for the pod at the given address. It reaches simulated addresses only; one where nothing listens
// refuses the connection as a real host would.
func (n *Network) DialFrom(caller netip.Addr) DialContext {
	return func(ctx context.Context, _, addr string) (net.Conn, error) {
		to, err := netip.ParseAddrPort(addr)
		if err != nil {
			return nil, fmt.Errorf("network: dial: %w", err)
		}
		return n.dial(ctx, caller, to)
	}
}

func (n *Network) dial(ctx context.Context, caller netip.Addr, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	socket := n.listeners[to]
	n.mu.Unlock()
	if socket == "" {
		return nil, refused(to)
	}
	var dialer net.Dialer
	inner, err := dialer.DialContext(ctx, "tcp4", socket)
	if err != nil {
		if ctx.Err() == nil {
			return nil, refused(to) // closed between the look-up and the dial
		}
		return nil, err
	}
	tcp, ok := inner.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("network: dial %s: not a TCP connection", to)
	}
	id := connection{client: inner.LocalAddr().String(), server: inner.RemoteAddr().String()}
	n.mu.Lock()
	n.callers[id] = caller
	n.mu.Unlock()
	return &conn{TCPConn: tcp, network: n, id: id, to: to}, nil
}

// Peer returns the pod address that dialed an accepted connection, or the zero address when no pod did. The dialer is known
// before it can have sent its first byte, so asking once a request has been read is never too early.
func (n *Network) Peer(accepted net.Conn) netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.callers[connection{client: accepted.RemoteAddr().String(), server: accepted.LocalAddr().String()}]
}

func refused(to netip.AddrPort) error {
	err := os.NewSyscallError("connect", syscall.ECONNREFUSED)
	return &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
}

// conn is the dialing side of a connection.
type conn struct {
	*net.TCPConn

	network *Network
	id      connection
	to      netip.AddrPort
	forget  sync.Once
}

// RemoteAddr returns the simulated address that was dialed.
func (c *conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.to) }

// Close closes the connection. Who dialed it is forgotten first, while the kernel cannot have given its port away yet.
func (c *conn) Close() error {
	c.forget.Do(func() {
		c.network.mu.Lock()
		delete(c.network.callers, c.id)
		c.network.mu.Unlock()
	})
	return c.TCPConn.Close()
}
