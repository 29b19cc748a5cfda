package proxy

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/metrics/window"
)

// told is what one asker was told about a tick.
type told struct {
	tick   time.Duration
	counts [3]float64
}

// TestEveryAskerOfATickSeesTheSame counts requests and turns the clock while askers with crooked clocks ask, in both formats, over
// HTTP. Whatever the order, a tick has one set of numbers, and none of them is lower than an earlier tick's.
func TestEveryAskerOfATickSeesTheSame(t *testing.T) {
	const interval, askers, rounds = 100 * ms, 4, 150
	ledger := newLedger(time.Hour)
	counted := ledger.request(endpointKey{apex: web, split: "web", backend: "v1"}, enforce.Nobody, enforce.Nobody)
	var clock atomic.Int64
	endpoint := &ticks{
		gather: ledger.registry,
		now:    func() time.Time { return noon.Add(time.Duration(clock.Load())) },
	}
	server := httptest.NewServer(endpoint)
	defer server.Close()

	results := make([][]told, askers)
	var asking sync.WaitGroup
	for i := range askers {
		asking.Go(func() {
			for range rounds {
				clock.Add(rand.Int64N(int64(interval)))
				counted.success.Inc()
				counted.seconds.Observe(rand.Float64())
				if rand.IntN(3) == 0 {
					counted.failure.Inc()
				}
				// Between two ticks back and two ticks ahead, so that some are asked for out of order.
				tick := (time.Duration(clock.Load()) + time.Duration(rand.IntN(5)-2)*interval).Truncate(interval)
				if counts, answered := askFor(t, server, tick); answered {
					results[i] = append(results[i], told{tick, counts})
				}
			}
		})
	}
	asking.Wait()
	compare(t, results, askers*rounds/2)
}

// askFor returns the successes, failures and durations at the tick, unless it is gone.
func askFor(t *testing.T, server *httptest.Server, tick time.Duration) (counts [3]float64, answered bool) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"?at="+noon.Add(tick).Format(time.RFC3339Nano), nil)
	if err != nil {
		t.Error(err)
		return counts, false
	}
	if rand.IntN(2) == 0 {
		request.Header.Set("Accept", string(expfmt.FmtProtoDelim))
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Error(err)
		return counts, false
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		if response.StatusCode != http.StatusGone {
			t.Errorf("%s for %s", response.Status, tick)
		}
		return counts, false
	}
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	for family := new(dto.MetricFamily); decoder.Decode(family) == nil; family = new(dto.MetricFamily) {
		for _, m := range family.GetMetric() {
			switch {
			case family.GetName() == "serin_proxy_request_duration_seconds":
				counts[2] = float64(m.GetHistogram().GetSampleCount())
			case family.GetName() == "serin_proxy_requests_total" && labelsOf(m, []string{labelOutcome}) == outcomeSuccess:
				counts[0] = m.GetCounter().GetValue()
			case family.GetName() == "serin_proxy_requests_total":
				counts[1] = m.GetCounter().GetValue()
			}
		}
	}
	return counts, true
}

// compare holds all that was told to one another, and wants at least as many answers as fewest.
func compare(t *testing.T, results [][]told, fewest int) {
	t.Helper()
	byTick, answers, last := map[time.Duration][3]float64{}, 0, time.Duration(0)
	for _, asker := range results {
		for _, one := range asker {
			if known, seen := byTick[one.tick]; seen && known != one.counts {
				t.Errorf("%s has %v and %v", one.tick, known, one.counts)
			}
			byTick[one.tick], last = one.counts, max(last, one.tick)
			answers++
		}
	}
	if answers < fewest || answers == len(byTick) {
		t.Errorf("%d answers about %d ticks prove little", answers, len(byTick))
	}
	var before [3]float64
	for tick := -time.Second; tick <= last; tick += 100 * ms {
		counts, seen := byTick[tick]
		for i := range counts {
			if seen && counts[i] < before[i] {
				t.Errorf("%s has %v, an earlier tick %v", tick, counts, before)
			}
		}
		if seen {
			before = counts
		}
	}
}

// TestTwoServersThatScrapeTheSameTickSeeTheSameNumbers scrapes as the TrafficMetrics servers do, while requests are carried.
func TestTwoServersThatScrapeTheSameTickSeeTheSameNumbers(t *testing.T) {
	l := newLab(t)
	l.ledger.registry.MustRegister(newLiveCollector(l.plane, func() float64 { return rand.Float64() }))
	l.world = shared(map[string]int64{"v1": 1, "v2": 1}, "v1", "v2")
	l.backend("10.0.1.1:8080", says200("v1"))
	l.backend("10.0.2.1:8080", http.NotFoundHandler())
	l.put()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics/tick", &ticks{gather: l.ledger.registry, now: func() time.Time { return noon }})
	admin := httptest.NewServer(mux)
	defer admin.Close()
	client, apex, targets := newClient(t), l.url(80), []scrape.Target{{Proxy: "p", Address: admin.Listener.Addr().String(), Ready: true}}
	servers := [2]*scrape.Scraper{scrape.New(nil), scrape.New(nil)}
	defer servers[0].Close()
	defer servers[1].Close()

	before := uint64(0)
	for i := range 20 {
		tick := noon.Add(time.Duration(i) * ms)
		var rounds [2]window.Round
		get(t, client, apex)
		var asking sync.WaitGroup
		for i, server := range servers {
			asking.Go(func() { rounds[i] = server.Scrape(t.Context(), tick, targets) })
			get(t, client, apex)
		}
		asking.Wait()
		get(t, client, apex)
		late := servers[i%2].Scrape(t.Context(), tick, targets)
		for _, round := range []window.Round{rounds[1], late} {
			if diff := cmp.Diff(rounds[0], round); diff != "" {
				t.Fatalf("tick %d: (-one server +the other):\n%s", i, diff)
			}
		}
		counted := requestsOf(t, late)
		if counted <= before || counted > uint64(4*i+3) {
			t.Errorf("tick %d has %d requests of the %d to %d that were carried, the tick before %d", i, counted, 4*i+1, 4*i+3, before)
		}
		before = counted
	}
}

// requestsOf is how many requests the only proxy of the round has counted.
func requestsOf(t *testing.T, round window.Round) (all uint64) {
	t.Helper()
	seen := round.Sightings[0]
	if seen.Snapshot == nil {
		t.Fatalf("no snapshot: %s", seen.Reason)
	}
	for _, counts := range seen.Snapshot.Series {
		all += counts.Success + counts.Failure
	}
	return all
}
