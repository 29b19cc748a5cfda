package authz

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/serin-dev/serin/enforce"
)

const (
	// headerTimeout is the longest that a gateway may take to send a request's header.
	headerTimeout = 10 * time.Second
	// idleTimeout is how long a gateway's connection may be unused; gateways close theirs sooner.
	idleTimeout = 5 * time.Minute
	// maxHeaderBytes is the most that the headers of a question may take. Gateways allow clients less.
	maxHeaderBytes = 128 << 10
)

// Server is one replica of the authoriser.
type Server struct {
	options Options
	judge   *judge
	watcher *watcher
	health  *health.Server

	// grpc, http and admin are the listeners, nil where there is none.
	grpc, http, admin net.Listener
	draining          atomic.Bool
}

// New makes a Server and opens its listeners. Nothing else happens before Run.
func New(o Options) (*Server, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("authz options: %w", err)
	}
	o = o.complete()
	cluster, err := enforce.NewCluster(o.RestConfig, "serin-authz", o.Log)
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, judge: newJudge(o), watcher: newWatcher(cluster), health: health.NewServer()}
	s.health.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	s.judge.meters.registry.MustRegister(newLiveCollector(s.judge, s.ageSeconds))
	for _, open := range []struct {
		address string
		into    *net.Listener
	}{{o.GRPCAddress, &s.grpc}, {o.HTTPAddress, &s.http}, {o.AdminAddress, &s.admin}} {
		if open.address == "" {
			continue
		}
		if *open.into, err = net.Listen("tcp", open.address); err != nil {
			s.close()
			return nil, fmt.Errorf("opening a listener: %w", err)
		}
	}
	return s, nil
}

func (s *Server) close() {
	for _, l := range []net.Listener{s.grpc, s.http, s.admin} {
		if l != nil {
			_ = l.Close()
		}
	}
}

// GRPCAddr is the address of ext_authz, nil without one.
func (s *Server) GRPCAddr() net.Addr { return addr(s.grpc) }

// HTTPAddr is the address of forward-auth, nil without one.
func (s *Server) HTTPAddr() net.Addr { return addr(s.http) }

// AdminAddr is the address of the admin listener, nil without one.
func (s *Server) AdminAddr() net.Addr { return addr(s.admin) }

func addr(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}

// ageSeconds is how long ago the API server was last heard from, -1 if it never was.
func (s *Server) ageSeconds() float64 {
	if age := s.watcher.cluster.Contact.Age(time.Now()); age >= 0 {
		return age.Seconds()
	}
	return -1
}

// Run answers until the context ends. Then it says on /readyz that it leaves, keeps answering for Options.DrainGrace, waits for the
// answers under way for up to Options.DrainTimeout, and returns nil. It must be called once.
func (s *Server) Run(ctx context.Context) error {
	defer s.close()
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	config, err := serving(life, s.options)
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	asked := s.serve(config, ended)
	if s.admin != nil {
		admin := &http.Server{Handler: s.adminHandler(), ReadHeaderTimeout: headerTimeout}
		context.AfterFunc(life, func() { _ = admin.Close() })
		go func() { ended <- served(admin.Serve(s.admin), s.admin) }()
	}
	go s.watcher.run(life, s.put)
	select {
	case err = <-ended:
	case <-ctx.Done():
		s.draining.Store(true)
		s.health.Shutdown()
		select {
		case err = <-ended:
		case <-time.After(s.options.DrainGrace):
		}
	}
	asked.stop(s.options.DrainTimeout)
	return err
}

// put puts a state into force for every question from now on.
func (s *Server) put(now *state) {
	if s.judge.state.Swap(now) == nil {
		s.options.Log.Info("answering", "mode", s.options.Mode, "pods", now.pods.Len())
		s.health.SetServingStatus("", healthv1.HealthCheckResponse_SERVING)
	}
}

// wires are the servers of both wire forms, nil where there is none.
type wires struct {
	grpc *grpc.Server
	http *http.Server
}

// serve begins to answer. What ends before it should is told to the channel.
func (s *Server) serve(config *tls.Config, ended chan<- error) wires {
	var w wires
	if s.grpc != nil {
		options := []grpc.ServerOption{}
		if config != nil {
			options = append(options, grpc.Creds(credentials.NewTLS(config)))
		}
		w.grpc = grpc.NewServer(options...)
		authv3.RegisterAuthorizationServer(w.grpc, &extAuthz{judge: s.judge})
		healthv1.RegisterHealthServer(w.grpc, s.health)
		go func() { ended <- served(w.grpc.Serve(s.grpc), s.grpc) }()
	}
	if s.http != nil {
		var protocols http.Protocols
		protocols.SetHTTP1(true)
		protocols.SetHTTP2(true)
		protocols.SetUnencryptedHTTP2(true)
		w.http = &http.Server{
			Handler: &forwardAuth{judge: s.judge}, Protocols: &protocols,
			ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
			DisableGeneralOptionsHandler: true,
		}
		on := s.http
		if config != nil {
			on = tls.NewListener(on, config)
		}
		go func() { ended <- served(w.http.Serve(on), s.http) }()
	}
	return w
}

// served says at which listener serving ended, nil if it was told to.
func served(err error, at net.Listener) error {
	if err == nil || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving %s: %w", at.Addr(), err)
}

// stop waits for the answers under way, and cuts off what takes longer.
func (w wires) stop(patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if w.grpc != nil {
		defer context.AfterFunc(ctx, w.grpc.Stop)()
		w.grpc.GracefulStop()
	}
	if w.http != nil && w.http.Shutdown(ctx) != nil {
		_ = w.http.Close()
	}
}
