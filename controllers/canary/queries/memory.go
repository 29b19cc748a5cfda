package queries

import (
	"math"
	"time"
)

// What is remembered of a query: the last windows, and enough of them to see a counter come back after a scrape that failed.
const (
	windowsKept = 10
	leastKept   = 2 * time.Minute
	// lookBack is how long before a window a counter is looked at of which nothing is remembered.
	lookBack = time.Minute
	// sweepEvery is how often what was not asked about any more is looked for.
	sweepEvery = time.Minute
)

// key stands for a query to one Prometheus with certain headers.
type key [32]byte

// memory holds what queries gave.
type memory struct {
	series map[key]*series
	swept  time.Time
}

// series is what one query gave, by the time in milliseconds.
type series struct {
	points map[int64]point
	ends   time.Time
}

// until says how long something is worth remembering.
type until struct {
	window window
	now    time.Time
}

func (u until) kept() time.Duration { return max(windowsKept*u.window.length(), leastKept) }

func (m *memory) get(k key, milli int64) (point, bool) {
	s := m.series[k]
	if s == nil {
		return point{}, false
	}
	p, ok := s.points[milli]
	return p, ok
}

// keep remembers what a query gave, unless something is remembered already, and returns what is.
func (m *memory) keep(k key, milli int64, p point, u until) point {
	m.sweep(u.now)
	s := m.series[k]
	if s == nil {
		s = &series{points: map[int64]point{}}
		m.series[k] = s
	}
	s.ends = u.now.Add(u.kept() + u.window.length())
	oldest := u.window.end.Add(-u.kept()).UnixMilli()
	for old := range s.points {
		if old < oldest {
			delete(s.points, old)
		}
	}
	if first, ok := s.points[milli]; ok {
		return first
	}
	s.points[milli] = p
	return p
}

// before says whether anything is remembered of the time before an instant.
func (m *memory) before(k key, milli int64) bool {
	if s := m.series[k]; s != nil {
		for old := range s.points {
			if old < milli {
				return true
			}
		}
	}
	return false
}

// peak is the highest number that a query gave before an instant.
func (m *memory) peak(k key, milli int64) (float64, bool) {
	highest := math.Inf(-1)
	if s := m.series[k]; s != nil {
		for old, p := range s.points {
			if old < milli && p.found && p.number > highest { // never so for NaN
				highest = p.number
			}
		}
	}
	return highest, !math.IsInf(highest, 0)
}

// sweep forgets the queries that nobody asks any more.
func (m *memory) sweep(now time.Time) {
	if now.Sub(m.swept).Abs() < sweepEvery {
		return
	}
	m.swept = now
	for k, s := range m.series {
		if now.After(s.ends) {
			delete(m.series, k)
		}
	}
}
