package proxy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminTimeout bounds what the admin server waits for.
const adminTimeout = 10 * time.Second

// adminHandler serves the proxy's own endpoints.
func (p *Proxy) adminHandler() http.Handler {
	mux := http.NewServeMux()
	registry := p.plane.ledger.registry
	options := promhttp.HandlerOpts{Registry: registry}
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, options))
	mux.Handle("GET /metrics/tick", &ticks{gather: registry, options: options, now: time.Now})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.serveReadiness)
	mux.HandleFunc("GET /debug/table", p.serveTable)
	return mux
}

// serveAdmin serves the admin endpoints until the context ends.
func (p *Proxy) serveAdmin(ctx context.Context, on net.Listener) error {
	server := &http.Server{Handler: p.adminHandler(), ReadHeaderTimeout: adminTimeout, ErrorLog: p.plane.errorLog}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(on); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving %s: %w", on.Addr(), err)
	}
	return nil
}

// serveReadiness says whether the proxy has a table and is not about to stop. It is ready without the API server, and says how
// old what it knows can be.
func (p *Proxy) serveReadiness(w http.ResponseWriter, _ *http.Request) {
	switch state := p.state.Load(); state {
	case stateServing:
		fmt.Fprintf(w, "ok: %d apexes, last heard from the API server %s ago\n",
			len(p.plane.served()), p.cluster.Contact.Age(time.Now()).Round(time.Second))
	case stateDraining:
		http.Error(w, "draining", http.StatusServiceUnavailable)
	default:
		http.Error(w, "waiting for the API server", http.StatusServiceUnavailable)
	}
}

// apexView is an apex as /debug/table shows it.
type apexView struct {
	Apex       string        `json:"apex"`
	Split      string        `json:"split"`
	AccessMode string        `json:"accessMode"`
	Weights    []weightView  `json:"weights"`
	Ports      []portView    `json:"ports"`
	Problems   []problemView `json:"problems,omitempty"`
}

type weightView struct {
	Backend string `json:"backend"`
	Weight  int64  `json:"weight"`
}

type portView struct {
	Port int32 `json:"port"`
	// Listens is this proxy's own port, 0 while there is none.
	Listens  int           `json:"listens"`
	Protocol string        `json:"protocol"`
	Versions []versionView `json:"versions"`
}

type versionView struct {
	Backend     string         `json:"backend"`
	Weight      int64          `json:"weight"`
	Terminating bool           `json:"terminating,omitempty"`
	Endpoints   []endpointView `json:"endpoints"`
}

type endpointView struct {
	Address  string `json:"address"`
	Pod      string `json:"pod"`
	Workload string `json:"workload"`
	InFlight int64  `json:"inFlight"`
	Cooling  bool   `json:"cooling,omitempty"`
}

type problemView struct {
	Split   string `json:"split"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// tableView is what /debug/table shows.
type tableView struct {
	// AgeSeconds is the time since the API server was last heard from.
	AgeSeconds float64       `json:"ageSeconds"`
	Pods       int           `json:"pods"`
	Apexes     []apexView    `json:"apexes"`
	Problems   []problemView `json:"problems"`
}

func (p *Proxy) serveTable(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	view := viewOf(p.plane, now)
	view.AgeSeconds = p.cluster.Contact.Age(now).Seconds()
	w.Header().Set("Content-Type", "application/json")
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(view) // the reader has left
}

// viewOf shows the table in force.
func viewOf(p *plane, now time.Time) tableView {
	t := p.table.Load()
	adverts := p.adverts()
	view := tableView{Pods: t.pods.Len(), Apexes: []apexView{}, Problems: []problemView{}}
	for _, a := range t.apexes {
		shown := apexView{Apex: a.String(), Split: a.split.Name, AccessMode: string(a.mode)}
		for _, share := range a.shares {
			shown.Weights = append(shown.Weights, weightView{Backend: share.Service, Weight: share.Weight})
		}
		for _, r := range t.routes {
			if r.apex == a {
				shown.Ports = append(shown.Ports, r.view(adverts[a.NamespacedName], now))
			}
		}
		slices.SortFunc(shown.Ports, func(a, b portView) int { return cmp.Compare(a.Port, b.Port) })
		view.Apexes = append(view.Apexes, shown)
	}
	slices.SortFunc(view.Apexes, func(a, b apexView) int { return strings.Compare(a.Apex, b.Apex) })
	for _, found := range t.problems {
		view.Problems = append(view.Problems, problemView{Split: found.split.String(), Reason: found.reason, Message: found.message})
	}
	return view
}

func (r *route) view(adverts []advert, now time.Time) portView {
	shown := portView{Port: r.port.number, Protocol: r.protocol(), Versions: []versionView{}}
	for _, up := range adverts {
		if up.number == r.port.number {
			shown.Listens = up.listens
		}
	}
	for _, v := range r.versions.versions {
		shown.Versions = append(shown.Versions, v.view(now))
	}
	return shown
}

// protocol is what the pods are taken to speak.
func (r *route) protocol() string {
	switch {
	case r.raw:
		return "TCP"
	case r.http2:
		return "HTTP/2"
	default:
		return "HTTP/1.1"
	}
}

func (v *version) view(now time.Time) versionView {
	shown := versionView{Backend: v.backend, Weight: v.weight, Terminating: v.terminating, Endpoints: []endpointView{}}
	for _, e := range v.endpoints {
		shown.Endpoints = append(shown.Endpoints, endpointView{
			Address: e.host, Pod: e.pod.Name, Workload: e.pod.Workload,
			InFlight: e.state.inFlight.Load(), Cooling: e.state.isCooling(now),
		})
	}
	return shown
}
