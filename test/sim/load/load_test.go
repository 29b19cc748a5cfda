package load

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/sim/app"
)

func TestExpectReleaseTellsWhoseFailureItWas(t *testing.T) {
	ok, fault := map[string]string{app.HeaderRelease: "v1"}, map[string]string{app.HeaderRelease: "v1", app.HeaderFault: app.FaultError}
	slow := map[string]string{app.HeaderRelease: "v1", app.HeaderFault: app.FaultSlow}
	cases := map[string]struct {
		answer Answer
		want   Outcome
	}{
		"a right answer":             {answer(200, ok, "this is v1\n"), Outcome{Release: "v1"}},
		"a slow answer":              {answer(200, slow, "this is v1\n"), Outcome{Release: "v1", Slow: true}},
		"a failure on purpose":       {answer(500, fault, "this is v1\n"), Outcome{Release: "v1", Class: FailedByRelease}},
		"a failure of somebody else": {answer(500, ok, "this is v1\n"), Outcome{Release: "v1", Class: FailedBetween}},
		"half an answer":             {answer(200, ok, "this"), Outcome{Release: "v1", Class: FailedBetween}},
		"an answer of a proxy":       {answer(502, nil, "no endpoint"), Outcome{Class: FailedBetween}},
		"a refusal":                  {answer(403, nil, "no"), Outcome{Class: FailedBetween}},
		"no answer":                  {Answer{Err: errors.New("reset")}, Outcome{Class: FailedBetween}},
	}
	for name, tc := range cases {
		got := ExpectRelease(tc.answer)
		if (got.Text != "") != (got.Class == FailedBetween) {
			t.Errorf("%s: text %q", name, got.Text)
		}
		if got.Text = ""; got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestExpectForbidden(t *testing.T) {
	for status, want := range map[int]Class{403: OK, 200: FailedBetween, 502: FailedBetween} {
		if got := ExpectForbidden(answer(status, nil, "no")).Class; got != want {
			t.Errorf("status %d: class %v, want %v", status, got, want)
		}
	}
	if got := ExpectForbidden(Answer{Err: errors.New("reset")}).Class; got != FailedBetween {
		t.Errorf("an error: class %v", got)
	}
	fromRelease := answer(403, map[string]string{app.HeaderRelease: "v1"}, "no")
	if got := ExpectForbidden(fromRelease); got.Class != FailedBetween {
		t.Errorf("a release's own 403: class %v", got.Class)
	}
}

func TestTheRateHoldsAndEveryAnswerCounts(t *testing.T) {
	var served, connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(app.HeaderRelease, "v1")
		if served.Add(1)%5 == 0 {
			w.Header().Set(app.HeaderFault, app.FaultError)
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, app.Body("v1"))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()

	g := New(Options{URL: server.URL, PerSecond: 200})
	g.Mark("one")
	runFor(t, g, 500*time.Millisecond)
	g.Mark("two")
	runFor(t, g, 500*time.Millisecond)
	s := g.Snapshot()
	sum := s.Total().Sum()
	if sum.Sent() != uint64(served.Load()) || sum.FailedBetween != 0 || sum.FailedByRelease != sum.Sent()/5 {
		t.Errorf("counts %+v of %d served; examples %v", sum, served.Load(), s.Examples)
	}
	if sum.Sent() < 150 || sum.Sent() > 210 {
		t.Errorf("%d requests in a second at 200/s", sum.Sent())
	}
	if fresh := connections.Load(); fresh < 37 || fresh > 150 {
		t.Errorf("%d connections for %d requests, want a fourth and the pool's", fresh, sum.Sent())
	}
	if len(s.Chapters) != 2 || s.Chapters[0].Releases.Sum().Sent()+s.Chapters[1].Releases.Sum().Sent() != sum.Sent() {
		t.Errorf("chapters %v", s.Chapters)
	}
}

func TestAStallIsMeasured(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	time.AfterFunc(300*time.Millisecond, func() { close(release) })
	g := New(Options{URL: server.URL, PerSecond: 100, MaxInFlight: 10})
	runFor(t, g, 200*time.Millisecond)
	sum := g.Snapshot().Total().Sum()
	if sum.FailedBetween != sum.Sent() || sum.Sent() < 18 {
		t.Errorf("counts %+v, want all requests failed", sum)
	}
	if got := g.Snapshot().Examples; len(got) != 10 || !strings.Contains(got[0].Text, "too many") {
		t.Errorf("examples %v", got)
	}
	if got := sum.Latency.Quantile(1); got < 250*time.Millisecond {
		t.Errorf("the longest latency is %s, want that of the stall", got)
	}
}

func TestHistogramQuantiles(t *testing.T) {
	h := Histogram{}
	if h.Quantile(0.99) != 0 {
		t.Error("an empty histogram has a quantile")
	}
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.99: 990 * time.Millisecond} {
		if got := h.Quantile(q); got < want || got > want*11/10 {
			t.Errorf("quantile %v = %s, want %s to 10 %% more", q, got, want)
		}
	}
	h.add(time.Hour)
	h.add(0)
	if got := h.Quantile(1); got < time.Minute {
		t.Errorf("the bound of the last bucket is %s", got)
	}
}

func TestCountsSubtract(t *testing.T) {
	earlier := Counts{OK: 3, Slow: 1, FailedByRelease: 2}
	later := earlier.Plus(Counts{OK: 1, FailedBetween: 1})
	if got := later.Minus(earlier); got != (Counts{OK: 1, FailedBetween: 1}) || got.SuccessRate() != 0.5 {
		t.Errorf("difference %+v", got)
	}
	if (Counts{}).SuccessRate() != 1 {
		t.Error("no requests are no failure")
	}
}

func answer(status int, header map[string]string, body string) Answer {
	r := &http.Response{StatusCode: status, Header: http.Header{}}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return Answer{Response: r, Body: body}
}

func runFor(t *testing.T, g *Generator, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	g.Run(ctx)
}
