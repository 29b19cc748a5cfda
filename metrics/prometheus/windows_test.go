package prometheus_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
	real "github.com/serin-dev/serin/test/prometheus"
)

// oneCounter is a profile with nothing but a counter and a histogram.
const oneCounter = `
name: one
layer: application
detect: %[1]s_total
meters:
  m: {counter: %[1]s_total, failures: ['code="500"'], histogram: %[1]s_bucket, unit: s}
views:
  deployments: {meter: m, side: server, of: {namespace: ns, name: dep}}
`

// reading asks for the Deployment t/d by the counter.
func reading(t *testing.T, s *prometheus.Source, q source.Question) (*window.Counts, *source.Reading, error) {
	t.Helper()
	q.Kind, q.Namespace = source.Deployments, "t"
	r, err := s.Read(t.Context(), q)
	if err != nil {
		return nil, nil, err
	}
	counts := r.Counts[source.Pair{Of: source.Object{Namespace: "t", Name: "d"}}]
	if counts == nil {
		counts = &window.Counts{}
	}
	return counts, r, nil
}

func oneSource(t *testing.T, counter string, o prometheus.Options) *prometheus.Source {
	t.Helper()
	o.Profile, o.Splits = "one", &world{}
	s := newSource(t, o)
	if broken := s.SetProfiles(map[string]string{"one": fmt.Sprintf(oneCounter, counter)}); len(broken) > 0 {
		t.Fatal(broken)
	}
	return s
}

// TestWhatAWindowCounts has a scrape each 15 s; the window is the last minute, so the fifth number from the right lies at its
// beginning and the last one at its end.
func TestWhatAWindowCounts(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-2 * time.Minute).Truncate(time.Minute)
	const up = "1+0x8"
	number := 0
	for name, tc := range map[string]struct {
		reason   string
		up       string
		success  string
		failure  string
		want     [2]uint64
		sentence string
	}{
		"a counter that grows":       {"the difference between its ends", up, "5+10x8", "0+1x8", [2]uint64{40, 4}, ""},
		"no failures yet":            {"a counter of failures appears with the first", up, "5+10x8", "", [2]uint64{40, 0}, ""},
		"no requests":                {"the target is there, and its counter rests", up, "7+0x8", "", [2]uint64{0, 0}, ""},
		"a first failure":            {"a counter that is new at a target that was scraped before begins at zero", up, "5+10x8", "_x6 3 3 4", [2]uint64{40, 4}, ""},
		"a new target":               {"how old its counter is, nobody knows: it counts from its first scrape", "_x6 1 1 1", "_x6 100 103 109", "", [2]uint64{9, 0}, ""},
		"a reset":                    {"what was counted after it", up, "100+10x5 5 10 20", "", [2]uint64{20, 0}, ""},
		"a reset right at the start": {"what was counted after it", up, "100+10x4 2 4 8 9", "", [2]uint64{9, 0}, ""},
		"a reset that is made up for": {"what was counted after it, although the number is higher than before", up, "0 1 2 3 4 10 2 50 60", "",
			[2]uint64{60, 0}, ""},
		"a scrape that failed inside":       {"only the ends matter", "1 1 1 1 1 0 1 1 1", "0+10x4 stale 60 70 80", "", [2]uint64{40, 0}, ""},
		"a scrape that failed at the start": {"the window before did not see those requests, so this one does", "1 1 1 1 0 1 1 1 1", "0+10x3 stale 50 60 70 80", "", [2]uint64{50, 0}, ""},
		"a scrape that failed at the end":   {"the next window will see them", "1+0x7 0", "0+10x7 stale", "", [2]uint64{30, 0}, ""},
		"a pod that vanished":               {"it counts up to its last scrape", "1+0x5 stale _x2", "0+10x5 stale _x2", "", [2]uint64{10, 0}, ""},
		"a pod that vanished before":        {"it counts nothing", "1+0x3 stale _x4", "0+10x3 stale _x4", "", [2]uint64{0, 0}, ""},
		"a target that was away for 4m30s":  {"what it counted meanwhile counts when it is back", "1 _x17 1 1 1", "100 _x17 150 160 170", "", [2]uint64{70, 0}, ""},
		"a target that was away for 7m":     {"it counts from its first scrape", "1 _x27 1 1 1", "100 _x27 150 160 170", "", [2]uint64{20, 0}, ""},
	} {
		number++
		t.Run(name, func(t *testing.T) {
			counter := fmt.Sprintf("case%d", number)
			labels := fmt.Sprintf(`job="app",instance=%q,ns="t",dep="d"`, counter)
			lines := []string{
				// Another target, so that Prometheus itself is seen to be at work.
				`up{job="app",instance="other"} 1+0x40`,
				fmt.Sprintf(`up{job="app",instance=%q} %s`, counter, tc.up),
				fmt.Sprintf(`%s_total{%s,code="200"} %s`, counter, labels, tc.success),
			}
			if tc.failure != "" {
				lines = append(lines, fmt.Sprintf(`%s_total{%s,code="500"} %s`, counter, labels, tc.failure))
			}
			for _, line := range lines {
				if err := server.Load(t.Context(), readSeries(t, line, 15*time.Second, end)); err != nil {
					t.Fatal(err)
				}
			}
			s := oneSource(t, counter, prometheus.Options{Address: server.URL})
			got, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: end.Add(10 * time.Second)})
			if err != nil {
				t.Fatal(err)
			}
			if (*got).Success != tc.want[0] || got.Failure != tc.want[1] {
				t.Errorf("%s: got %d and %d, want %v", tc.reason, got.Success, got.Failure, tc.want)
			}
		})
	}
}

