package recording

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// Line writes a window as a line of its own.
func Line(w analysis.RecordedWindow) ([]byte, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// Of is a window as a status remembers it. Numbers in a status are strings, and a person may have edited them.
func Of(r v1alpha1.WindowRecord) (analysis.RecordedWindow, error) {
	var n numbers
	w := analysis.RecordedWindow{
		EndedAt: r.EndedAt, Seconds: r.Window.Of().Seconds(), Weight: r.Weight, Next: r.Next,
		Candidate: n.counts(r.Candidate), Stable: n.counts(r.Stable),
	}
	for _, c := range r.Checks {
		if w.Checks == nil {
			w.Checks = map[string]analysis.RecordedPair{}
		}
		w.Checks[c.Name] = analysis.RecordedPair{Candidate: n.part(c.Candidate), Stable: n.part(c.Stable)}
	}
	if n.err != nil {
		return analysis.RecordedWindow{}, n.err
	}
	return w, sound(w)
}

// numbers reads numbers until one is none.
type numbers struct{ err error }

func (n *numbers) read(text string) float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("%.40q is no number", text)
	}
	return f
}

// maybe reads a number that may be missing.
func (n *numbers) maybe(text string) *float64 {
	if text == "" {
		return nil
	}
	f := n.read(text)
	return &f
}

func (n *numbers) counts(c v1alpha1.WindowCounts) analysis.RecordedCounts {
	var counts analysis.RecordedCounts
	if c.Requests != "" {
		counts.Requests = n.read(c.Requests)
	}
	if c.Failures != "" {
		counts.Failures = n.read(c.Failures)
	}
	counts.Slow, counts.P50, counts.P90, counts.P99 = n.maybe(c.Slow), n.maybe(c.P50), n.maybe(c.P90), n.maybe(c.P99)
	return counts
}

func (n *numbers) part(s *v1alpha1.RecordedShare) *analysis.RecordedPart {
	if s == nil {
		return nil
	}
	return &analysis.RecordedPart{Bad: n.read(s.Bad), Total: n.read(s.Total)}
}
