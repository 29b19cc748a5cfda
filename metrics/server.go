package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/serin-dev/serin/metrics/api"
	"github.com/serin-dev/serin/metrics/catalog"
	"github.com/serin-dev/serin/metrics/source"
)

// Server is a TrafficMetrics server. New listens, Run serves.
type Server struct {
	options  Options
	listener net.Listener
	serving  *serving
	callers  *callers
	catalog  *catalog.Catalog
	feed     feed
	server   *genericapiserver.GenericAPIServer
}

// feed is where the numbers come from.
type feed interface {
	source() source.Source
	// run works until the context ends.
	run(ctx context.Context)
	// ready returns nil if the source answers as well as it ever will, and else why not yet.
	ready() error
	// String says for people what it is.
	String() string
}

// New returns a server that listens and does not answer yet. It asks the cluster nothing. A server that is not run is to be
// closed.
func New(options Options) (*Server, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	s := &Server{options: options}
	var err error
	if s.listener, err = listen(options); err != nil {
		return nil, err
	}
	if err := s.assemble(); err != nil {
		return nil, fmt.Errorf("the TrafficMetrics server: %w", joined(err, s.Close()))
	}
	return s, nil
}

// assemble makes everything that needs the cluster.
func (s *Server) assemble() error {
	config := rest.CopyConfig(s.options.RestConfig)
	config = rest.AddUserAgent(config, "serin-metrics")
	// Requests wait for reviews of callers: no limit but the API server's own.
	config.QPS = -1
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	if s.catalog, err = catalog.New(config, client, s.options.ProxyService); err != nil {
		return err
	}
	if s.feed, err = s.newFeed(config, client); err != nil {
		return err
	}
	if s.serving, err = newServing(s.options); err != nil {
		return err
	}
	if s.callers, err = newCallers(config, client); err != nil {
		return err
	}
	generic := s.generic()
	if s.server, err = generic.Complete(nil).New("serin-metrics", genericapiserver.NewEmptyDelegate()); err != nil {
		return err
	}
	return api.Install(s.server, api.Backing{
		Source:  source.Derived{Source: s.feed.source(), Pods: s.catalog},
		Now:     time.Now,
		Splits:  s.catalog.Splits,
		Objects: func(kind source.Kind) api.Finder[metav1.Object] { return s.catalog.Objects(kind) },
	})
}

// newFeed makes the source that the options ask for.
func (s *Server) newFeed(config *rest.Config, client *http.Client) (feed, error) {
	if s.options.Prometheus.Address != "" {
		return newAsking(s.options, s.catalog, config, client)
	}
	return newScraping(s.options, s.catalog)
}

// Addr is the address the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Port is the port the server listens on.
func (s *Server) Port() int {
	if tcp, ok := s.listener.Addr().(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

// CABundle is the PEM of the certificate that the server made in memory, for the APIService's caBundle. It is nil if the
// certificate is in CertDir or CertSecret.
func (s *Server) CABundle() []byte { return s.serving.bundle }

// Close ends a server that was not run.
func (s *Server) Close() error { return s.listener.Close() }

// Run scrapes and serves until the context ends.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(klog.NewContext(ctx, s.options.Log))
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	if err := s.callers.learn(ctx); err != nil {
		return joined(fmt.Errorf("the TrafficMetrics server cannot learn whom to trust: %w", err), s.Close())
	}
	parts.Go(func() { s.callers.headers.Run(ctx, 1) })
	parts.Go(func() { s.catalog.Run(ctx) })
	parts.Go(func() { s.feed.run(ctx) })
	if !s.serving.await(ctx, &parts) {
		return s.Close()
	}
	s.options.Log.Info("serving TrafficMetrics", "address", s.Addr().String(), "from", s.feed.String())
	return s.server.PrepareRun().RunWithContext(ctx)
}

// checks adds to /readyz that requests can be answered for existing objects, and from windows that others already have.
func (s *Server) checks() []healthz.HealthChecker {
	return []healthz.HealthChecker{
		healthz.NamedCheck("objects-listed", func(*http.Request) error { return s.catalog.Ready() }),
		healthz.NamedCheck("numbers", func(*http.Request) error { return s.feed.ready() }),
	}
}