func TestWhenThereIsNoAnswer(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-2 * time.Minute).Truncate(time.Minute)
	load := func(lines ...string) {
		for _, line := range lines {
			if err := server.Load(t.Context(), readSeries(t, line, 15*time.Second, end)); err != nil {
				t.Fatal(err)
			}
		}
	}
	load(`up{job="app",instance="a"} 1+0x8`, `there_total{job="app",instance="a",ns="u",dep="d",code="200"} 0+1x8`)
	clock := func(t time.Time) string { return t.UTC().Format(time.TimeOnly) + " UTC" }
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	var invalid *window.InvalidSpanError
	var gone *window.GoneError
	var unavailable *window.UnavailableError
	for name, tc := range map[string]struct {
		counter string
		span    window.Span
		now     time.Time
		kind    any
		want    string
	}{
		"a window of one scrape":    {"there", window.Span{Length: 20 * time.Second}, end, &invalid, "window 20s must be at least 30s, two scrapes of Prometheus"},
		"a window of a fraction":    {"there", window.Span{Length: 30500 * time.Millisecond}, end, &invalid, "window 30.5s must be whole seconds"},
		"a window that is too long": {"there", window.Span{Length: 2 * time.Hour}, end, &invalid, "window 2h0m0s must not exceed 1h0m0s"},
		"since a fraction of a second": {"there", window.Span{Since: end.Add(time.Millisecond)}, end, &invalid,
			"since " + stamp(end.Add(time.Millisecond)) + " must be a whole second"},
		"since a time to come": {"there", window.Span{Since: end.Add(time.Hour)}, end, &invalid,
			fmt.Sprintf("since %s lies in the future: it is %s here", stamp(end.Add(time.Hour)), stamp(end))},
		"since long ago": {"there", window.Span{Since: end.Add(-2 * time.Hour)}, end, &gone, "since " + stamp(end.Add(-2*time.Hour)) + " is more than 1h0m0s ago"},
		"since right now": {"there", window.Span{Since: end}, end.Add(5 * time.Second), &unavailable,
			"no window since " + clock(end) + " can be read yet: that takes a scrape of Prometheus, each 15s, and 3s"},
		"nothing scraped lately": {"there", window.Span{Length: time.Minute}, end.Add(2*time.Minute + 5*time.Second), &unavailable,
			"Prometheus " + server.URL + " scraped nothing in the 30s before " + clock(end.Add(2*time.Minute))},
		"nothing scraped when the window began": {"there", window.Span{Length: 5 * time.Minute}, end.Truncate(5 * time.Minute).Add(10 * time.Second), &unavailable, ""},
		"nothing scraped since then": {"there", window.Span{Since: end.Add(-10 * time.Minute)}, end.Add(5 * time.Second), &gone,
			"no window can begin there: Prometheus " + server.URL + " scraped nothing in the 30s before " + clock(end.Add(-10*time.Minute))},
		"a counter that nobody has": {"missing", window.Span{Length: time.Minute}, end.Add(5 * time.Second), &unavailable,
			"Prometheus " + server.URL + " has no missing_total, by which profile one counts: nothing is scraped, or nothing was ever sent"},
	} {
		t.Run(name, func(t *testing.T) {
			s := oneSource(t, tc.counter, prometheus.Options{Address: server.URL})
			_, _, err := reading(t, s, source.Question{Span: tc.span, Now: tc.now})
			if err == nil || !errors.As(err, tc.kind) || tc.want != "" && err.Error() != tc.want {
				t.Errorf("got %T %v, want %s", err, err, tc.want)
			}
		})
	}
	t.Run("a counter that others have", func(t *testing.T) {
		s := oneSource(t, "there", prometheus.Options{Address: server.URL})
		got, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: end.Add(5 * time.Second)})
		if err != nil || got.Requests() != 0 {
			t.Errorf("got %v %v, want no requests", got, err)
		}
	})
}

