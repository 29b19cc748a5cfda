package recording

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// The most that a window can have. The judge takes no larger counts, and forgives as much for the rounding of fractions.
const (
	mostCount   = 1e15
	mostSeconds = 1e6
	slack       = 1e-9
)

// sound refuses what no window can show.
func sound(w analysis.RecordedWindow) error {
	switch {
	case w.Weight < 1 || w.Weight > 100:
		return fmt.Errorf("weight: %d is not from 1 to 100", w.Weight)
	case w.Next < 0 || w.Next > 100:
		return fmt.Errorf("next: %d is not from 1 to 100", w.Next)
	case w.Next != 0 && w.Next < w.Weight:
		return fmt.Errorf("next: %d is below the weight, which is %d", w.Next, w.Weight)
	case !(w.Seconds >= 0 && w.Seconds <= mostSeconds):
		return fmt.Errorf("seconds: %s is not from 0 to %.0f", figure(w.Seconds), mostSeconds)
	}
	if err := soundCounts("candidate", w.Candidate); err != nil {
		return err
	}
	if err := soundCounts("stable", w.Stable); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(w.Checks)) {
		path := "checks." + name
		if err := soundPart(path+".candidate", w.Checks[name].Candidate); err != nil {
			return err
		}
		if err := soundPart(path+".stable", w.Checks[name].Stable); err != nil {
			return err
		}
	}
	return nil
}

func soundCounts(version string, c analysis.RecordedCounts) error {
	all := count{version + ".requests", c.Requests}
	if err := all.of(count{version + ".failures", c.Failures}); err != nil {
		return err
	}
	if c.Slow != nil {
		if err := all.of(count{version + ".slow", *c.Slow}); err != nil {
			return err
		}
	}
	return soundQuantiles(version, c)
}

func soundPart(path string, p *analysis.RecordedPart) error {
	if p == nil {
		return nil
	}
	return count{path + ".total", p.Total}.of(count{path + ".bad", p.Bad})
}

// count is a number of requests and where it stands.
type count struct {
	path  string
	value float64
}

func (c count) sound() error {
	switch {
	case !(c.value >= 0):
		return fmt.Errorf("%s: %s is negative", c.path, figure(c.value))
	case c.value > mostCount:
		return fmt.Errorf("%s: %s is more than can be counted, %.0f", c.path, figure(c.value), mostCount)
	}
	return nil
}

// of refuses more bad ones than there are in all.
func (c count) of(bad count) error {
	if err := c.sound(); err != nil {
		return err
	}
	if err := bad.sound(); err != nil {
		return err
	}
	if bad.value > c.value*(1+slack) {
		return fmt.Errorf("%s: %s is more than %s, which is %s", bad.path, figure(bad.value), c.path, figure(c.value))
	}
	return nil
}

// soundQuantiles wants all three or none, in their order.
func soundQuantiles(version string, c analysis.RecordedCounts) error {
	switch {
	case c.P50 == nil && c.P90 == nil && c.P99 == nil:
		return nil
	case c.P50 == nil || c.P90 == nil || c.P99 == nil:
		return fmt.Errorf("%s: p50, p90 and p99 belong together, and one is missing", version)
	case !(*c.P50 >= 0 && *c.P50 <= *c.P90 && *c.P90 <= *c.P99 && *c.P99 <= mostSeconds):
		return fmt.Errorf("%s: p50 %s, p90 %s and p99 %s are no seconds that rise",
			version, figure(*c.P50), figure(*c.P90), figure(*c.P99))
	}
	return nil
}

// figure writes a number with as many digits as it has.
func figure(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// order is the newest window that says when it ended, and its line.
type order struct {
	end  time.Time
	line int
}

// rounding is how far the times of windows beside each other may overlap, because they are rounded.
const rounding = 2 * time.Millisecond

var errOverlap = errors.New("each request is judged once")

// follows refuses a window that overlaps with one before it: requests that are counted twice look like evidence.
func (o *order) follows(w analysis.RecordedWindow, line int) error {
	if w.EndedAt == nil {
		return nil
	}
	began := w.EndedAt.Add(-time.Duration(w.Seconds * float64(time.Second)))
	switch {
	case o.line == 0:
	case !w.EndedAt.After(o.end):
		return fmt.Errorf("endedAt: the window ends no later than that of line %d; %w", o.line, errOverlap)
	case began.Add(rounding).Before(o.end):
		return fmt.Errorf("seconds: the window begins before that of line %d has ended; %w", o.line, errOverlap)
	}
	o.end, o.line = w.EndedAt.Time, line
	return nil
}
