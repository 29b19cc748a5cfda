package schedule

import (
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// longest is how far ahead the end of an opening is looked for. It is longer than the longest window, so an opening that
	// lasts longer is made of several and is looked at again then.
	longest = 8 * 24 * time.Hour
	// horizon is how many years ahead the next opening is looked for.
	horizon = 5
)

// Opening says whether a window is open now, and when the answer changes: at the end of the opening or at the next one. Of an
// opening that lasts longer than 8 days it gives the instant 8 days ahead, as a time to look again. The time is zero when
// nothing opens within 5 years, or nothing can because a window cannot be read. Without windows there is no Opening.
func Opening(windows []v1alpha1.Window, now time.Time) (o *analysis.Opening, changes time.Time) {
	if len(windows) == 0 {
		return nil, time.Time{}
	}
	now = now.Round(0)
	tracks := make([]*track, 0, len(windows))
	for i, w := range windows {
		p, problem := read(i, w)
		if problem != "" {
			return &analysis.Opening{Problem: problem}, time.Time{}
		}
		tracks = append(tracks, newTrack(p, now))
	}
	if end := closing(tracks); end > 0 {
		return &analysis.Opening{Open: true}, now.Add(min(end, longest))
	}
	next := opening(tracks, now)
	return &analysis.Opening{Next: next}, next
}

// closing is how long from now on the tracks together stay open without a gap; 0 when none is open now. It stops to look
// once that is longest.
func closing(tracks []*track) time.Duration {
	var end time.Duration
	for grown := true; grown && end < longest; {
		grown = false
		for _, t := range tracks {
			if e := t.reach(end); e > end {
				end, grown = e, true
			}
		}
	}
	return end
}

// opening is when the first of the tracks, none of which is open, opens; zero when none does.
func opening(tracks []*track, now time.Time) (first time.Time) {
	limit := now.AddDate(horizon, 0, 0).Unix()
	for _, t := range tracks {
		if t.look(limit) {
			limit = t.run.first // Only what opens earlier than this one matters from here on.
			first = time.Unix(limit, 0).In(now.Location())
		}
	}
	return first
}

// track follows one window through time, forward only. Its times are lengths of time from now on.
type track struct {
	walker
	length time.Duration
	now    time.Time
	// run is the next that was not consumed, if found says so.
	run   run
	found bool
}

// newTrack stands before the first minute from which the window would still be open now.
func newTrack(p plan, now time.Time) *track {
	opened := now.Add(-p.length)
	return &track{walker: newWalker(p, opened.Unix()+1), length: p.length, now: now}
}

// reach consumes everything that begins until end, or goes on from there without a gap, and returns when the last of it
// closes; 0 if there is none.
func (t *track) reach(end time.Duration) (last time.Duration) {
	bound := t.now.Add(longest).Unix() + 1 // What begins in the same second counts.
	for end < longest && t.look(bound) && t.after(t.run.first) <= end {
		// A run has no gap: a window is open for a minute at least.
		last = max(last, t.after(t.run.last)+t.length)
		end = max(end, last)
		t.found = false
	}
	return last
}

// look finds the next run that begins before limit.
func (t *track) look(limit int64) bool {
	if !t.found {
		t.run, t.found = t.next(limit)
	}
	return t.found && t.run.first < limit
}

// after is how long after now an instant is.
func (t *track) after(unix int64) time.Duration {
	return time.Duration(unix-t.now.Unix())*time.Second - time.Duration(t.now.Nanosecond())
}