// TestAScrapeThatComesInLate is one that a window does not see any more that was read already: it never counts twice.
func TestAScrapeThatComesInLate(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-3 * time.Minute).Truncate(time.Minute)
	load := func(line string, end time.Time) {
		if err := server.Load(t.Context(), readSeries(t, line, 15*time.Second, end)); err != nil {
			t.Fatal(err)
		}
	}
	const labels = `{job="app",instance="a",ns="t",dep="d",code="200"}`
	load(`up{job="app",instance="a"} 1+0x12`, end.Add(time.Minute))
	load(`late_total`+labels+` 0+10x7`, end.Add(-15*time.Second)) // up to 70
	read := func(end time.Time) uint64 {
		s := oneSource(t, "late", prometheus.Options{Address: server.URL})
		got, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: end.Add(5 * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		return got.Success
	}
	first := read(end)
	load(`late_total`+labels+` 80+10x4`, end.Add(time.Minute)) // 80 lies at the end of the first window
	second := read(end.Add(time.Minute))
	if first != 30 || second != 40 {
		t.Errorf("got %d and %d, want 30 of the scrapes that were in, and 40: the 10 of the late one are lost, and not counted twice", first, second)
	}
}

// TestWindowsThatFollowEachOtherLoseNothing asks since the end of the last answer. Scrapes fail and the target is away, but
// never for 5 minutes.
func TestWindowsThatFollowEachOtherLoseNothing(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-time.Minute).Truncate(time.Minute)
	const scrapes = 80
	number := 0
	rapid.Check(t, func(r *rapid.T) {
		if number++; number > 25 {
			return // each of them loads series into one Prometheus
		}
		counter := fmt.Sprintf("chain%d", number)
		total, numbers := 0, []string{"0"}
		seen := 0 // what the newest scrape saw
		for n := 1; n < scrapes; n++ {
			total += rapid.IntRange(0, 50).Draw(r, "requests")
			if rapid.IntRange(0, 3).Draw(r, "scrape") == 0 && n > 8 {
				numbers = append(numbers, "stale")
				continue
			}
			numbers, seen = append(numbers, fmt.Sprint(total)), total
		}
		for _, line := range []string{
			`up{job="app",instance="a"} 1+0x100`,
			fmt.Sprintf(`%s_total{job="app",instance="a",ns="t",dep="d",code="200"} %s`, counter, strings.Join(numbers, " ")),
		} {
			if err := server.Load(t.Context(), readSeries(t, line, 15*time.Second, end)); err != nil {
				r.Fatal(err)
			}
		}
		s := oneSource(t, counter, prometheus.Options{Address: server.URL})
		begin := end.Add(-(scrapes - 1) * 15 * time.Second)
		since, sum := begin, uint64(0)
		for since.Before(end) {
			now := since.Add(time.Duration(rapid.IntRange(34, 200).Draw(r, "pause")) * time.Second)
			if now.After(end) {
				now = end.Add(prometheus.DefaultDelay)
				if now.Sub(since) < 35*time.Second {
					break
				}
			}
			got, answer, err := reading(t, s, source.Question{Span: window.Span{Since: since}, Now: now})
			if err != nil {
				r.Fatal(err)
			}
			if !answer.Start.Equal(since) || !answer.End.After(since) {
				r.Fatalf("asked since %s, got (%s, %s]", since, answer.Start, answer.End)
			}
			since, sum = answer.End, sum+got.Success
		}
		if since.Equal(end) && sum != uint64(seen) {
			r.Fatalf("the windows have %d requests together, %d were seen: %v", sum, seen, numbers)
		}
		if sum > uint64(seen) {
			r.Fatalf("the windows have %d requests together, no more than %d were seen", sum, seen)
		}
	})
}

