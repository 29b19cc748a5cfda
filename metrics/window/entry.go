package window

// entry is one series of one process. Requests and durations are counted apart: a snapshot taken between the two may show
// one without the other.
type entry struct {
	requests line
	// latencies has one line per list of bounds; more than one only if a process ever changed its bounds.
	latencies []latencyLine
}

type latencyLine struct {
	line
	bounds int
}

// line is a row of counters that are reset together.
type line struct {
	// raw is what the proxy said last; total is the same without resets, so it never decreases.
	raw, total []uint64
	// seen is the tick of the last snapshot that had the line.
	seen  int64
	track track
}

func newLine(width int) line { return line{raw: make([]uint64, width), total: make([]uint64, width)} }

func newEntry() *entry { return &entry{requests: newLine(2)} }

func (e *entry) latency(bounds, width int) *line {
	for i := range e.latencies {
		if e.latencies[i].bounds == bounds {
			return &e.latencies[i].line
		}
	}
	e.latencies = append(e.latencies, latencyLine{line: newLine(width), bounds: bounds})
	return &e.latencies[len(e.latencies)-1].line
}

// settle puts the lines that the snapshot of the tick did not have to zero: they start from there if they come back.
func (e *entry) settle(tick int64) {
	e.requests.settle(tick)
	for i := range e.latencies {
		e.latencies[i].settle(tick)
	}
}

func (e *entry) changedAfter(tick int64) bool {
	changed := e.requests.track.changedAfter(tick)
	for i := range e.latencies {
		changed = changed || e.latencies[i].track.changedAfter(tick)
	}
	return changed
}

func (e *entry) trim(oldest int64) {
	e.requests.track.trim(oldest)
	for i := range e.latencies {
		e.latencies[i].track.trim(oldest)
	}
}

// counted returns what the entry counted after tick from, up to and including tick to.
func (e *entry) counted(from, to int64, bounds *boundsTable) Counts {
	requests := e.requests.between(from, to)
	c := Counts{Success: requests[0], Failure: requests[1]}
	for i := range e.latencies {
		l := &e.latencies[i]
		part := Latency{Bounds: bounds.lists[l.bounds], Counts: l.between(from, to)}
		if i == 0 {
			c.Latency = part
		} else {
			c.Latency = common(c.Latency, part)
		}
	}
	return c
}

// add takes in raw numbers and reports whether any of them decreased: then the line was reset, and all of its numbers begin
// at zero again. Otherwise the difference to the last ones counts.
func (l *line) add(tick int64, now []uint64) (reset bool) {
	l.seen = tick
	changed := false
	for i := range now {
		changed = changed || now[i] != l.raw[i]
		reset = reset || now[i] < l.raw[i]
	}
	if !changed {
		return false
	}
	if reset {
		clear(l.raw)
	}
	for i := range now {
		l.raw[i] = now[i] - l.raw[i]
		l.total[i] += l.raw[i]
	}
	l.track.add(tick, l.raw, l.total)
	copy(l.raw, now)
	return reset
}

func (l *line) settle(tick int64) {
	if l.seen != tick {
		clear(l.raw)
	}
}

func (l *line) between(from, to int64) []uint64 {
	grown := make([]uint64, len(l.total))
	l.track.between(from, to, grown)
	return grown
}
