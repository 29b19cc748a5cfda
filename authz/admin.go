package authz

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler serves the authoriser's own endpoints.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	registry := s.judge.meters.registry
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.serveReadiness)
	return mux
}

// serveReadiness says whether everything was seen once and the server is not about to stop. It stays ready without the API server,
// and says how old what it knows can be.
func (s *Server) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	now := s.judge.state.Load()
	switch {
	case s.draining.Load():
		http.Error(w, "draining", http.StatusServiceUnavailable)
	case now == nil:
		http.Error(w, "waiting for the API server", http.StatusServiceUnavailable)
	default:
		broken := 0
		for _, count := range now.broken {
			broken += count
		}
		fmt.Fprintf(w, "ok: %d pods, %d objects with problems, last heard from the API server %s ago\n",
			now.pods.Len(), broken, s.watcher.cluster.Contact.Age(time.Now()).Round(time.Second))
	}
}
