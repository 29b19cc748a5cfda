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

// ticks is a window in ticks.
type ticks struct {
	start, end int64
	startTime  time.Time
}

// Read returns the newest complete window of the length. It fails with *InvalidLengthError or *UnavailableError.
func (s *Store) Read(length time.Duration, now time.Time) (Reading, error) {
	if err := s.check(length); err != nil {
		return Reading{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fresh(now); err != nil {
		return Reading{}, err
	}
	newest := s.time(s.rounds[len(s.rounds)-1]).UnixNano()
	end := time.Unix(0, newest-newest%int64(length)).UTC()
	var because string
	for ; now.Sub(end) <= MaxAge*length; end = end.Add(-length) {
		w := ticks{start: s.tick(end.Add(-length)), end: s.tick(end), startTime: end.Add(-length)}
		if w.start < s.rounds[0] {
			because = join(because, fmt.Sprintf("scrapes are known since %s only", clock(s.time(s.rounds[0]))))
			break
		}
		if gap := s.gap(w); gap != "" {
			because = join(because, gap)
			continue
		}
		return Reading{Window: s.window(length, w), Weights: s.weights}, nil
	}
	return Reading{}, unavailable("no complete window of %s in the last %s: %s", length, MaxAge*length, because)
}

// check refuses lengths whose two ends are not ticks, or whose end a timestamp cannot tell from its neighbour.
func (s *Store) check(length time.Duration) error {
	switch {
	case length <= 0:
		return invalid("window %s must be positive", length)
	case length%s.interval != 0:
		return invalid("window %s must be a multiple of the scrape interval %s", length, s.interval)
	case length%time.Second != 0:
		return invalid("window %s must be whole seconds", length)
	case length > s.retention:
		return invalid("window %s must not exceed %s, for which counts are kept", length, s.retention)
	}
	return nil
}

// fresh refuses to answer when no proxy has answered for MaxSilence scrapes.
func (s *Store) fresh(now time.Time) error {
	switch {
	case len(s.rounds) == 0:
		return unavailable("no proxy has been scraped yet")
	case s.answered.IsZero():
		return unavailable("no proxy has been scraped yet: %s", s.reason)
	case now.Sub(s.answered) > MaxSilence*s.interval:
		return unavailable("no proxy has answered since %s, more than %d scrapes of %s ago: %s",
			clock(s.answered), MaxSilence, s.interval, s.reason)
	}
	return nil
}

// gap says why the window is not complete, or nothing.
func (s *Store) gap(w ticks) string {
	for _, tick := range []int64{w.end, w.start} {
		if _, made := slices.BinarySearch(s.rounds, tick); !made {
			return fmt.Sprintf("no scrape was made at %s", clock(s.time(tick)))
		}
		for _, p := range s.processes {
			if p.blocks(tick) {
				return s.blame(p, tick)
			}
		}
	}
	if !slices.ContainsFunc(s.processes, func(p *process) bool { return p.answered(w.end) }) {
		return fmt.Sprintf("no proxy answered the scrape of %s", clock(s.time(w.end)))
	}
	return ""
}

// blame says what the process missed, in the same words for as long as it stays silent.
func (s *Store) blame(p *process, tick int64) string {
	switch newest := s.rounds[len(s.rounds)-1]; {
	case p.misses[len(p.misses)-1] != newest:
		return fmt.Sprintf("ready proxy %s did not answer the scrape of %s: %s", p.proxy, clock(s.time(tick)), p.reason)
	case p.seen:
		return fmt.Sprintf("ready proxy %s has not answered since %s: %s", p.proxy, clock(s.time(p.last)), p.reason)
	default:
		return fmt.Sprintf("ready proxy %s has never answered: %s", p.proxy, p.reason)
	}
}

// window sums the window over the processes. A complete window never changes, so the newest of each length is kept.
func (s *Store) window(length time.Duration, w ticks) *Window {
	end := s.time(w.end)
	if known := s.cache[length]; known != nil && known.End.Equal(end) {
		return known
	}
	sums := map[Series]*Counts{}
	for _, p := range s.processes {
		if from, to, counts := p.span(w); counts {
			s.sum(sums, p, from, to)
		}
	}
	result := &Window{Start: w.startTime, End: end, Rows: make([]Row, 0, len(sums))}
	for series, counts := range sums {
		result.Rows = append(result.Rows, Row{Series: series, Counts: *counts})
	}
	if len(s.cache) > maxCached {
		clear(s.cache)
	}
	s.cache[length] = result
	return result
}

// maxCached bounds how many windows of different lengths are kept ready.
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
