package queries

import (
	"fmt"
	"math"
	"strconv"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// How far a part may exceed the whole: two counters are read one after the other, and something happens in between.
const (
	excessShare = 0.01
	excessCount = 1
)

// observation is what a check observed of one version.
type observation struct {
	// part is nil where there was nothing to see.
	part    *judge.Part
	value   float64
	problem string
}

// observe makes an observation of what was said.
func (i inquiry) observe(w window, said answers) observation {
	if i.problem != "" {
		return observation{problem: i.problem}
	}
	for _, t := range i.terms {
		for _, q := range i.about(t, w) {
			if f := said.to[q].failure; f != nil {
				return observation{problem: f.about(t.name)}
			}
		}
	}
	switch {
	case i.check.Share != nil:
		return i.share(i.growth(0, w, said), i.growth(1, w, said))
	case i.check.Gauge != nil:
		return i.gauge(said.to[at(i.terms[0].query, w.end)].point)
	}
	return observation{problem: fmt.Sprintf("the check %s has neither share nor gauge", quoted(i.check.Name))}
}

// growth is what one of the counters of a share did.
func (i inquiry) growth(n int, w window, said answers) growth {
	query := i.terms[n].query
	return grow(said.to[at(query, w.start)].point, said.to[at(query, w.end)].point, said.before(query))
}

// before is what a query gave at most before the window, as a point.
func (a answers) before(query string) point {
	peak, found := a.peak[query]
	return point{peak, found}
}

// growth is what a counter did in a window.
type growth struct {
	by float64
	// known is false where nothing can be said.
	known bool
	// absent says that there was no counter all along.
	absent bool
}

// grow takes the difference of a counter. One that appears counts from 0, because what it counts is new. One that falls was
// reset, or a pod vanished from its sum, so nothing can be said; nor can it be when it is back at its earlier peak: what was
// there before is then found again, such as a pod that could not be scraped for a moment, and was counted already.
func grow(start, end, before point) growth {
	switch {
	case !start.found && !end.found:
		return growth{absent: true}
	case !end.found, !finite(start.number), !finite(end.number), end.number < start.number, end.number < 0:
		return growth{}
	case before.found && before.number > start.number && end.number >= before.number:
		return growth{}
	}
	return growth{by: end.number - start.number, known: true}
}

func finite(number float64) bool { return !math.IsNaN(number) && !math.IsInf(number, 0) }

// share is the part that was bad. A counter of failures that is not there has counted none.
func (i inquiry) share(numerator, denominator growth) observation {
	if numerator.absent {
		numerator = growth{known: true}
	}
	if !numerator.known || !denominator.known {
		return observation{}
	}
	part, total := numerator.by, denominator.by
	if part > total*(1+excessShare)+excessCount {
		return observation{problem: fmt.Sprintf(
			"%s counts more than its denominator: it must count a part of what the denominator counts", i.terms[0].name)}
	}
	if total == 0 {
		return observation{}
	}
	bad := min(part, total)
	if i.check.Share.Min != "" {
		bad = total - bad
	}
	return observation{part: &judge.Part{Bad: bad, Total: total}}
}

// gauge is one look at a number: good or bad.
func (i inquiry) gauge(p point) observation {
	if !p.found || math.IsNaN(p.number) {
		return observation{}
	}
	low, high, err := bounds(i.check.Gauge)
	if err != nil {
		return observation{problem: fmt.Sprintf("the bounds of %s are no numbers", quoted(i.check.Name))}
	}
	part := &judge.Part{Total: 1}
	if !finite(p.number) || p.number < low || p.number > high {
		part.Bad = 1
	}
	return observation{part: part, value: p.number}
}

// bounds of a gauge; one that is not set is infinite.
func bounds(gauge *v1alpha1.GaugeCheck) (low, high float64, err error) {
	low, high = math.Inf(-1), math.Inf(1)
	if gauge.Min != "" {
		if low, err = strconv.ParseFloat(gauge.Min, 64); err != nil {
			return low, high, err
		}
	}
	if gauge.Max != "" {
		high, err = strconv.ParseFloat(gauge.Max, 64)
	}
	return low, high, err
}
