package schedule

import (
	"math"
	"math/bits"
	"time"
)

// Lengths of time in seconds.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// forever is later than any instant that is asked for, and far from where arithmetic ends.
const forever = math.MaxInt64 / 4

// run is a run of named minutes that follow each other: the instants, in Unix seconds, at which the first and last begin.
type run struct{ first, last int64 }

// walker goes through the minutes that a plan names. Between two changes of its zone's offset the wall clock runs evenly, so
// there it counts with whole days, hours and minutes; at a change it begins anew.
type walker struct {
	plan
	// at is the instant from which it looks, in Unix seconds.
	at int64
	// offset is what the wall clock is ahead of UTC, in seconds, until the instant until.
	offset, until int64
	// date is the day, counted from 1970 on the wall clock, of which named and nextMonth are known.
	date, nextMonth int64
	inMonth, named  bool
}

func newWalker(p plan, at int64) walker {
	return walker{plan: p, at: at, until: math.MinInt64, date: math.MinInt64}
}

// next is the next run that begins before limit, if there is one. No run crosses the end of an hour.
func (w *walker) next(limit int64) (run, bool) {
	for w.at < limit {
		if w.at >= w.until {
			w.enter()
		}
		wall := w.at + w.offset
		today := floor(wall, day)
		w.know(today)
		second := wall - today*day
		switch hours := w.hours >> (second / hour); {
		case !w.inMonth:
			w.skip(w.nextMonth * day)
		case !w.named, hours == 0:
			w.skip((today + 1) * day)
		case hours&1 == 0:
			w.skip(today*day + (second/hour+int64(bits.TrailingZeros64(hours)))*hour)
		default:
			if r, ok := w.within(today*day+second/hour*hour, limit); ok {
				return r, true
			}
		}
	}
	return run{}, false
}

// enter learns how the wall clock runs from at on.
func (w *walker) enter() {
	t := time.Unix(w.at, 0).In(w.zone)
	_, offset := t.Zone()
	w.offset, w.until = int64(offset), forever
	if _, end := t.ZoneBounds(); !end.IsZero() {
		w.until = end.Unix()
	}
}

// know learns whether a day is named.
func (w *walker) know(date int64) {
	if date == w.date {
		return
	}
	w.date = date
	year, month, ofMonth := time.Unix(date*day, 0).UTC().Date()
	w.inMonth = w.months>>month&1 == 1
	if !w.inMonth {
		w.nextMonth = floor(time.Date(year, month+1, 1, 0, 0, 0, 0, time.UTC).Unix(), day)
		return
	}
	w.named = w.days.names(ofMonth, date+4-7*floor(date+4, 7)) // 1 January 1970 was a Thursday.
}

// skip goes to a time on the wall clock, or to where the wall clock changes.
func (w *walker) skip(wall int64) { w.at = min(wall-w.offset, w.until) }

// within is the next run in the hour that begins at a time on the wall clock. If there is none, it has gone on to the next hour.
func (w *walker) within(start, limit int64) (run, bool) {
	from := (w.at + w.offset - start + minute - 1) / minute // The first whole minute from at on.
	named := w.minutes >> from
	if named == 0 {
		w.skip(start + hour)
		return run{}, false
	}
	from += int64(bits.TrailingZeros64(named))
	first := start + from*minute - w.offset
	if first >= w.until || first >= limit {
		w.at = min(first, w.until)
		return run{}, false
	}
	count := int64(bits.TrailingZeros64(^(w.minutes >> from)))
	count = min(count, 1+(w.until-1-first)/minute)
	last := first + (count-1)*minute
	w.at = last + 1
	return run{first: first, last: last}, true
}

// floor is a/b rounded down, also for what lies before 1970.
func floor(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}
