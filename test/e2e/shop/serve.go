package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/serin-dev/serin/test/sim/serving"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
)

// Headers of every answer of a version. An answer without them came from something else.
const (
	headerVersion = "X-Version"
	headerPod     = "X-Pod"
)

// behavior is what one version of the application does.
type behavior struct {
	version     string
	failPercent float64
	slowPercent float64
	slow        time.Duration
	crashAfter  time.Duration
	readyAfter  time.Duration
	// drain is how long at least it goes on serving when it is told to end, so that whoever has not heard loses no request.
	drain time.Duration
	// quiet is how long nobody may have asked for anything before it stops listening.
	quiet time.Duration
	// grace bounds the time from the signal to the end.
	grace time.Duration
}

func serveCommand() *cobra.Command {
	b := behavior{}
	address := ""
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer every request with the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := listen(cmd.Context(), address)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "version %s serves on %s\n", b.version, listener.Addr())
			return newShop(b).run(cmd.Context(), listener)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&address, "address", ":8080", "where to listen")
	flags.StringVar(&b.version, "version", "v1", "what to answer with")
	flags.Float64Var(&b.failPercent, "fail-percent", 0, "share of requests to answer with 500, evenly spread")
	flags.Float64Var(&b.slowPercent, "slow-percent", 0, "share of requests to answer only after --slow")
	flags.DurationVar(&b.slow, "slow", time.Second, "what a slow answer takes")
	flags.DurationVar(&b.crashAfter, "crash-after", 0, "end with exit code 1 after this time; 0: never")
	flags.DurationVar(&b.readyAfter, "ready-after", 0, "how long /healthz says 503")
	flags.DurationVar(&b.drain, "drain", 5*time.Second, "how long at least to go on serving after SIGTERM")
	flags.DurationVar(&b.quiet, "quiet", time.Second, "for how long nobody may have asked before it stops listening")
	flags.DurationVar(&b.grace, "grace", 25*time.Second, "most time from SIGTERM to the end; less than the pod's grace period")
	return cmd
}

// shop is one running pod of a version.
type shop struct {
	behavior
	pod        string
	started    time.Time
	fail, slow serving.Spread
	activity   *serving.Activity
	requests   *prometheus.CounterVec
	seconds    prometheus.Histogram
	handler    http.Handler
}

func newShop(b behavior) *shop {
	pod, _ := os.Hostname() // without one the header is empty
	s := &shop{
		behavior: b, pod: pod, started: time.Now(), activity: serving.NewActivity(),
		fail: serving.Spread{Ratio: b.failPercent / 100}, slow: serving.Spread{Ratio: b.slowPercent / 100},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Answers, by status code.", ConstLabels: prometheus.Labels{"version": b.version},
		}, []string{"code"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "What answering took.",
			ConstLabels: prometheus.Labels{"version": b.version}, Buckets: prometheus.DefBuckets,
		}),
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(s.requests, s.seconds, collectors.NewGoCollector())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", s.ready)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", s.activity.Watch(http.HandlerFunc(s.answer)))
	s.handler = mux
	return s
}

// ready says 503 for as long as the version is told to need for its start. A pod that ends stays ready: Kubernetes takes it
// out of its Services by itself.
func (s *shop) ready(w http.ResponseWriter, _ *http.Request) {
	if left := s.readyAfter - time.Since(s.started); left > 0 {
		http.Error(w, fmt.Sprintf("ready in %s", left.Round(time.Millisecond)), http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

func (s *shop) answer(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w.Header().Set(headerVersion, s.version)
	w.Header().Set(headerPod, s.pod)
	code := http.StatusOK
	if s.fail.Next() {
		code = http.StatusInternalServerError
	}
	if s.slow.Next() {
		pause(r.Context(), s.behavior.slow)
	}
	w.WriteHeader(code)
	fmt.Fprintln(w, s.version)
	s.requests.WithLabelValues(strconv.Itoa(code)).Inc()
	s.seconds.Observe(time.Since(began).Seconds())
}

// run serves until the context ends, drains, finishes what is under way and returns.
func (s *shop) run(ctx context.Context, listener net.Listener) error {
	server := newServer(s.handler)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	crash := make(<-chan time.Time)
	if s.crashAfter > 0 {
		crash = time.After(s.crashAfter)
	}
	select {
	case err := <-failed:
		return err
	case <-crash:
		_ = server.Close()
		return fmt.Errorf("version %s crashes after %s, as it was told", s.version, s.crashAfter)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	s.activity.Drain(end, s.behavior.drain, s.quiet)
	if server.Shutdown(end) != nil {
		_ = server.Close()
	}
	return nil
}

// pause waits, or less if the caller leaves.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
