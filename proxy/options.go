package proxy

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
)

// Defaults of Options.
const (
	defaultWithdrawGrace         = 5 * time.Second
	defaultDrainTimeout          = 30 * time.Second
	defaultDialTimeout           = 2 * time.Second
	defaultResponseHeaderTimeout = 5 * time.Minute
	defaultSeriesRetention       = 10 * time.Minute
	defaultStrangerGrace         = 3 * time.Second
)

// Options are what a Proxy needs to know. Those that say no default are required.
type Options struct {
	// RestConfig leads to the API server. No default.
	RestConfig *rest.Config
	// Log receives what an operator should know. The zero Logger discards it.
	Log logr.Logger
	// PodName and PodNamespace name the pod this proxy runs in; they tell its EndpointSlices from those of its peers. No default.
	PodName      string
	PodNamespace string
	// AdvertiseIP is the address at which clients reach this proxy; it is written into the EndpointSlices. The API server
	// refuses loopback addresses there. No default.
	AdvertiseIP string
	// AdminAddress is the host:port of /metrics, /metrics/tick, /healthz, /readyz and /debug/table; port 0 takes any, and empty
	// means none.
	AdminAddress string

	// Listen opens the listener of one apex port. It gets AdvertiseIP and the port to take, 0 for any; the port of the
	// listener's own TCP address is what is advertised. The default listens at that host and port.
	Listen func(ctx context.Context, host string, port int) (net.Listener, error)
	// Dial opens a connection to a backend pod. The default is that of net.Dialer with DialTimeout.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Peer is the address of the pod at the other end of a caller's connection, the zero Addr if unknown. It is asked at every
	// request. The default is the connection's remote address.
	Peer func(net.Conn) netip.Addr

	// WithdrawGrace is how long a listener keeps serving after its EndpointSlice was withdrawn, so that every node can notice.
	// Default 5 s.
	WithdrawGrace time.Duration
	// DrainTimeout is how long a listener that stops waits for the requests in flight, after WithdrawGrace. Default 30 s.
	DrainTimeout time.Duration
	// DialTimeout is the longest that connecting to a pod may take; the next endpoint is tried after it. Default 2 s.
	DialTimeout time.Duration
	// ResponseHeaderTimeout is the longest that a pod may take from the end of the request to the response's header. Bodies
	// and upgraded connections have no time limit. Default 5 min; negative means no limit.
	ResponseHeaderTimeout time.Duration
	// SeriesRetention is how long the counters of a pod or backend stay after it is gone, so that the last counts are still
	// scraped. Default 10 min.
	SeriesRetention time.Duration
	// StrangerGrace is how long a request is kept, where policy is enforced, whose caller's address no pod is known to have and that did
	// not call before: a pod calls as soon as it runs, and its kubelet tells its address a moment later. Default 3 s; negative
	// means not at all.
	StrangerGrace time.Duration
}

// complete returns the options with the defaults filled in.
func (o Options) complete() Options {
	o.WithdrawGrace = cmp.Or(o.WithdrawGrace, defaultWithdrawGrace)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, defaultDrainTimeout)
	o.DialTimeout = cmp.Or(o.DialTimeout, defaultDialTimeout)
	o.ResponseHeaderTimeout = max(0, cmp.Or(o.ResponseHeaderTimeout, defaultResponseHeaderTimeout))
	o.SeriesRetention = cmp.Or(o.SeriesRetention, defaultSeriesRetention)
	o.StrangerGrace = cmp.Or(o.StrangerGrace, defaultStrangerGrace)
	if o.Log.GetSink() == nil {
		o.Log = logr.Discard()
	}
	if o.Listen == nil {
		o.Listen = listenTCP
	}
	if o.Dial == nil {
		o.Dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	if o.Peer == nil {
		o.Peer = remoteAddress
	}
	return o
}

// validate reports what is missing.
func (o Options) validate() error {
	var problems []error
	if o.RestConfig == nil {
		problems = append(problems, errors.New("no RestConfig"))
	}
	if o.PodName == "" || o.PodNamespace == "" {
		problems = append(problems, errors.New("no PodName or PodNamespace"))
	}
	return errors.Join(problems...)
}

func listenTCP(ctx context.Context, host string, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

func remoteAddress(conn net.Conn) netip.Addr {
	address, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return address.AddrPort().Addr()
}
