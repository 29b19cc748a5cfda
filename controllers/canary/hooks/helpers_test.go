package hooks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/go-logr/logr/testr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
)

var foobar = types.NamespacedName{Namespace: "shop", Name: "foobar"}

const uid = types.UID("3d9a")

// desk is a Caller at work, and what it was seen to do.
type desk struct {
	t *testing.T
	*Caller
	answered chan types.NamespacedName
	registry *prometheus.Registry
	stop     context.CancelFunc
	stopped  chan struct{}

	mu     sync.Mutex
	pauses []time.Duration
}

// open starts a Caller whose pauses are recorded and take no time.
func open(t *testing.T, changes ...func(*Options)) *desk {
	d := prepare(t, changes...)
	d.start()
	return d
}

// prepare makes a Caller that is not started.
func prepare(t *testing.T, changes ...func(*Options)) *desk {
	t.Helper()
	d := &desk{
		t: t, answered: make(chan types.NamespacedName, 1000), registry: prometheus.NewRegistry(), stopped: make(chan struct{}),
	}
	opts := Options{
		Secrets:    func(context.Context, string, string) (map[string][]byte, error) { return nil, nil },
		Answered:   func(canary types.NamespacedName) { d.answered <- canary },
		Log:        testr.New(t),
		Registerer: d.registry,
		Pause: func(ctx context.Context, length time.Duration) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.pauses = append(d.pauses, length)
			return ctx.Err()
		},
	}
	opts.Backoff.Duration, opts.Backoff.Factor, opts.Backoff.Steps = time.Second, 2, 10
	for _, change := range changes {
		change(&opts)
	}
	d.Caller = New(opts)
	return d
}

func (d *desk) start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	go func() {
		defer close(d.stopped)
		if err := d.Start(ctx); err != nil {
			d.t.Errorf("Start returned %v", err)
		}
	}()
	d.t.Cleanup(d.close)
}

// close ends the Caller, and proves that it left no goroutine behind.
func (d *desk) close() {
	d.stop()
	within(d.t, d.stopped, "Start to return")
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for goroutine := range strings.SplitSeq(string(stacks), "\n\n") {
		if strings.Contains(goroutine, "hooks.(*Caller).ask") || strings.Contains(goroutine, "hooks.(*Caller).try") {
			d.t.Errorf("a goroutine outlived Start:\n%s", goroutine)
		}
	}
}

// within waits for a channel.
func within[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-c:
		return value
	case <-time.After(20 * time.Second):
		t.Fatalf("waited 20 s for %s", what)
	}
	panic("unreachable")
}

// told hands questions over and waits for as many answers.
func (d *desk) told(calls ...analysis.Call) []analysis.Answer {
	d.t.Helper()
	d.Await(foobar, uid, calls)
	for range calls {
		if got := within(d.t, d.answered, "an answer"); got != foobar {
			d.t.Errorf("answered %s, want %s", got, foobar)
		}
	}
	return d.Answers(uid)
}

// paused lists the pauses that were longer than nothing.
func (d *desk) paused() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var lengths []time.Duration
	for _, length := range d.pauses {
		if length > 0 {
			lengths = append(lengths, length)
		}
	}
	return lengths
}

// questionTo is a call of a webhook named friday, with one try.
func questionTo(url string, changes ...func(*analysis.Call)) analysis.Call {
	call := analysis.Call{
		ID: "v2/BeforeStep/25/friday",
		Webhook: v1alpha1.Webhook{
			Name: "friday", When: v1alpha1.BeforeStep, URL: url, Retries: ptr.To[int32](0),
			Timeout: v1alpha1.Dur(10 * time.Second),
		},
		Subject: analysis.Subject{
			Version: "v2", Revision: "81aa", Image: "foobar:2", Phase: v1alpha1.PhaseProgressing, Weight: 5, NextWeight: 25,
			Stable: v1alpha1.VersionStatus{Version: "v1", Revision: "6f9c", Image: "foobar:1"},
		},
	}
	for _, change := range changes {
		change(&call)
	}
	return call
}

func retries(n int32) func(*analysis.Call) {
	return func(c *analysis.Call) { c.Webhook.Retries = ptr.To(n) }
}

func timeout(length time.Duration) func(*analysis.Call) {
	return func(c *analysis.Call) { c.Webhook.Timeout = v1alpha1.Dur(length) }
}

func headersFrom(secret string) func(*analysis.Call) {
	return func(c *analysis.Call) { c.Webhook.HeadersFrom = &v1alpha1.SecretReference{Name: secret} }
}

// secrets is a stand-in for the API server: Secrets of the namespace shop by name.
func secrets(held map[string]map[string]string) func(*Options) {
	return func(o *Options) {
		o.Secrets = func(_ context.Context, namespace, name string) (map[string][]byte, error) {
			data, ok := held[name]
			if !ok || namespace != "shop" {
				return nil, apierrors.NewNotFound(corev1.Resource("secrets"), name)
			}
			read := map[string][]byte{}
			for key, value := range data {
				read[key] = []byte(value)
			}
			return read, nil
		}
	}
}

// service is a webhook that records what it was sent.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []map[string]any
}

func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, nth int)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the body could not be read: %v", err)
		}
		var decoded map[string]any
		if err := json.Unmarshal(sent, &decoded); err != nil {
			t.Errorf("the body is no JSON: %v", err)
		}
		s.mu.Lock()
		s.requests, s.bodies = append(s.requests, r), append(s.bodies, decoded)
		nth := len(s.requests)
		s.mu.Unlock()
		answer(w, r, nth)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// answers is a service that answers always the same.
func answers(status int, body string, header ...string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
