package scrape

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/metrics/window"
)

// scrapeOf scrapes one proxy once and returns what was seen of it.
func scrapeOf(t *testing.T, at time.Time, handler http.Handler) window.Sighting {
	t.Helper()
	proxy := httptest.NewServer(handler)
	defer proxy.Close()
	s := New(nil)
	defer s.Close()
	seen := s.Scrape(t.Context(), at, []Target{{Proxy: "p", Address: proxy.Listener.Addr().String(), Ready: true}}).Sightings[0]
	seen.Reason = strings.ReplaceAll(seen.Reason, proxy.Listener.Addr().String(), "proxy")
	return seen
}

func TestAProxyIsAskedForTheTick(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	for want, at := range map[string]time.Time{
		"GET /metrics/tick?at=2026-08-22T12%3A00%3A00Z":          time.Date(2026, 8, 22, 12, 0, 0, 0, time.UTC),
		"GET /metrics/tick?at=2026-08-22T11%3A59%3A59.9Z":        time.Date(2026, 8, 22, 13, 59, 59, 900_000_000, zone),
		"GET /metrics/tick?at=2026-08-22T12%3A00%3A00.00390625Z": time.Date(2026, 8, 22, 12, 0, 0, 3_906_250, time.UTC),
	} {
		var got string
		seen := scrapeOf(t, at, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Method + " " + r.RequestURI
			fmt.Fprint(w, proxyText)
		}))
		if seen.Snapshot == nil || got != want {
			t.Errorf("asked %s, want %s; saw %+v", got, want, seen)
		}
	}
}

// older is a proxy of a version that does not know ticks.
func older(asked *[]string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, proxyText) })
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		*asked = append(*asked, r.URL.Path)
		mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

func TestAnOlderProxyIsAskedForItsCountersOfNow(t *testing.T) {
	var asked []string
	var connections atomic.Int64
	proxy := httptest.NewUnstartedServer(older(&asked))
	proxy.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	proxy.Start()
	defer proxy.Close()
	s := New(nil)
	defer s.Close()
	for second := range int64(2) {
		seen := s.Scrape(t.Context(), time.Unix(second, 0), []Target{{Proxy: "p", Address: proxy.Listener.Addr().String()}}).Sightings[0]
		if seen.Snapshot == nil || len(seen.Snapshot.Series) != 1 || seen.Reason != "" {
			t.Errorf("saw %+v", seen)
		}
	}
	want := []string{"/metrics/tick", "/metrics", "/metrics/tick", "/metrics"} // nothing is remembered: it may be a new version by now
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for four requests", n)
	}
}

func TestARefusalIsAMissedScrapeWithItsSentence(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		said   string
		want   string
	}{
		"too late":          {http.StatusGone, "the tick is gone\n", "http://proxy/metrics/tick answered 410 Gone: the tick is gone"},
		"clocks disagree":   {http.StatusBadRequest, "the tick lies ahead\n", "http://proxy/metrics/tick answered 400 Bad Request: the tick lies ahead"},
		"not now":           {http.StatusServiceUnavailable, "", "http://proxy/metrics/tick answered 503 Service Unavailable"},
		"not that way":      {http.StatusMethodNotAllowed, "no", "http://proxy/metrics/tick answered 405 Method Not Allowed: no"},
		"more than a line":  {http.StatusGone, "one\r\n\ttwo\x1b[31m\xff three\n\n", "http://proxy/metrics/tick answered 410 Gone: one two [31m three"},
		"more than is read": {http.StatusGone, strings.Repeat("x", 10_000), "http://proxy/metrics/tick answered 410 Gone: " + strings.Repeat("x", 300)},
	} {
		t.Run(name, func(t *testing.T) {
			seen := scrapeOf(t, time.Unix(0, 0), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != tickPath {
					t.Errorf("asked for %s too", r.URL.Path)
				}
				w.WriteHeader(tc.status)
				fmt.Fprint(w, tc.said)
			}))
			if diff := cmp.Diff(window.Sighting{Proxy: "p", Ready: true, Reason: tc.want}, seen); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAProxyWithoutEitherPathIsAMissedScrape(t *testing.T) {
	seen := scrapeOf(t, time.Unix(0, 0), http.NotFoundHandler())
	want := window.Sighting{Proxy: "p", Ready: true, Reason: "http://proxy/metrics answered 404 Not Found: 404 page not found"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// FuzzOneLine makes a line of whatever a proxy may say.
func FuzzOneLine(f *testing.F) {
	f.Add("the tick is gone\n")
	f.Add("\x00\xff\u2028 \t")
	f.Fuzz(func(t *testing.T, said string) {
		line := oneLine(said)
		if strings.ContainsFunc(line, func(r rune) bool { return r != ' ' && (r < ' ' || r == '\u2028') }) || len(line) > 3*len(said) {
			t.Errorf("%q became %q", said, line)
		}
	})
}
