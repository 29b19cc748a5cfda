package analysis

import (
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// How the judge's state is kept in status, exactly: numbers are written with as many digits as it takes to read them back.

// stateOf reads what the judge remembers; limit is that of latency. A memory that cannot be read, after a person's edit, is
// none.
func stateOf(e *v1alpha1.EvidenceStatus, limit time.Duration) judge.State {
	if e == nil {
		return judge.State{}
	}
	state := judge.State{Weight: e.Weight, Windows: int(e.Windows)}
	for _, c := range e.Checks {
		var m judge.Memory
		if err := m.UnmarshalText([]byte(c.Memory)); err == nil {
			m.Name = c.Name
			state.Memories = append(state.Memories, m)
		}
	}
	for _, w := range e.Recent {
		state.Recent = append(state.Recent, WindowOf(w, limit))
	}
	return state
}

// remember records the state after the window. A window that could not be used is not recorded.
func (v *weighing) remember() {
	e := &v1alpha1.EvidenceStatus{
		Weight: v.state.Weight, Windows: int32(v.state.Windows), Odds: Odds(v.result.LnE), Degraded: v.result.Degraded,
	}
	if before := v.p.next.Evidence; before != nil {
		e.Judged, e.Recent = before.Judged, before.Recent
	}
	for _, m := range v.state.Memories {
		if text, err := m.MarshalText(); err == nil {
			e.Checks = append(e.Checks, v1alpha1.EvidenceMemory{Name: m.Name, Memory: string(text)})
		}
	}
	if v.result.Cause != judge.Unusable {
		e.Judged++
		e.Recent = append(slices.Clone(e.Recent), recordOf(v.window, v.sample))
		e.Recent = e.Recent[max(len(e.Recent)-len(v.state.Recent), 0):]
	}
	v.p.next.Evidence = e
}

// recordOf writes a window down.
func recordOf(w judge.Window, sample Sample) v1alpha1.WindowRecord {
	record := v1alpha1.WindowRecord{
		EndedAt: v1alpha1.At(sample.End), Window: v1alpha1.Dur(sample.Length().Truncate(time.Millisecond)),
		Weight: w.Weight, Next: w.Next, Candidate: countsRecord(w.Candidate), Stable: countsRecord(w.Stable),
	}
	for _, c := range sample.Custom {
		if pair, ok := w.Others[c.Name]; ok {
			record.Checks = append(record.Checks, v1alpha1.RecordedCheck{
				Name: c.Name, Candidate: shareRecord(pair.Candidate), Stable: shareRecord(pair.Stable),
			})
		}
	}
	return record
}

func countsRecord(c judge.Counts) v1alpha1.WindowCounts {
	record := v1alpha1.WindowCounts{Requests: exact(c.Requests), Failures: exact(c.Failures)}
	switch q := c.Quantiles; {
	case q != nil:
		record.P50, record.P90, record.P99 = exact(q.P50), exact(q.P90), exact(q.P99)
	case !c.Unmeasured:
		record.Slow = exact(c.Slow)
	}
	return record
}

func shareRecord(part judge.Part) *v1alpha1.RecordedShare {
	if part.Total == 0 {
		return nil
	}
	return &v1alpha1.RecordedShare{Bad: exact(part.Bad), Total: exact(part.Total)}
}

// WindowOf reads a window that was written down; limit is that of latency, 0 without one.
func WindowOf(r v1alpha1.WindowRecord, limit time.Duration) judge.Window {
	w := judge.Window{Weight: r.Weight, Next: r.Next, Candidate: countsOf(r.Candidate, limit), Stable: countsOf(r.Stable, limit)}
	for _, c := range r.Checks {
		if w.Others == nil {
			w.Others = map[string]judge.Pair{}
		}
		w.Others[c.Name] = judge.Pair{Candidate: partOf(c.Candidate), Stable: partOf(c.Stable)}
	}
	return w
}

func countsOf(c v1alpha1.WindowCounts, limit time.Duration) judge.Counts {
	counts := judge.Counts{Requests: number64(c.Requests), Failures: number64(c.Failures), Slow: number64(c.Slow)}
	if c.P99 != "" {
		counts.Quantiles = &judge.Quantiles{
			Limit: limit.Seconds(), P50: number64(c.P50), P90: number64(c.P90), P99: number64(c.P99),
		}
	}
	counts.Unmeasured = c.Slow == "" && c.P99 == ""
	return counts
}

func partOf(s *v1alpha1.RecordedShare) judge.Part {
	if s == nil {
		return judge.Part{}
	}
	return judge.Part{Bad: number64(s.Bad), Total: number64(s.Total)}
}

// exact writes a number so that it is read back as the same.
func exact(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// number64 reads such a number; what is none is 0.
func number64(s string) float64 { return decimal(s, 0) }
