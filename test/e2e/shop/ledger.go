package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// room is how many failures are kept.
const room = 20

// snapshot is the ledger as JSON; doc.go shows it.
type snapshot struct {
	Started   time.Time          `json:"started"`
	Requests  int                `json:"requests"`
	UnderWay  int                `json:"underWay"`
	Responses map[string]int     `json:"responses"`
	Versions  map[string]int     `json:"versions"`
	Errors    map[string]int     `json:"errors"`
	Failures  []failure          `json:"failures"`
	LatencyMs map[string]float64 `json:"latencyMs"`
}

// failure is one request that no version answered.
type failure struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// ledger counts answers. A reset turns the page: what was under way then is not counted on the new one.
type ledger struct {
	mu      sync.Mutex
	page    int
	counts  snapshot
	latency [buckets]int
}

func newLedger(now time.Time) *ledger {
	l := &ledger{}
	l.reset(now)
	return l
}

func (l *ledger) reset(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.page++
	l.latency = [buckets]int{}
	l.counts = snapshot{
		Started: now.UTC(), Responses: map[string]int{}, Versions: map[string]int{}, Errors: map[string]int{}, Failures: []failure{},
	}
}

// begin notes a request and returns the page that its answer belongs to.
func (l *ledger) begin() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.UnderWay++
	return l.page
}

// end notes what came of a request.
func (l *ledger) end(page int, a answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if page != l.page {
		return
	}
	l.counts.UnderWay--
	l.counts.Requests++
	if a.kind != "" {
		l.counts.Errors[a.kind]++
	} else {
		l.counts.Responses[strconv.Itoa(a.status)]++
		if a.version != "" {
			l.counts.Versions[a.version]++
		}
		l.latency[bucket(a.took)]++
	}
	if a.what != "" && len(l.counts.Failures) < room {
		l.counts.Failures = append(l.counts.Failures, failure{At: a.at.UTC(), What: a.what})
	}
}

func (l *ledger) snapshot() snapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.counts
	s.Responses, s.Versions, s.Errors = maps.Clone(s.Responses), maps.Clone(s.Versions), maps.Clone(s.Errors)
	s.Failures = slices.Clone(s.Failures)
	s.LatencyMs = map[string]float64{}
	for name, share := range map[string]float64{"p50": 0.5, "p90": 0.9, "p99": 0.99} {
		s.LatencyMs[name] = quantile(&l.latency, share)
	}
	return s
}

// report prints what came since the last line, until the context ends.
func (l *ledger) report(ctx context.Context, out io.Writer, every time.Duration) {
	if every <= 0 {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := l.snapshot()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := l.snapshot()
		if now.Started != last.Started {
			last = snapshot{Started: now.Started}
		}
		fmt.Fprintln(out, line(last, now))
		last = now
	}
}

// line says what was counted between two looks.
func line(last, now snapshot) string {
	parts := []string{fmt.Sprintf("%d requests", now.Requests-last.Requests)}
	for _, group := range []struct {
		name      string
		was, were map[string]int
	}{{"status ", last.Responses, now.Responses}, {"", last.Versions, now.Versions}, {"error ", last.Errors, now.Errors}} {
		for _, key := range slices.Sorted(maps.Keys(group.were)) {
			if n := group.were[key] - group.was[key]; n > 0 {
				parts = append(parts, fmt.Sprintf("%s%s: %d", group.name, key, n))
			}
		}
	}
	return strings.Join(parts, "  ")
}

// Bounds of the latency buckets: the first is at most 0.1 ms, each further one 5 % wider; the last is over a minute.
const (
	firstMs = 0.1
	growth  = 1.05
	buckets = 275
)

func bucket(took time.Duration) int {
	ms := float64(took) / float64(time.Millisecond)
	if ms <= firstMs {
		return 0
	}
	return min(int(math.Ceil(math.Log(ms/firstMs)/math.Log(growth))), buckets-1)
}

// quantile returns a latency in milliseconds that the share of the answers does not exceed, exact up to a bucket's width.
func quantile(counts *[buckets]int, share float64) float64 {
	total, sum := 0, 0
	for _, n := range counts {
		total += n
	}
	for i, n := range counts {
		if sum += n; total > 0 && float64(sum) >= share*float64(total) {
			return math.Round(firstMs*math.Pow(growth, float64(i))*100) / 100
		}
	}
	return 0
}