// exporter states what it is told to.
type exporter struct {
	*httptest.Server
	text atomic.Value
}

func newExporter(t *testing.T) *exporter {
	t.Helper()
	e := &exporter{}
	e.text.Store("")
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, e.text.Load()) }))
	t.Cleanup(e.Close)
	return e
}

// TestAPrometheusThatIsRestarted loses nothing of what the target counted meanwhile.
func TestAPrometheusThatIsRestarted(t *testing.T) {
	e, folder := newExporter(t), t.TempDir()
	serve := func(n int) { e.text.Store(fmt.Sprintf("live_total{ns=\"t\",dep=\"d\",code=\"200\"} %d\n", n)) }
	serve(5)
	options := real.Options{Dir: folder, Targets: []real.Target{{Address: e.Listener.Addr().String()}}}
	server, err := real.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	s := oneSource(t, "live", prometheus.Options{Address: server.URL, ScrapeInterval: time.Second, Delay: time.Millisecond})
	began, err := server.Scraped(t.Context(), "live_total", 5)
	if err != nil {
		t.Fatal(err)
	}
	since := began.Truncate(time.Second).Add(time.Second)
	sum := uint64(0)
	follow := func(want uint64) {
		t.Helper()
		for sum < want {
			got, answer, err := reading(t, s, source.Question{Span: window.Span{Since: since}, Now: time.Now()})
			if err != nil {
				if t.Context().Err() != nil {
					t.Fatal(err)
				}
				waitAMoment(t)
				continue
			}
			since, sum = answer.End, sum+got.Success
		}
		if sum != want {
			t.Fatalf("the windows have %d requests together, %d were served", sum, want)
		}
	}
	serve(25)
	follow(20)
	options.Address = server.Addr()
	address := server.URL
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	_, _, err = reading(t, s, source.Question{Span: window.Span{Since: since}, Now: time.Now().Add(10 * time.Second)})
	if want := "Prometheus " + address + " cannot be reached: connection refused"; err == nil || err.Error() != want {
		t.Errorf("while it is down got %v, want %s", err, want)
	}
	serve(125) // while nobody looks
	if server, err = real.Start(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	serve(130)
	follow(125)
}

// waitAMoment lets other processes go on.
func waitAMoment(t *testing.T) {
	select {
	case <-t.Context().Done():
	case <-time.After(50 * time.Millisecond):
	}
}

// TestNumbersThatAreNone are not taken for no requests; a histogram that is none leaves the latencies out.
func TestNumbersThatAreNone(t *testing.T) {
	e := newExporter(t)
	server := real.ForTest(t, real.Options{Targets: []real.Target{{Address: e.Listener.Addr().String()}}})
	for name, tc := range map[string]struct {
		first, then string
		await       string
		requests    uint64
		sentence    string
	}{
		"a counter": {
			first: `nan_total{ns="t",dep="d",code="200"} 1`, then: `nan_total{ns="t",dep="d",code="200"} NaN`, await: "count(nan_total != nan_total)",
			sentence: "Prometheus has no number of the requests to t/d: it says NaN",
		},
		"a bucket": {
			first: "hist_total{ns=\"t\",dep=\"d\",code=\"200\"} 1\nhist_bucket{ns=\"t\",dep=\"d\",le=\"1\"} 1\nhist_bucket{ns=\"t\",dep=\"d\",le=\"+Inf\"} 1",
			then:  "hist_total{ns=\"t\",dep=\"d\",code=\"200\"} 3\nhist_bucket{ns=\"t\",dep=\"d\",le=\"1\"} NaN\nhist_bucket{ns=\"t\",dep=\"d\",le=\"+Inf\"} 3",
			await: "count(hist_bucket != hist_bucket)", requests: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			counter := strings.SplitN(tc.first, "_", 2)[0]
			e.text.Store(tc.first + "\n")
			began, err := server.Scraped(t.Context(), counter+"_total", 1)
			if err != nil {
				t.Fatal(err)
			}
			e.text.Store(tc.then + "\n")
			if err := server.Await(t.Context(), tc.await, 1); err != nil {
				t.Fatal(err)
			}
			s := oneSource(t, counter, prometheus.Options{Address: server.URL, ScrapeInterval: time.Second, Delay: time.Millisecond})
			for {
				got, _, err := reading(t, s, source.Question{Span: window.Span{Since: began.Truncate(time.Second).Add(time.Second)}, Now: time.Now()})
				if tc.sentence != "" && err != nil && err.Error() == tc.sentence {
					return
				}
				if err == nil && got.Success == tc.requests && tc.sentence == "" {
					if len(got.Latency.Counts) > 0 {
						t.Errorf("got a histogram %v of numbers that are none", got.Latency)
					}
					return
				}
				if t.Context().Err() != nil {
					t.Fatalf("got %v %v", got, err)
				}
				waitAMoment(t)
			}
		})
	}
}

