package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// noon is a tick; the tests state every time as the distance from it.
var noon = time.Date(2026, 8, 22, 12, 0, 0, 0, time.UTC)

// tickLab is the tick endpoint on a clock that the test turns, with a counter that counts its readings.
type tickLab struct {
	*ticks
	t        testing.TB
	server   *httptest.Server
	clock    atomic.Int64 // from noon, in nanoseconds
	readings atomic.Int64
	// broken says that the counters cannot be read.
	broken atomic.Bool
}

func newTickLab(t testing.TB) *tickLab {
	t.Helper()
	l := &tickLab{t: t}
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "readings_total"},
		func() float64 { return float64(l.readings.Add(1)) }))
	gather := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		if l.broken.Load() {
			return nil, errors.New("two series are one")
		}
		return registry.Gather()
	})
	l.ticks = &ticks{gather: gather, now: l.now}
	l.server = httptest.NewServer(l)
	t.Cleanup(l.server.Close)
	return l
}

func (l *tickLab) now() time.Time { return noon.Add(time.Duration(l.clock.Load())) }

// ask asks for the tick and returns what a person reads: the counter's line, or the refusal.
func (l *tickLab) ask(now, tick time.Duration) string {
	l.t.Helper()
	l.clock.Store(int64(now))
	return l.answer("?" + url.Values{"at": {noon.Add(tick).Format(time.RFC3339Nano)}}.Encode())
}

func (l *tickLab) answer(query string) string {
	l.t.Helper()
	status, body := get(l.t, l.server.Client(), l.server.URL+query)
	lines := strings.Split(strings.TrimSpace(body), "\n")
	return fmt.Sprintf("%d %s", status, lines[len(lines)-1])
}

// asking is one question and its answer.
type asking struct {
	now, tick time.Duration
	want      string
}

const (
	second = time.Second
	ms     = time.Millisecond

	tooLate = "410 the tick lies %s back by this proxy's clock, and its numbers are not kept: nobody asked for it within 1s, or the clocks disagree"
	pushed  = "410 the numbers of the tick are not kept: 3 later ticks were asked for since, and more than that are not kept"
	tooSoon = "400 the tick lies %s ahead of this proxy's clock, more than the 1s allowed: the clocks disagree"
)

func readout(n int) string { return fmt.Sprintf("200 readings_total %d", n) }

func TestATickIsTakenOnce(t *testing.T) {
	for name, askings := range map[string][]asking{
		"whoever asks later gets the same": {
			{3 * ms, 0, readout(1)}, {5 * ms, 0, readout(1)}, {second + 2*ms, second, readout(2)}, {second + 9*ms, 0, readout(1)},
		},
		"three are kept, however old": {
			{0, 0, readout(1)}, {second, second, readout(2)}, {2 * second, 2 * second, readout(3)}, {time.Hour, 0, readout(1)},
			{time.Hour, second, readout(2)}, {time.Hour, 2 * second, readout(3)},
		},
		"the fourth pushes the first out": {
			{0, 0, readout(1)}, {100 * ms, 100 * ms, readout(2)}, {200 * ms, 200 * ms, readout(3)}, {300 * ms, 300 * ms, readout(4)},
			{310 * ms, 0, pushed}, {310 * ms, 100 * ms, readout(2)}, {1400 * ms, 0, fmt.Sprintf(tooLate, "1.4s")},
		},
		"a tick before one that was taken gets the same as that": {
			{0, 400 * ms, readout(1)}, {10 * ms, 0, readout(1)}, {10 * ms, 200 * ms, readout(1)}, {500 * ms, 500 * ms, readout(2)},
			{510 * ms, 0, readout(1)}, {510 * ms, 450 * ms, readout(2)}, {510 * ms, 400 * ms, readout(1)},
		},
		"asked for up to a second late": {{second, 0, readout(1)}, {2*second + ms, second, fmt.Sprintf(tooLate, "1.1s")}},
		"asked for up to a second early": {
			{0, second, readout(1)}, {0, second + ms, fmt.Sprintf(tooSoon, "1.1s")}, {0, 2500 * ms, fmt.Sprintf(tooSoon, "2.5s")},
		},
		"this clock is set forward": {
			{0, 0, readout(1)}, {time.Hour, second, fmt.Sprintf(tooLate, "59m59s")}, {time.Hour, time.Hour, readout(2)},
		},
		"this clock is set back by much": {
			{0, 0, readout(1)}, {-time.Hour, 0, fmt.Sprintf(tooSoon, "1h0m0s")}, {-time.Hour, -time.Hour, readout(2)},
			{-time.Hour, -time.Hour, readout(2)}, {second, second, readout(3)},
		},
		"this clock is set back by little": {
			{0, 0, readout(1)}, {-800 * ms, -800 * ms, readout(1)}, {-ms, -second, readout(1)}, {200 * ms, 200 * ms, readout(2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTickLab(t)
			for i, a := range askings {
				if got := l.ask(a.now, a.tick); got != a.want {
					t.Errorf("asking %d: for %s at %s got\n%s, want\n%s", i, a.tick, a.now, got, a.want)
				}
			}
		})
	}
}

func TestWhatIsNoTickIsRefused(t *testing.T) {
	const unreadable = "400 at is not a time in the form of RFC 3339: ask for a tick, such as /metrics/tick?at=2026-08-22T10:00:00.2Z"
	for name, tc := range map[string]struct{ query, want string }{
		"nothing stated":       {"", "400 at is stated 0 times: ask for one tick, such as /metrics/tick?at=2026-08-22T10:00:00.2Z"},
		"stated twice":         {"?at=2026-08-22T12:00:00Z&at=2026-08-22T12:00:01Z", "400 at is stated 2 times: ask for one tick, such as /metrics/tick?at=2026-08-22T10:00:00.2Z"},
		"empty":                {"?at=", unreadable},
		"a number":             {"?at=1787400000", unreadable},
		"a day that is none":   {"?at=2026-02-30T12:00:00Z", unreadable},
		"without a zone":       {"?at=2026-08-22T12:00:00", unreadable},
		"a query that is none": {"?at=%zz", "400 at is stated 0 times: ask for one tick, such as /metrics/tick?at=2026-08-22T10:00:00.2Z"},
		"in another zone":      {"?at=2026-08-22T14:00:00.000%2B02:00", readout(1)},
		"the first year":       {"?at=0001-01-01T00:00:00Z", fmt.Sprintf(tooLate, "2562047h47m16.854775807s")},
		"a long time ago":      {"?at=1066-10-14T00:00:00Z", fmt.Sprintf(tooLate, "2562047h47m16.854775807s")},
		"in a long time":       {"?at=9999-12-31T23:59:59Z", fmt.Sprintf(tooSoon, "2562047h47m16.854775807s")},
	} {
		t.Run(name, func(t *testing.T) {
			l := newTickLab(t)
			if got := l.answer(tc.query); got != tc.want {
				t.Errorf("got\n%s, want\n%s", got, tc.want)
			}
			if len(l.kept) > 1 {
				t.Errorf("%d snapshots are kept", len(l.kept))
			}
		})
	}
}

func TestCountersThatCannotBeReadAreReadAgainForTheNextAsker(t *testing.T) {
	l := newTickLab(t)
	l.broken.Store(true)
	if got, want := l.ask(0, 0), "500 the counters cannot be read: two series are one"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	l.broken.Store(false)
	if got := l.ask(0, 0); got != readout(1) {
		t.Errorf("got %s", got)
	}
}

func TestThoseWhoAskAtTheSameMomentWaitForOneReading(t *testing.T) {
	l := newTickLab(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	read := l.gather
	l.gather = prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		close(begun) // a second reading would close it twice
		<-goOn
		return read.Gather()
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if got := l.answer("?at=" + noon.Format(time.RFC3339Nano)); got != readout(1) {
				t.Errorf("got %s", got)
			}
		})
	}
	<-begun
	close(goOn)
	all.Wait()
}

