package proxy

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// requestHeaderTimeout is the longest that a client may take to send a request's header.
	requestHeaderTimeout = 30 * time.Second
	// clientIdleTimeout is how long a client's connection may be unused. It is longer than clients keep theirs, so that it is
	// the client that closes.
	clientIdleTimeout = 5 * time.Minute
	// maxStreams is how many requests an HTTP/2 client may have in flight on one connection.
	maxStreams = 1000
	// lastRequests is how often a listener that stops looks whether its upgraded connections have ended.
	lastRequests = 5 * time.Millisecond
)

// front is the listener of one port of an apex, and the server behind it.
type front struct {
	key   frontKey
	plane *plane
	route atomic.Pointer[route]
	// port is the port to advertise.
	port   int
	server server
	cancel context.CancelFunc
	// draining says that the front is withdrawn, so that clients should leave.
	draining atomic.Bool
	// active counts the requests and upgraded connections in flight.
	active atomic.Int64
}

// server is what a front needs of a server: an http.Server or tunnels.
type server interface {
	Serve(listener net.Listener) error
	Shutdown(ctx context.Context) error
	Close() error
}

type connKey struct{}

// newFront opens a listener at a port, 0 for any, and serves a route on it.
func newFront(p *plane, r *route, port int) (*front, error) {
	listener, err := p.options.Listen(p.base, p.options.AdvertiseIP, port)
	if err != nil {
		return nil, err
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(errors.New("the listener has no TCP address"), listener.Close())
	}
	base, cancel := context.WithCancel(p.base)
	f := &front{key: r.key(), plane: p, port: address.Port, cancel: cancel}
	f.route.Store(r)
	if r.raw {
		f.server = &tunnels{front: f, base: base}
	} else {
		f.server = f.newHTTPServer(base)
	}
	go f.serve(listener)
	return f, nil
}

func (f *front) newHTTPServer(base context.Context) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:                      f,
		Protocols:                    &protocols,
		ReadHeaderTimeout:            requestHeaderTimeout,
		IdleTimeout:                  clientIdleTimeout,
		DisableGeneralOptionsHandler: true,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		BaseContext:                  func(net.Listener) context.Context { return base },
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, conn)
		},
		ErrorLog: f.plane.errorLog,
	}
}

func (f *front) serve(listener net.Listener) {
	if err := f.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		f.plane.lost(f, err)
	}
}

// ServeHTTP carries one request.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.active.Add(1)
	defer f.active.Add(-1)
	if r.Method == http.MethodConnect {
		http.Error(w, noTunnels, http.StatusMethodNotAllowed)
		return
	}
	if f.draining.Load() && r.Header.Get("Upgrade") == "" {
		w.Header().Set("Connection", "close")
	}
	if r.ProtoMajor == 1 && r.ContentLength != 0 {
		// A pod may answer before it has the whole body. The error is of writers that cannot, which this one can.
		_ = http.NewResponseController(w).EnableFullDuplex()
	}
	x := &exchange{passage: newPassage(r.Context(), f, f.plane.peerOf(r)), inbound: r}
	defer x.release()
	x.proxy = httputil.ReverseProxy{
		Rewrite:       rewrite,
		Transport:     x,
		FlushInterval: -1,
		BufferPool:    buffers{},
		ErrorLog:      f.plane.errorLog,
		ErrorHandler:  giveUp,
	}
	x.proxy.ServeHTTP(w, r)
}

// stop ends a withdrawn front: it serves for the grace, then takes no more and waits for what is in flight, then cuts it off.
func (f *front) stop() {
	f.draining.Store(true)
	time.Sleep(f.plane.options.WithdrawGrace)
	ctx, cancel := context.WithTimeout(context.Background(), f.plane.options.DrainTimeout)
	defer cancel()
	err := f.server.Shutdown(ctx)
	ticks := time.NewTicker(lastRequests)
	defer ticks.Stop()
	for err == nil && f.active.Load() > 0 {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		f.plane.log.Info("requests in flight were cut off after the drain timeout",
			"apex", f.key.apex, "port", f.key.port, "requests", f.active.Load())
	}
	f.cancel()
	_ = f.server.Close()
}

// peerOf returns the address of the pod that sent a request.
func (p *plane) peerOf(r *http.Request) netip.Addr {
	conn, ok := r.Context().Value(connKey{}).(net.Conn)
	if !ok {
		return netip.Addr{}
	}
	return p.options.Peer(conn).Unmap()
}

// forwardingHeaders are what proxies in front of this one said about the client. They are passed on and never believed.
var forwardingHeaders = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

// rewrite undoes what a reverse proxy changes and this one should not: the query and the forwarding headers stay as they
// came. An upgrade to HTTP/2 is taken out, because what is sent on such a connection would be neither split nor authorised.
func rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme = "http"
	r.Out.URL.RawQuery = r.In.URL.RawQuery
	for _, name := range forwardingHeaders {
		if values, given := r.In.Header[name]; given {
			r.Out.Header[name] = slices.Clone(values)
		}
	}
	if strings.Contains(strings.ToLower(r.Out.Header.Get("Upgrade")), "h2c") {
		r.Out.Header.Del("Upgrade")
		r.Out.Header.Del("Connection")
		r.Out.Header.Del("Http2-Settings")
	}
}

// giveUp answers where there is no response to pass on, which is when the client has left or an upgrade failed.
func giveUp(w http.ResponseWriter, _ *http.Request, _ error) {
	w.WriteHeader(http.StatusBadGateway)
}

const bufferSize = 32 << 10

var bufferPool = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// buffers is the pool of the buffers that responses are copied through.
type buffers struct{}

func (buffers) Get() []byte  { return bufferPool.Get().(*[bufferSize]byte)[:] }
func (buffers) Put(b []byte) { bufferPool.Put((*[bufferSize]byte)(b)) }

// logWriter passes what net/http has to say on to the log.
type logWriter struct {
	write func(line string)
}

// Write implements io.Writer.
func (l logWriter) Write(line []byte) (int, error) {
	l.write(strings.TrimSpace(string(line)))
	return len(line), nil
}

func newErrorLog(write func(line string)) *log.Logger {
	return log.New(logWriter{write}, "", 0)
}