// TestOneQuerySetPerNamespaceAndWindow counts what a Prometheus is asked.
func TestOneQuerySetPerNamespaceAndWindow(t *testing.T) {
	server := real.ForTest(t, real.Options{})
	end := time.Now().Add(-2 * time.Minute).Truncate(time.Minute)
	for _, line := range []string{`up{job="app",instance="a"} 1+0x8`, `asked_total{job="app",instance="a",ns="t",dep="d",code="200"} 0+1x8`} {
		if err := server.Load(t.Context(), readSeries(t, line, 15*time.Second, end)); err != nil {
			t.Fatal(err)
		}
	}
	counted := &counting{}
	s := oneSource(t, "asked", prometheus.Options{Address: server.URL, Transport: counted})
	for second := range 5 {
		for range 10 { // objects, or Canaries, of one namespace
			if _, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: end.Add(time.Duration(5+second) * time.Second)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := counted.requests.Load(); n != 3 {
		t.Errorf("50 questions about one namespace and window made %d queries, want one per metric: 3", n)
	}
}

type counting struct{ requests atomic.Int64 }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.requests.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

// TestPrometheusThatFails is a server of this test, because a real one cannot be made to fail like that.
func TestPrometheusThatFails(t *testing.T) {
	for name, tc := range map[string]struct {
		status     int
		kind, body string
		want       string
	}{
		"a partial answer": {200, "application/json",
			`{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["store 10.0.0.1 is unavailable"]}`,
			"Prometheus ADDRESS warns that its answer is not whole: store 10.0.0.1 is unavailable"},
		"an overload":       {503, "application/json", `{"status":"error","errorType":"unavailable","error":"too many queries"}`, "Prometheus ADDRESS refused the query: too many queries"},
		"too many requests": {429, "text/plain", "slow down", "Prometheus ADDRESS refused the query: client error: 429"},
		"a wrong token":     {401, "text/plain", "no", "Prometheus ADDRESS refused the query: client error: 401"},
		"a query timeout":   {503, "application/json", `{"status":"error","errorType":"timeout","error":"query timed out"}`, "Prometheus ADDRESS refused the query: query timed out"},
		"something else":    {200, "text/html", "<html>Grafana</html>", "what answers at ADDRESS is no Prometheus: the address must be the one before /api/v1"},
		"not a vector":      {200, "application/json", `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`, "what answers at ADDRESS is no Prometheus: the address must be the one before /api/v1"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tc.kind)
				w.WriteHeader(tc.status)
				_, _ = fmt.Fprint(w, tc.body)
			}))
			defer server.Close()
			s := oneSource(t, "any", prometheus.Options{Address: server.URL})
			_, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: time.Now()})
			var unavailable *window.UnavailableError
			if want := strings.ReplaceAll(tc.want, "ADDRESS", server.URL); err == nil || !errors.As(err, &unavailable) || err.Error() != want {
				t.Errorf("got %T %v, want %s", err, err, want)
			}
		})
	}
}

func TestAPrometheusThatHangs(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	s := oneSource(t, "any", prometheus.Options{Address: server.URL, Timeout: 20 * time.Millisecond})
	_, _, err := reading(t, s, source.Question{Span: window.Span{Length: time.Minute}, Now: time.Now()})
	if want := "Prometheus " + server.URL + " did not answer within 20ms"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestOptionsThatAreRefused(t *testing.T) {
	for sentence, o := range map[string]prometheus.Options{
		`the address of Prometheus is "", not one such as http://prometheus.monitoring:9090`:                {},
		`the address of Prometheus is "prometheus:9090", not one such as http://prometheus.monitoring:9090`: {Address: "prometheus:9090"},
		"the scrape interval of Prometheus is 1.5s, not whole seconds up to 30m0s":                          {Address: "http://p", ScrapeInterval: 1500 * time.Millisecond},
	} {
		if _, err := prometheus.New(o); err == nil || err.Error() != sentence {
			t.Errorf("got %v, want %s", err, sentence)
		}
	}
}