func TestAStrangerWithManyTicksIsKeptThree(t *testing.T) {
	l := newTickLab(t)
	for i := range 500 {
		l.answerFor(noon.Add(time.Duration(i*37%2000-1000) * ms))
		if len(l.kept) > keptTicks || cap(l.kept) > 2*keptTicks {
			t.Fatalf("%d snapshots are kept, in room for %d", len(l.kept), cap(l.kept))
		}
	}
	if got := l.ask(2*second, 2*second); got != readout(int(l.readings.Load())) || l.readings.Load() > 501 {
		t.Errorf("afterwards: %s after %d readings", got, l.readings.Load())
	}
}

func TestTheAdminPortHasTheTicksOfTheWallClock(t *testing.T) {
	l := newLab(t)
	admin := httptest.NewServer((&Proxy{plane: l.plane}).adminHandler())
	defer admin.Close()
	eventually(t, "the tick of now is answered", func() bool {
		at := time.Now().UTC().Format(time.RFC3339Nano)
		status, first := get(t, admin.Client(), admin.URL+"/metrics/tick?at="+at)
		again, second := get(t, admin.Client(), admin.URL+"/metrics/tick?at="+at)
		if status == http.StatusOK && (again != status || first != second) {
			t.Errorf("the same tick was answered %d and %d:\n%s\n%s", status, again, first, second)
		}
		return status == http.StatusOK
	})
	if status, body := get(t, admin.Client(), admin.URL+"/metrics"); status != http.StatusOK || !strings.Contains(body, "process_start_time_seconds") {
		t.Errorf("/metrics: %d %s", status, body)
	}
}

// FuzzTick asks with whatever is stated as a tick.
func FuzzTick(f *testing.F) {
	for _, at := range []string{"", "2026-08-22T12:00:00Z", "2026-08-22T12:00:00.5+23:59", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999-23:59", "now"} {
		f.Add(at)
	}
	endpoint := &ticks{gather: prometheus.NewRegistry(), now: func() time.Time { return noon }}
	f.Fuzz(func(t *testing.T, at string) {
		response := httptest.NewRecorder()
		endpoint.ServeHTTP(response, &http.Request{Method: http.MethodGet, URL: &url.URL{RawQuery: url.Values{"at": {at}}.Encode()}})
		tick, err := time.Parse(time.RFC3339Nano, at)
		near := err == nil && tick.Sub(noon).Abs() <= tickTolerance
		if response.Code == http.StatusOK && !near || response.Code == http.StatusInternalServerError {
			t.Errorf("%q: got %d", at, response.Code)
		}
	})
}
