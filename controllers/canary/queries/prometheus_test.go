package queries

import (
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/prometheus"

	"github.com/google/go-cmp/cmp"
	library "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

// shop is an application whose versions count their orders, as a real exporter.
type shop struct {
	*httptest.Server
	all, failed *library.CounterVec
}

func openShop(t *testing.T) *shop {
	t.Helper()
	labels := []string{"service"}
	s := &shop{
		all:    library.NewCounterVec(library.CounterOpts{Name: "orders_total", Help: "Orders."}, labels),
		failed: library.NewCounterVec(library.CounterOpts{Name: "orders_failed_total", Help: "Orders that failed."}, labels),
	}
	registry := library.NewRegistry()
	registry.MustRegister(s.all, s.failed)
	s.Server = httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(s.Close)
	return s
}

// sell counts orders of a version, and returns how many it has then.
func (s *shop) sell(version string, orders, failures int) float64 {
	for range orders {
		s.all.WithLabelValues("foobar-" + version).Inc()
	}
	for range failures {
		s.failed.WithLabelValues("foobar-" + version).Inc()
	}
	metric := &dto.Metric{}
	if err := s.all.WithLabelValues("foobar-" + version).Write(metric); err != nil {
		panic(err)
	}
	return metric.GetCounter().GetValue()
}

func TestCountsAreExactOverWhatWasScraped(t *testing.T) {
	app := openShop(t)
	server := prometheus.ForTest(t, prometheus.Options{
		Interval: 100 * time.Millisecond, Targets: []prometheus.Target{{Address: app.URL, Job: "shop"}},
	})
	ctx, requests := within(t, 2*time.Minute), &counting{}
	reader := New(Options{Address: server.URL, Timeout: patient, Transport: requests})
	c := canary("",
		share("errors", `sum(orders_failed_total{service="$(backend)"})`, `sum(orders_total{service="$(backend)"})`),
		good(share("sold", `sum(orders_total{service="$(backend)"}) - (sum(orders_failed_total{service="$(backend)"}) or vector(0))`, `sum(orders_total{service="$(backend)"})`)),
		gauge("failed", `sum(orders_failed_total{service="$(backend)"})`, "", "3"),
	)
	// scraped waits until the numbers of v2 have arrived, and with them those of v1, which sold before.
	scraped := func(_, v2 float64) time.Time {
		t.Helper()
		at, err := server.Scraped(ctx, `orders_total{service="foobar-v2"}`, v2)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	expect := func(start, end time.Time, want ...analysis.Custom) {
		t.Helper()
		if diff := cmp.Diff(want, reader.Ask(ctx, c, between(start, end))); diff != "" {
			t.Errorf("observed (-want +got):\n%s", diff)
		}
	}

	first := scraped(app.sell("v1", 1000, 7), app.sell("v2", 0, 0)+app.sell("v2", 10, 0))
	second := scraped(app.sell("v1", 500, 2), app.sell("v2", 40, 3))
	expect(first, second,
		analysis.Custom{Name: "errors", Candidate: part(3, 40), Stable: part(2, 500)},
		analysis.Custom{Name: "sold", Candidate: part(3, 40), Stable: part(2, 500)},
		analysis.Custom{Name: "failed", Candidate: part(0, 1), Stable: part(1, 1), Value: 3},
	)
	if got := requests.requests.Load(); got != 18 {
		t.Errorf("%d queries for the first window, want 18: three counters of two versions, on both ends and before", got)
	}

	third := scraped(app.sell("v1", 100, 0), app.sell("v2", 11, 11))
	for range 2 {
		expect(second, third,
			analysis.Custom{Name: "errors", Candidate: part(11, 11), Stable: part(0, 100)},
			analysis.Custom{Name: "sold", Candidate: part(11, 11), Stable: part(0, 100)},
			analysis.Custom{Name: "failed", Candidate: part(1, 1), Stable: part(1, 1), Value: 14},
		)
	}
	if got := requests.requests.Load(); got != 24 {
		t.Errorf("%d queries after the second window, asked about twice; want 24: what ended the first begins it", got)
	}
}

func TestWhatAWindowCanShow(t *testing.T) {
	server, ctx := prometheus.ForTest(t, prometheus.Options{}), within(t, 2*time.Minute)
	end := time.Now().Truncate(time.Second).Add(-time.Minute)
	start := end.Add(-10 * time.Second)
	load := func(name, service string, from, to float64) prometheus.Series {
		s := prometheus.Series{Name: name, Labels: map[string]string{"service": service}}
		for at, number := range map[time.Time]float64{start: from, end: to} {
			if number >= 0 || math.IsNaN(number) {
				s.Points = append(s.Points, prometheus.Point{At: at, Number: number})
			}
		}
		return s
	}
	const missing = -1
	gone := math.NaN()
	err := server.Load(ctx,
		load("all_total", "foobar-v2", 100, 150), load("all_total", "foobar-v1", 1000, 1400),
		load("failed_total", "foobar-v2", 1, 6), load("failed_total", "foobar-v1", 10, 10),
		load("new_total", "foobar-v2", missing, 30), load("late_total", "foobar-v2", missing, 4),
		load("reset_total", "foobar-v2", 100, 20), load("gone_total", "foobar-v2", 100, gone),
		load("other_total", "foobar-v1", 1, 2), load("queue", "foobar-v2", 3, 12.5), load("queue", "foobar-v1", 3, 4),
	)
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) string { return `sum(` + name + `{service="$(backend)"})` }
	tests := map[string]struct {
		check v1alpha1.CustomCheck
		want  analysis.Custom
	}{
		"a share":                           {share("c", of("failed_total"), of("all_total")), analysis.Custom{Candidate: part(5, 50), Stable: part(0, 400)}},
		"one series without sum()":          {share("c", `failed_total{service="$(backend)"}`, of("all_total")), analysis.Custom{Candidate: part(5, 50), Stable: part(0, 400)}},
		"a scalar":                          {share("c", `scalar(`+of("failed_total")+`)`, of("all_total")), analysis.Custom{Candidate: part(5, 50), Stable: part(0, 400)}},
		"a version that is new":             {share("c", of("late_total"), of("new_total")), analysis.Custom{Candidate: part(4, 30)}},
		"a counter of failures that is new": {share("c", of("late_total"), of("all_total")), analysis.Custom{Candidate: part(4, 50), Stable: part(0, 400)}},
		"no counter of failures":            {share("c", of("never_total"), of("all_total")), analysis.Custom{Candidate: part(0, 50), Stable: part(0, 400)}},
		"nothing at all":                    {share("c", of("never_total"), of("never_all_total")), analysis.Custom{}},
		"only stable":                       {share("c", of("never_total"), of("other_total")), analysis.Custom{Stable: part(0, 1)}},
		"a reset of all":                    {share("c", of("failed_total"), of("reset_total")), analysis.Custom{}},
		"a reset of failures":               {share("c", of("reset_total"), of("all_total")), analysis.Custom{Stable: part(0, 400)}},
		"a counter that ends":               {share("c", of("failed_total"), of("gone_total")), analysis.Custom{}},
		"failures that end":                 {share("c", of("gone_total"), of("all_total")), analysis.Custom{Stable: part(0, 400)}},
		"NaN":                               {share("c", `0 * `+of("failed_total")+` / 0`, of("all_total")), analysis.Custom{}},
		"a share of stable alone is wrong":  {share("c", of("failed_total")+` and on() ($(version)_total or vector(1))`, of("all_total")), analysis.Custom{Candidate: part(5, 50), Stable: part(0, 400)}},
		"more failures than all":            {share("c", of("all_total"), of("failed_total")), analysis.Custom{Problem: `the numerator of "c" counts more than its denominator: it must count a part of what the denominator counts`}},
		"several series":                    {share("c", `failed_total`, `all_total`), analysis.Custom{Problem: `the numerator of "c" returned 2 series: sum() them into one`}},
		"a range":                           {share("c", of("failed_total"), `all_total[5m]`), analysis.Custom{Problem: `the denominator of "c" returned values over time: leave out the range in []`}},
		"a text":                            {share("c", `"failed"`, of("all_total")), analysis.Custom{Problem: `the numerator of "c" returned no number`}},
		"a query that cannot be read":       {share("c", of("failed_total"), `sum(all_total`), analysis.Custom{Problem: `Prometheus refused the denominator of "c": 1:14: parse error: unclosed left parenthesis`}},
		"a query that cannot be answered":   {gauge("c", `all_total{service="foobar-v2"} * on() queue`, "", "1"), analysis.Custom{Problem: `Prometheus refused the query of "c": found duplicate series for the match group {} on the right hand-side of the operation`}},
		"a placeholder that is unknown":     {gauge("c", `queue{pod="$(pod)"}`, "", "1"), analysis.Custom{Problem: `the query of "c" has the unknown placeholder $(pod): use $(namespace), $(canary), $(version) or $(backend)`}},
		"a gauge above its bound":           {gauge("c", of("queue"), "", "10"), analysis.Custom{Candidate: part(1, 1), Stable: part(0, 1), Value: 12.5}},
		"a gauge within its bounds":         {gauge("c", of("queue"), "1", "12.5"), analysis.Custom{Candidate: part(0, 1), Stable: part(0, 1), Value: 12.5}},
		"a gauge that is not there":         {gauge("c", of("never"), "1", ""), analysis.Custom{}},
		"a gauge that is no number":         {gauge("c", of("queue")+` * NaN`, "1", ""), analysis.Custom{}},
		"a gauge that is infinite":          {gauge("c", of("queue")+` / 0`, "1", ""), analysis.Custom{Candidate: part(1, 1), Stable: part(1, 1), Value: math.Inf(1)}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			reader := New(Options{Timeout: patient})
			tc.want.Name = "c"
			got := reader.Ask(ctx, canary(server.URL+"/", tc.check), between(start, end))
			if diff := cmp.Diff([]analysis.Custom{tc.want}, got); diff != "" {
				t.Errorf("observed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNothingIsCountedTwice has a pod of two that cannot be scraped in one window and is back in the next.
func TestNothingIsCountedTwice(t *testing.T) {
	server, ctx := prometheus.ForTest(t, prometheus.Options{}), within(t, 2*time.Minute)
	begin := time.Now().Truncate(time.Second).Add(-3 * time.Minute)
	at := func(window int) time.Time { return begin.Add(time.Duration(window) * 10 * time.Second) }
	pod := func(name, pod string, numbers ...float64) prometheus.Series {
		s := prometheus.Series{Name: name, Labels: map[string]string{"service": "foobar-v2", "pod": pod}}
		for i, number := range numbers {
			s.Points = append(s.Points, prometheus.Point{At: at(i), Number: number})
		}
		return s
	}
	gone := math.NaN()
	err := server.Load(ctx,
		pod("all_total", "a", 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 5),
		pod("all_total", "b", 140, 150, 160, 170, 180, 190, 200, 210, gone, 230, 240, 250),
		pod("failed_total", "a", 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 0),
		pod("failed_total", "b", 8, 8, 8, 8, 8, 8, 8, 8, gone, 9, 9, 9),
	)
	if err != nil {
		t.Fatal(err)
	}
	c := canary("", share("errors", `sum(failed_total{service="$(backend)"})`, `sum(all_total{service="$(backend)"})`))
	for name, fresh := range map[string]bool{"with what it remembers": false, "begun anew in each window": true} {
		reader := New(Options{Address: server.URL, Timeout: patient})
		for i, want := range []analysis.Custom{
			{Name: "errors", Candidate: part(0, 20)},
			{Name: "errors"}, // b cannot be scraped
			{Name: "errors"}, // b is back, with what was counted before
			{Name: "errors", Candidate: part(1, 20)},
			{Name: "errors"}, // a began anew
		} {
			if fresh {
				reader = New(Options{Address: server.URL, Timeout: patient})
			}
			got := reader.Ask(ctx, c, between(at(i+6), at(i+7)))
			if diff := cmp.Diff([]analysis.Custom{want}, got); diff != "" {
				t.Errorf("a reader %s, window %d (-want +got):\n%s", name, i, diff)
			}
		}
	}
}

func TestAPrometheusThatIsDownAndUpAgain(t *testing.T) {
	ctx, options := within(t, 2*time.Minute), prometheus.Options{Dir: t.TempDir(), Progress: t.Output()}
	server, err := prometheus.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Truncate(time.Second)
	loaded := prometheus.Series{Name: "queue", Points: []prometheus.Point{{At: end, Number: 7}}}
	if err := server.Load(ctx, loaded); err != nil {
		t.Fatal(err)
	}
	reader := New(Options{Timeout: patient})
	c := canary(server.URL, gauge("queue", `sum(queue)`, "", "10"))
	ask := func(end time.Time) analysis.Custom { return reader.Ask(ctx, c, between(end.Add(-time.Second), end))[0] }
	up := analysis.Custom{Name: "queue", Candidate: part(0, 1), Stable: part(0, 1), Value: 7}
	if diff := cmp.Diff(up, ask(end)); diff != "" {
		t.Errorf("up (-want +got):\n%s", diff)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	down := analysis.Custom{Name: "queue", Problem: fmt.Sprintf("Prometheus %s cannot be reached: connection refused", server.URL)}
	for i := range 3 {
		if diff := cmp.Diff(down, ask(end.Add(time.Duration(i+1)*time.Second))); diff != "" {
			t.Errorf("down (-want +got):\n%s", diff)
		}
	}
	if diff := cmp.Diff(up, ask(end)); diff != "" {
		t.Errorf("what was answered before is forgotten (-want +got):\n%s", diff)
	}
	options.Address = server.Addr()
	prometheus.ForTest(t, options)
	again := ask(end.Add(time.Second))
	for ; again.Problem != "" && ctx.Err() == nil; again = ask(end.Add(time.Second)) {
		await(ctx)
	}
	if diff := cmp.Diff(up, again); diff != "" {
		t.Errorf("up again (-want +got):\n%s", diff)
	}
}

// await waits a moment between two looks.
func await(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}
