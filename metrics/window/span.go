package window

import "time"

// Span says which window is asked for.
type Span struct {
	// Length is how long a window is that ends at a multiple of its length since the epoch. It is not used with Since.
	Length time.Duration
	// Since is where the window begins that ends as late as can be answered. Whoever asks again since the end of the last
	// answer sees every request once, in windows that may differ in length.
	Since time.Time
}

// ticks is a window in ticks.
type ticks struct{ start, end int64 }

// check refuses spans whose two ends are not ticks, or whose end a timestamp cannot tell from its neighbour.
func (s *Store) check(span Span, now time.Time) error {
	length := span.Length
	switch {
	case !span.Since.IsZero():
		return s.checkSince(span.Since, now)
	case length <= 0:
		return Invalid("window %s must be positive", length)
	case length%s.interval != 0:
		return Invalid("window %s must be a multiple of the scrape interval %s", length, s.interval)
	case length%time.Second != 0:
		return Invalid("window %s must be whole seconds", length)
	case length > s.retention:
		return Invalid("window %s must not exceed %s, for which counts are kept", length, s.retention)
	}
	return nil
}

func (s *Store) checkSince(since, now time.Time) error {
	switch {
	case since.After(now.Add(maxAhead)): // first, because far ahead nanoseconds cannot be counted any more
		return Invalid("since %s lies in the future: it is %s here", stamp(since), stamp(now))
	case since.UnixNano()%int64(time.Second) != 0 || since.UnixNano()%int64(s.interval) != 0:
		return Invalid("since %s must be a whole second and a multiple of the scrape interval %s since the epoch", stamp(since), s.interval)
	}
	return nil
}

// maxAhead is how far the clock of whoever asks may be ahead.
const maxAhead = time.Minute

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
