package metrics

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/healthz"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"

	"github.com/serin-dev/serin/metrics/api"
	"github.com/serin-dev/serin/metrics/catalog"
	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/metrics/window"
)

// Server is a TrafficMetrics server. New listens, Run serves.
type Server struct {
	options  Options
	listener net.Listener
	serving  *serving
	callers  *callers
	catalog  *catalog.Catalog
	store    *window.Store
	scraper  *scrape.Scraper
	server   *genericapiserver.GenericAPIServer
}

// New returns a server that listens and does not answer yet. It asks the cluster nothing. A server that is not run is to be
// closed.
func New(options Options) (*Server, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	s := &Server{options: options, scraper: scrape.New(options.Dial)}
	var err error
	if s.store, err = window.New(options.ScrapeInterval, options.Retention); err != nil {
		return nil, err
	}
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
	return api.Install(s.server, api.Source{
		Measurements: s.store,
		Now:          time.Now,
		Splits:       s.catalog.Splits,
		Deployments:  s.catalog.Deployments,
		Pods:         s.catalog.Pods,
		Namespaces:   s.catalog.Namespaces,
	})
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

// CABundle is the PEM of the certificate that the server made for itself, for the APIService's caBundle. It is nil if the
// certificate came from CertDir.
func (s *Server) CABundle() []byte { return s.serving.bundle }

// Close ends a server that was not run.
func (s *Server) Close() error { return s.listener.Close() }

// Run scrapes and serves until the context ends.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(klog.NewContext(ctx, s.options.Log))
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	defer s.scraper.Close()
	if err := s.callers.learn(ctx); err != nil {
		return joined(fmt.Errorf("the TrafficMetrics server cannot learn whom to trust: %w", err), s.Close())
	}
	parts.Go(func() { s.callers.headers.Run(ctx, 1) })
	parts.Go(func() { s.catalog.Run(ctx) })
	parts.Go(func() { s.scrapeUntil(ctx) })
	s.options.Log.Info("serving TrafficMetrics", "address", s.Addr().String(), "scrapeInterval", s.options.ScrapeInterval.String())
	return s.server.PrepareRun().RunWithContext(ctx)
}

// checks adds to /readyz that requests can be answered for existing objects. Whether proxies answer is not among it: a server
// without a source is to say so to those who ask, and not to make the API disappear.
func (s *Server) checks() healthz.HealthChecker {
	return healthz.NamedCheck("objects-listed", func(*http.Request) error { return s.catalog.Ready() })
}
