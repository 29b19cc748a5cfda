//go:build e2e

package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// gate stands between one controller and the API server, and passes every request on unless a test has it do otherwise.
type gate struct {
	pass *httputil.ReverseProxy
	http *http.Server
	url  string

	mu     sync.Mutex
	writes int
	trap   *trap
	meddle func(*http.Request) *refusal
	told   []string
}

// trap is what is done at the n-th write from now on.
type trap struct {
	left  int
	of    func(*http.Request) bool // the writes that count
	when  moment
	do    func()
	done  chan string
	until <-chan struct{} // held: for how long
}

// moment is where a trap lies.
type moment int

const (
	before moment = iota // the API server has not heard of the write
	after                // the write is done, and the controller has not heard of it
	held                 // the write is on its way, and arrives late
)

func (m moment) String() string {
	return [...]string{"before", "after", "with the answer awaited of"}[m]
}

// refusal is an answer in the API server's place.
type refusal struct {
	code       int32
	reason     metav1.StatusReason
	retryAfter int  // seconds
	lose       bool // do what was asked, and lose the answer
}

func openGate(t *testing.T, config *rest.Config) *gate {
	t.Helper()
	transport, err := rest.TransportFor(rest.CopyConfig(config))
	must(t, err)
	to, err := url.Parse(config.Host)
	must(t, err)
	g := &gate{}
	g.pass = &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport:      transport,
		FlushInterval:  -1, // watches
		ModifyResponse: g.answered,
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // as a connection breaks
		},
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	g.url = "http://" + l.Addr().String()
	g.http = &http.Server{Handler: g, ReadHeaderTimeout: time.Minute}
	go func() { _ = g.http.Serve(l) }()
	t.Cleanup(func() { _ = g.http.Close() })
	return g
}

// isWrite says whether a request changes something that a rollout consists of: not a lease, nor an Event, nor a question.
func isWrite(r *http.Request) bool {
	switch r.Method {
	case http.MethodPut, http.MethodPost, http.MethodPatch, http.MethodDelete:
		for _, no := range []string{"/leases", "/events", "authorization.k8s.io", "authentication.k8s.io"} {
			if strings.Contains(r.URL.Path, no) {
				return false
			}
		}
		return true
	}
	return false
}

// at is what a request is about, for people.
func at(r *http.Request) string { return r.Method + " " + r.URL.Path }

// ServeHTTP passes a request on, or not.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	write := isWrite(r)
	g.mu.Lock()
	meddle, trapped := g.meddle, (*trap)(nil)
	if write {
		g.writes++
		if g.trap != nil && g.trap.of(r) {
			if g.trap.left--; g.trap.left <= 0 {
				trapped, g.trap = g.trap, nil
			}
		}
	}
	g.mu.Unlock()
	if trapped != nil && trapped.when == before {
		trapped.spring(r)
		panic(http.ErrAbortHandler)
	}
	if trapped != nil && trapped.when == held {
		trapped.spring(r)
		<-trapped.until
		trapped = nil
	}
	var instead *refusal
	if meddle != nil {
		instead = meddle(r)
	}
	switch {
	case instead != nil && !instead.lose:
		g.note("%d %s", instead.code, at(r))
		instead.answer(w)
		return
	case instead != nil:
		g.note("lost the answer to %s", at(r))
		trapped = &trap{when: after, do: func() {}, done: make(chan string, 1)}
	}
	if trapped != nil {
		r = r.WithContext(withTrap(r.Context(), trapped))
	}
	g.pass.ServeHTTP(w, r)
}

// answered is called when the API server has done what it was asked.
func (g *gate) answered(response *http.Response) error {
	if trapped := trapOf(response.Request.Context()); trapped != nil {
		trapped.spring(response.Request)
		return errLost
	}
	return nil
}

func (t *trap) spring(r *http.Request) {
	t.do()
	t.done <- fmt.Sprintf("%s %s", t.when, at(r))
}

func (r *refusal) answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	if r.retryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(r.retryAfter))
	}
	w.WriteHeader(int(r.code))
	status := metav1.Status{Status: metav1.StatusFailure, Reason: r.reason, Code: r.code, Message: "the gate says " + string(r.reason)}
	status.APIVersion, status.Kind = "v1", "Status"
	_ = json.NewEncoder(w).Encode(status)
}

// set lays a trap at the n-th write from now. What it returns is told of the request by which it was sprung.
func (g *gate) set(n int, when moment, do func()) <-chan string {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap = &trap{left: n, of: isWrite, when: when, do: do, done: make(chan string, 1)}
	return g.trap.done
}

// hold keeps the next write that a test wants kept until it lets it go.
func (g *gate) hold(of func(*http.Request) bool, do func()) (sprung <-chan string, release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	until := make(chan struct{})
	g.trap = &trap{left: 1, of: of, when: held, do: do, done: make(chan string, 1), until: until}
	return g.trap.done, sync.OnceFunc(func() { close(until) })
}

// lift takes the trap away, and says whether it had not been sprung.
func (g *gate) lift() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	had := g.trap != nil
	g.trap = nil
	return had
}

// storm has a function decide on every request; nil ends it.
func (g *gate) storm(meddle func(*http.Request) *refusal) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.meddle = meddle
}

func (g *gate) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.told = append(g.told, fmt.Sprintf(format, args...))
}

// refused is what the gate refused or lost.
func (g *gate) refused() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.told...)
}

func (g *gate) written() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writes
}

// errLost is why an answer does not arrive.
var errLost = errors.New("the answer is lost")

type trapKey struct{}

func withTrap(ctx context.Context, t *trap) context.Context {
	return context.WithValue(ctx, trapKey{}, t)
}

func trapOf(ctx context.Context) *trap {
	t, _ := ctx.Value(trapKey{}).(*trap)
	return t
}
