package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/serin-dev/serin/policy"
)

// tunnels serves a port whose appProtocol says that it is not HTTP, such as one with TLS: each connection is carried to a
// pod as it is. It counts as one request, a success when a pod took it, and its duration is the time until then. A connection that
// policy denies, or no pod takes, is reset.
type tunnels struct {
	front *front
	// base ends with the front.
	base context.Context

	mu       sync.Mutex
	listener net.Listener
	stopped  bool
}

// Serve accepts connections until Shutdown or Close, and then returns http.ErrServerClosed.
func (s *tunnels) Serve(listener net.Listener) error {
	s.mu.Lock()
	s.listener = listener
	stopped := s.stopped
	s.mu.Unlock()
	if stopped {
		return errors.Join(http.ErrServerClosed, listener.Close())
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			return s.why(err)
		}
		s.front.active.Add(1)
		go func() {
			defer s.front.active.Add(-1)
			s.carry(conn)
		}()
	}
}

// why turns the error of a listener that was closed on purpose into http.ErrServerClosed.
func (s *tunnels) why(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return http.ErrServerClosed
	}
	return err
}

// Shutdown accepts no more connections. Those that are open stay, and the front knows how many they are.
func (s *tunnels) Shutdown(context.Context) error {
	return s.Close()
}

// Close does what Shutdown does; open connections end with the base context.
func (s *tunnels) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.listener == nil {
		return nil
	}
	return s.listener.Close()
}

// carry takes one connection to a pod.
func (s *tunnels) carry(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	p := newPassage(s.base, s.front, s.front.plane.options.Peer(conn).Unmap())
	defer p.release()
	pod := s.dial(&p)
	if pod == nil {
		reset(conn)
		return
	}
	defer func() { _ = pod.Close() }()
	p.end(outcomeSuccess)
	defer context.AfterFunc(s.base, func() {
		_ = conn.Close()
		_ = pod.Close()
	})()
	join(conn, pod)
}

// dial connects to a pod, or returns nil when none can be had or policy denies it.
func (s *tunnels) dial(p *passage) net.Conn {
	o := &p.plane.options
	for p.next() {
		if p.route.apex.mode != accessOff && p.judge(policy.Request{Protocol: policy.TCP}) != "" {
			return nil
		}
		ctx, cancel := context.WithTimeout(s.base, o.DialTimeout)
		conn, err := o.Dial(ctx, "tcp", p.current.host)
		cancel()
		if err == nil {
			return conn
		}
		if s.base.Err() != nil {
			return nil
		}
		p.undialled()
	}
	p.fail()
	return nil
}

// join copies between two connections, in each direction until its end, which is passed on.
func join(a, b net.Conn) {
	var ends sync.WaitGroup
	ends.Go(func() { pour(b, a) })
	ends.Go(func() { pour(a, b) })
	ends.Wait()
}

// pour copies in one direction. When reading ends, so does writing to the other side; when anything fails, both sides end.
func pour(to, from net.Conn) {
	_, err := io.Copy(to, from)
	half, ok := to.(interface{ CloseWrite() error })
	if err == nil && ok && half.CloseWrite() == nil {
		return
	}
	_ = to.Close()
	_ = from.Close()
}

// reset ends a connection in a way that the peer sees as refused, where the connection allows it.
func reset(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
}
