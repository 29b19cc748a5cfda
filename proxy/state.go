package proxy

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// coolDown is how long an endpoint that could not be dialled is passed over while there are others.
	coolDown = time.Second
	// idleTimeout is how long a connection to a pod is kept unused. It is shorter than the keep-alive times that servers are
	// known to have, so that it is this proxy that closes a connection and not the pod, just as a request is put on it.
	idleTimeout = 1500 * time.Millisecond
	// maxIdle is how many unused connections to one endpoint are kept.
	maxIdle = 1024
	// pingAfter and pingTimeout are how long an HTTP/2 connection may be silent before it is tested, and how long a test waits.
	pingAfter   = 15 * time.Second
	pingTimeout = 5 * time.Second
	// continueTimeout is how long a request that expects "100 Continue" waits for it before its body is sent all the same.
	continueTimeout = time.Second
)

// endpointState is what outlives a table: the connections to an endpoint, how busy it is, and the counters it has.
// The zero value is ready to be put into a table; the plane opens it before the table is used.
type endpointState struct {
	// inFlight counts the requests and upgraded connections that the endpoint has now.
	inFlight atomic.Int64
	// coolUntil is the time, in nanoseconds since 1970, until which the endpoint is passed over.
	coolUntil atomic.Int64

	http1   *http.Transport
	http2   *http.Transport
	waiting prometheus.Gauge
	// series are the counters by caller: *enforce.Pod to *series. It saves the ledger's lock on every request.
	series sync.Map
}

func (s *endpointState) isCooling(now time.Time) bool {
	until := s.coolUntil.Load()
	return until != 0 && now.UnixNano() < until
}

func (s *endpointState) cool(now time.Time) {
	s.coolUntil.Store(now.Add(coolDown).UnixNano())
}

// begin and end frame what the endpoint is busy with.
func (s *endpointState) begin() {
	s.inFlight.Add(1)
	s.waiting.Inc()
}

func (s *endpointState) end() {
	s.inFlight.Add(-1)
	s.waiting.Dec()
}

// closeIdle closes the connections that carry nothing now. What is in flight goes on.
func (s *endpointState) closeIdle() {
	s.http1.CloseIdleConnections()
	s.http2.CloseIdleConnections()
}

// dialError says that no connection to the endpoint came about, so that nothing was sent to it.
type dialError struct {
	error
}

func (e *dialError) Unwrap() error {
	return e.error
}

// newTransports makes the HTTP/1.1 and the HTTP/2 transport of one endpoint.
func newTransports(o *Options) (http1, http2 *http.Transport) {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
		defer cancel()
		conn, err := o.Dial(ctx, network, address)
		if err != nil {
			return nil, &dialError{err}
		}
		return conn, nil
	}
	speaking := func(protocols *http.Protocols) *http.Transport {
		return &http.Transport{
			DialContext:           dial,
			Protocols:             protocols,
			DisableCompression:    true, // what the client did not ask for must not be undone either
			MaxIdleConnsPerHost:   maxIdle,
			IdleConnTimeout:       idleTimeout,
			ResponseHeaderTimeout: o.ResponseHeaderTimeout,
			ExpectContinueTimeout: continueTimeout,
			HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		}
	}
	var only1, only2 http.Protocols
	only1.SetHTTP1(true)
	only2.SetUnencryptedHTTP2(true)
	return speaking(&only1), speaking(&only2)
}
