package window

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Window is what was counted in (Start, End].
type Window struct {
	Start, End time.Time
	// Rows has one entry per series with traffic, summed over the proxies, in no particular order.
	Rows []Row
}

// Row is one series in one window.
type Row struct {
	Series Series
	Counts Counts
}

// Reading is the answer to one question: a complete window, and the weights that the data plane applies now.
type Reading struct {
	*Window
	// Weights are those of the latest round, not of the window's end, and only where every ready proxy agrees.
	Weights map[Backend]int64
}

// Read returns the newest complete window of the span. It fails with *InvalidSpanError, *GoneError or *UnavailableError.
func (s *Store) Read(span Span, now time.Time) (Reading, error) {
	if err := s.check(span, now); err != nil {
		return Reading{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fresh(now); err != nil {
		return Reading{}, err
	}
	if !span.Since.IsZero() {
		return s.since(s.tick(span.Since))
	}
	return s.aligned(span.Length, now)
}

// aligned is the newest complete window that ends at a multiple of its length.
func (s *Store) aligned(length time.Duration, now time.Time) (Reading, error) {
	newest := s.time(s.newest()).UnixNano()
	end := time.Unix(0, newest-newest%int64(length)).UTC()
	var because string
	for ; now.Sub(end) <= MaxAge*length; end = end.Add(-length) {
		w := ticks{start: s.tick(end.Add(-length)), end: s.tick(end)}
		if w.start < s.rounds[0] {
			because = join(because, fmt.Sprintf("scrapes are known since %s only", clock(s.time(s.rounds[0]))))
			break
		}
		if gap := s.gap(w); gap != "" {
			because = join(because, gap)
			continue
		}
		return Reading{Window: s.window(w), Weights: s.weights}, nil
	}
	return Reading{}, Unavailable("no complete window of %s in the last %s: %s", length, MaxAge*length, because)
}

// since is the longest complete window that begins at the tick.
func (s *Store) since(start int64) (Reading, error) {
	begin := clock(s.time(start))
	if start < s.rounds[0] {
		return Reading{}, Gone("no window can begin at %s: scrapes are known since %s only", begin, clock(s.time(s.rounds[0])))
	}
	if start >= s.newest() {
		return Reading{}, Unavailable("no scrape was made after %s yet, where the window begins", begin)
	}
	if gap := s.missing(start); gap != "" {
		return Reading{}, Gone("no window can begin at %s: %s", begin, gap)
	}
	because, second := "", max(1, int64(time.Second/s.interval))
	for end := s.newest() - s.newest()%second; end > start; end -= second {
		w := ticks{start: start, end: end}
		if gap := s.gap(w); gap != "" {
			because = join(because, gap)
			continue
		}
		return Reading{Window: s.window(w), Weights: s.weights}, nil
	}
	if reset := s.reset(ticks{start: start, end: s.newest()}); reset != "" {
		return Reading{}, Gone("no window can begin at %s any more: %s", begin, reset)
	}
	if because == "" {
		because = "a window has at least a second"
	}
	return Reading{}, Unavailable("no complete window since %s yet: %s", begin, because)
}

func (s *Store) newest() int64 { return s.rounds[len(s.rounds)-1] }

// fresh refuses to answer when no proxy has answered for MaxSilence scrapes.
func (s *Store) fresh(now time.Time) error {
	switch {
	case len(s.rounds) == 0:
		return Unavailable("no proxy has been scraped yet")
	case s.answered.IsZero():
		return Unavailable("no proxy has been scraped yet: %s", s.reason)
	case now.Sub(s.answered) > MaxSilence*s.interval:
		return Unavailable("no proxy has answered since %s, more than %d scrapes of %s ago: %s",
			clock(s.answered), MaxSilence, s.interval, s.reason)
	}
	return nil
}

// gap says why the window is not complete, or nothing.
func (s *Store) gap(w ticks) string {
	for _, tick := range []int64{w.end, w.start} {
		if missing := s.missing(tick); missing != "" {
			return missing
		}
	}
	if reset := s.reset(w); reset != "" {
		return reset
	}
	if !slices.ContainsFunc(s.processes, func(p *process) bool { return p.answered(w.end) }) {
		return fmt.Sprintf("no proxy answered the scrape of %s", clock(s.time(w.end)))
	}
	return ""
}

// reset says which counter decreased inside the window, or nothing.
func (s *Store) reset(w ticks) string {
	for _, p := range s.processes {
		if tick, reset := p.resetIn(w); reset {
			return fmt.Sprintf("the counters of proxy %s went back at %s although it was not restarted", p.proxy, clock(s.time(tick)))
		}
	}
	return ""
}

// missing says why no window can begin or end at the tick, or nothing.
func (s *Store) missing(tick int64) string {
	if _, made := slices.BinarySearch(s.rounds, tick); !made {
		return fmt.Sprintf("no scrape was made at %s", clock(s.time(tick)))
	}
	for _, p := range s.processes {
		if p.blocks(tick) {
			return s.blame(p, tick)
		}
	}
	return ""
}

// blame says what the process missed, in the same words for as long as it stays silent.
func (s *Store) blame(p *process, tick int64) string {
	switch newest := s.newest(); {
	case p.misses[len(p.misses)-1] != newest:
		return fmt.Sprintf("ready proxy %s did not answer the scrape of %s: %s", p.proxy, clock(s.time(tick)), p.reason)
	case p.seen:
		return fmt.Sprintf("ready proxy %s has not answered since %s: %s", p.proxy, clock(s.time(p.last)), p.reason)
	default:
		return fmt.Sprintf("ready proxy %s has never answered: %s", p.proxy, p.reason)
	}
}

// window sums the window over the processes. A complete window never changes, so the last ones are kept.
func (s *Store) window(w ticks) *Window {
	if known := s.cache[w]; known != nil {
		return known
	}
	sums := map[Series]*Counts{}
	for _, p := range s.processes {
		if from, to, counts := p.span(w, s.time(w.start)); counts {
			s.sum(sums, p, from, to)
		}
	}
	result := &Window{Start: s.time(w.start), End: s.time(w.end), Rows: make([]Row, 0, len(sums))}
	for series, counts := range sums {
		result.Rows = append(result.Rows, Row{Series: series, Counts: *counts})
	}
	if len(s.cache) >= maxCached {
		clear(s.cache)
	}
	s.cache[w] = result
	return result
}

// maxCached bounds how many windows are kept ready.
const maxCached = 16

func (s *Store) sum(sums map[Series]*Counts, p *process, from, to int64) {
	for series, e := range p.entries {
		if !e.changedAfter(from) {
			continue
		}
		counts := e.counted(from, to, &s.bounds)
		if counts.empty() {
			continue
		}
		if sums[series] == nil {
			sums[series] = &Counts{}
		}
		sums[series].Add(counts)
	}
}

// Group sums the rows of a window by a key; rows for which key reports false are left out.
func Group[K comparable](w *Window, key func(*Series) (K, bool)) map[K]*Counts {
	sums := map[K]*Counts{}
	for i := range w.Rows {
		k, wanted := key(&w.Rows[i].Series)
		if !wanted {
			continue
		}
		if sums[k] == nil {
			sums[k] = &Counts{}
		}
		sums[k].Add(w.Rows[i].Counts)
	}
	return sums
}

// join keeps the first reason: it belongs to the newest window.
func join(first, later string) string {
	if first != "" || later == "" {
		return first
	}
	return later
}

func clock(t time.Time) string { return strings.TrimSuffix(t.Format("15:04:05.999"), ".000") + " UTC" }
