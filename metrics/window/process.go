package window

import (
	"slices"
	"sort"
	"time"
)

// process is one run of one proxy, from its first snapshot to its last.
type process struct {
	proxy   string
	started time.Time
	// returned says that the same run was taken for vanished before: its counters must not be counted from zero.
	returned bool
	// seen says that there was a snapshot; first and last are the ticks of the first and the last one.
	seen        bool
	first, last int64
	// misses are the ticks, ascending, at which the proxy was ready and gave no snapshot; reason is why, the last time.
	misses []int64
	reason string
	// resets are the ticks, ascending, whose snapshot had a lower counter than the one before.
	resets []int64
	// gone says that it vanished: no snapshot of it will follow.
	gone    bool
	entries map[Series]*entry
}

// startTolerance is how far apart two statements of one process about its own start may lie: it is derived from the
// machine's boot time, which moves a little when the clock is set.
const startTolerance = 2 * time.Second

// sameRun reports whether two stated starts may be of one process. Where one is not known, nothing speaks against it.
func sameRun(a, b time.Time) bool {
	return a.IsZero() || b.IsZero() || a.Sub(b).Abs() <= startTolerance
}

// add takes in the snapshot of a tick.
func (p *process) add(tick int64, s *Snapshot, bounds *boundsTable) {
	if !p.seen {
		p.seen, p.first, p.started = true, tick, s.Started
	}
	p.last = tick
	reset := false
	for series, counts := range s.Series {
		e := p.entries[series]
		if e == nil {
			e = newEntry()
			p.entries[series] = e
		}
		reset = e.requests.add(tick, []uint64{counts.Success, counts.Failure}) || reset
		if len(counts.Latency.Counts) > 0 {
			reset = e.latency(bounds.index(counts.Latency.Bounds), len(counts.Latency.Counts)).add(tick, counts.Latency.Counts) || reset
		}
	}
	if reset {
		p.resets = append(p.resets, tick)
	}
	for _, e := range p.entries {
		e.settle(tick)
	}
}

// blocks reports whether the process makes windows that begin or end at the tick incomplete: it was ready, gave no
// snapshot, and had not vanished yet.
func (p *process) blocks(tick int64) bool {
	if _, missed := slices.BinarySearch(p.misses, tick); !missed {
		return false
	}
	return !p.gone || (p.seen && p.last > tick)
}

// resetIn returns the first tick inside the window at which a counter had decreased.
func (p *process) resetIn(w ticks) (tick int64, found bool) {
	i := sort.Search(len(p.resets), func(i int) bool { return p.resets[i] > w.start })
	if i == len(p.resets) || p.resets[i] > w.end {
		return 0, false
	}
	return p.resets[i], true
}

// answered reports whether there is a snapshot of the tick, given that a round was made then.
func (p *process) answered(tick int64) bool {
	if !p.seen || tick < p.first || tick > p.last {
		return false
	}
	_, missed := slices.BinarySearch(p.misses, tick)
	return !missed
}

// countsFromZero reports whether everything the process ever counted lies after start.
func (p *process) countsFromZero(start time.Time) bool {
	return !p.returned && !p.started.IsZero() && !p.started.Before(start)
}

// span returns the two ticks between which the process counts in the window, and whether it counts at all.
func (p *process) span(w ticks, start time.Time) (from, to int64, counts bool) {
	switch {
	case !p.seen || p.first > w.end || p.last <= w.start:
		return 0, 0, false
	case p.first <= w.start:
		return w.start, w.end, true
	case p.countsFromZero(start):
		return p.first - 1, w.end, true
	default:
		return p.first, w.end, true
	}
}

// trim forgets what no tick from oldest on needs.
func (p *process) trim(oldest int64) {
	kept, _ := slices.BinarySearch(p.misses, oldest)
	p.misses = slices.Delete(p.misses, 0, kept)
	kept, _ = slices.BinarySearch(p.resets, oldest)
	p.resets = slices.Delete(p.resets, 0, kept)
	for series, e := range p.entries {
		if e.requests.seen < p.last && !e.changedAfter(oldest) {
			delete(p.entries, series)
			continue
		}
		e.trim(oldest)
	}
}
