package queries

import (
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

func TestGrowth(t *testing.T) {
	none, nan, inf := point{}, n(math.NaN()), n(math.Inf(1))
	tests := map[string]struct {
		start, end, before point
		want               growth
	}{
		"it counts":                           {start: n(10), end: n(25), want: by(15)},
		"it stands still":                     {start: n(10), end: n(10), want: by(0)},
		"it was never there":                  {want: growth{absent: true}},
		"it appears":                          {end: n(7), want: by(7)},
		"it appears at 0":                     {end: n(0), want: by(0)},
		"it vanishes":                         {start: n(7), end: none},
		"it falls":                            {start: n(7), end: n(3)},
		"it falls to 0":                       {start: n(7), end: n(0)},
		"NaN at the start":                    {start: nan, end: n(1)},
		"NaN at the end":                      {start: n(1), end: nan},
		"infinite at the start":               {start: inf, end: inf},
		"infinite at the end":                 {start: n(1), end: inf},
		"no counter is negative":              {end: n(-1)},
		"it fell before, and begins anew":     {start: n(2), end: n(9), before: n(100), want: by(7)},
		"it was gone, and begins anew":        {end: n(9), before: n(100), want: by(9)},
		"it was gone, and is back":            {end: n(110), before: n(100)},
		"it was gone, and is back unmoved":    {end: n(100), before: n(100)},
		"a pod of several is back":            {start: n(200), end: n(310), before: n(300)},
		"it counts on after it was back":      {start: n(310), end: n(320), before: n(310), want: by(10)},
		"it was lower before, as it ought":    {start: n(310), end: n(320), before: n(300), want: by(10)},
		"it stood at 0 before it was gone":    {end: n(4), before: n(0), want: by(4)},
		"it was there before, and is no more": {before: n(5), want: growth{absent: true}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := grow(tc.start, tc.end, tc.before); got != tc.want {
				t.Errorf("grow = %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestShare(t *testing.T) {
	const excess = `the numerator of "errors" counts more than its denominator: it must count a part of what the denominator counts`
	unknown, absent := growth{}, growth{absent: true}
	tests := map[string]struct {
		numerator, denominator growth
		good                   bool
		want                   *judge.Part
		problem                string
	}{
		"bad of all":                            {numerator: by(3), denominator: by(100), want: part(3, 100)},
		"good of all":                           {numerator: by(97), denominator: by(100), good: true, want: part(3, 100)},
		"nothing bad":                           {numerator: by(0), denominator: by(100), want: part(0, 100)},
		"all bad":                               {numerator: by(100), denominator: by(100), want: part(100, 100)},
		"nothing happened":                      {numerator: by(0), denominator: by(0)},
		"nothing was ever counted":              {numerator: absent, denominator: absent},
		"no counter of what is bad":             {numerator: absent, denominator: by(100), want: part(0, 100)},
		"no counter of what is good":            {numerator: absent, denominator: by(100), good: true, want: part(100, 100)},
		"no counter of all":                     {numerator: by(3), denominator: absent},
		"the numerator cannot be known":         {numerator: unknown, denominator: by(100)},
		"the denominator cannot be known":       {numerator: by(3), denominator: unknown},
		"one more, read a moment later":         {numerator: by(11), denominator: by(10), want: part(10, 10)},
		"one more of what is good":              {numerator: by(11), denominator: by(10), good: true, want: part(0, 10)},
		"a hundredth more of many":              {numerator: by(10100), denominator: by(10000), want: part(10000, 10000)},
		"one, and none of all":                  {numerator: by(1), denominator: by(0)},
		"more than all":                         {numerator: by(15), denominator: by(10), problem: excess},
		"more than all of nothing":              {numerator: by(5), denominator: by(0), problem: excess},
		"fractions, as some counters have them": {numerator: by(0.5), denominator: by(2.5), want: part(0.5, 2.5)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			check := share("errors", "n", "d")
			if tc.good {
				check = good(check)
			}
			got := inquire(canary(""), &check, "v2").share(tc.numerator, tc.denominator)
			if diff := cmp.Diff(tc.want, got.part); diff != "" || got.problem != tc.problem {
				t.Errorf("problem %q, want %q; part (-want +got):\n%s", got.problem, tc.problem, diff)
			}
		})
	}
}

func TestGauge(t *testing.T) {
	in, out := part(0, 1), part(1, 1)
	tests := map[string]struct {
		low, high string
		point     point
		want      *judge.Part
	}{
		"within":              {"1", "10", n(5), in},
		"at the least":        {"1", "10", n(1), in},
		"at the most":         {"1", "10", n(10), in},
		"below":               {"1", "10", n(0.9), out},
		"above":               {"1", "10", n(10.1), out},
		"no least":            {"", "10", n(-1e9), in},
		"no most":             {"-1.5", "", n(1e9), in},
		"below a negative":    {"-1.5", "", n(-2), out},
		"nothing":             {"1", "10", point{}, nil},
		"NaN":                 {"1", "10", n(math.NaN()), nil},
		"infinite":            {"1", "", n(math.Inf(1)), out},
		"infinitely negative": {"", "10", n(math.Inf(-1)), out},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			check := gauge("queue", "q", tc.low, tc.high)
			got := inquire(canary(""), &check, "v2").gauge(tc.point)
			if diff := cmp.Diff(tc.want, got.part); diff != "" || got.problem != "" {
				t.Errorf("problem %q; part (-want +got):\n%s", got.problem, diff)
			}
			if tc.want != nil && got.value != tc.point.number {
				t.Errorf("value %v, want %v", got.value, tc.point.number)
			}
		})
	}
}

func TestWhatTheAPIServerWouldRefuseIsNoPanic(t *testing.T) {
	bad := gauge("queue", "q", "x", "")
	if got := inquire(canary(""), &bad, "v2").gauge(n(1)); got.problem != `the bounds of "queue" are no numbers` {
		t.Errorf("got %+v", got)
	}
	neither := v1alpha1.CustomCheck{Name: "queue"}
	if got := inquire(canary(""), &neither, "v2").observe(window{}, answers{}); got.problem != `the check "queue" has neither share nor gauge` {
		t.Errorf("got %+v", got)
	}
}

func TestMemoryKeepsTheFirstAnswerAndForgets(t *testing.T) {
	m, k, start := memory{series: map[key]*series{}}, key{1}, time.Unix(1000, 0)
	length := 10 * time.Second
	keep := func(end time.Time, number float64) point {
		return m.keep(k, end.UnixMilli(), n(number), until{window{end.Add(-length), end}, end})
	}
	keep(start, 5)
	if got := keep(start, 6); got != n(5) {
		t.Errorf("the second answer to the same is %v, want the first, 5", got)
	}
	for i := range 100 {
		keep(start.Add(time.Duration(i)*length), float64(100-i))
	}
	if got := len(m.series[k].points); got > 13 {
		t.Errorf("%d numbers are kept, want those of 2 minutes", got)
	}
	newest := start.Add(99 * length)
	if got, ok := m.peak(k, newest.UnixMilli()); !ok || got != 13 {
		t.Errorf("the peak of 2 minutes is %v, %t, want 13", got, ok)
	}
	other := newest.Add(10 * time.Minute)
	m.keep(key{2}, other.UnixMilli(), n(1), until{window{other.Add(-length), other}, other})
	if len(m.series) != 1 {
		t.Errorf("a query that nobody asks is remembered: %d", len(m.series))
	}
}

func n(number float64) point { return point{number, true} }

func by(count float64) growth { return growth{by: count, known: true} }
