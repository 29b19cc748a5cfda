package recording_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/recording"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const good = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}`

func number(f float64) *float64 { return &f }

func goodWindow() analysis.RecordedWindow {
	return analysis.RecordedWindow{
		Weight: 5, Next: 10,
		Candidate: analysis.RecordedCounts{Requests: 10, Slow: number(0)}, Stable: analysis.RecordedCounts{Requests: 190, Slow: number(0)},
	}
}

func TestRead(t *testing.T) {
	full := goodWindow()
	full.EndedAt, full.Seconds = v1alpha1.At(time.Date(2026, 11, 20, 15, 4, 5, 0, time.UTC)), 10
	full.Candidate = analysis.RecordedCounts{Requests: 9.5, Failures: 0.5, P50: number(0.1), P90: number(0.2), P99: number(0.2)}
	full.Checks = map[string]analysis.RecordedPair{"checkout": {Candidate: &analysis.RecordedPart{Bad: 1, Total: 4}}}
	bare := analysis.RecordedWindow{Weight: 100, Candidate: analysis.RecordedCounts{Requests: 1}}
	for name, test := range map[string]struct {
		text string
		want []analysis.RecordedWindow
	}{
		"lines":                  {good + "\n" + good + "\n", []analysis.RecordedWindow{goodWindow(), goodWindow()}},
		"blank lines":            {"\n \t\n" + good + "\r\n\r\n\n" + good, []analysis.RecordedWindow{goodWindow(), goodWindow()}},
		"a mark of byte order":   {"\ufeff" + good, []analysis.RecordedWindow{goodWindow()}},
		"next and slow left out": {`{"weight":100,"candidate":{"requests":1,"failures":0},"stable":{}}`, []analysis.RecordedWindow{bare}},
		"next as high as weight": {`{"weight":100,"next":100,"candidate":{"requests":1},"stable":{}}`, []analysis.RecordedWindow{func() analysis.RecordedWindow { w := bare; w.Next = 100; return w }()}},
		"everything that there is": {`{"endedAt":"2026-11-20T15:04:05.000000Z","seconds":10,"weight":5,"next":10,` +
			`"candidate":{"requests":9.5,"failures":0.5,"p50":0.1,"p90":0.2,"p99":0.2},"stable":{"requests":190,"failures":0,"slow":0},` +
			`"checks":{"checkout":{"candidate":{"bad":1,"total":4}}}}`, []analysis.RecordedWindow{full}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := recording.Read(strings.NewReader(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// with is a good line with something in the place of something else.
func with(old, text string) string { return strings.Replace(good, old, text, 1) }

func ending(at string, seconds float64) string {
	return with("{", fmt.Sprintf(`{"endedAt":"2026-11-20T15:04:%s.000000Z","seconds":%g,`, at, seconds))
}

func TestReadRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"an empty file":         {"", "there is no window in it: one JSON object a line is expected"},
		"blank lines alone":     {"\n\n \n", "there is no window in it: one JSON object a line is expected"},
		"no JSON on line 7":     {strings.Repeat(good+"\n", 4) + "\n\n" + "weight: 5\n" + good, "line 7: it is no JSON: invalid character 'w' looking for beginning of value"},
		"half a line":           {good + "\n" + good[:40], "line 2: it is no JSON: it ends too early"},
		"two windows on a line": {good + good, "line 1: there is more behind the JSON object"},
		"text behind a window":  {good + " ok", "line 1: there is more behind the JSON object"},
		"an array":              {"[" + good + "]", "line 1: it is an array and no object"},
		"null":                  {"null", "line 1: null is no JSON object"},
		"an unknown field":      {with(`"next"`, `"then"`), `line 1: it has the unknown field "then"`},
		"an unknown count":      {with(`"slow"`, `"errors"`), `line 1: it has the unknown field "errors"`},
		"no candidate":          {`{"weight":5,"stable":{"requests":1}}`, "line 1: candidate is missing"},
		"no stable":             {`{"weight":5,"candidate":{"requests":1}}`, "line 1: stable is missing"},
		"no weight":             {with(`"weight":5,`, ""), "line 1: weight: 0 is not from 1 to 100"},
		"weight 101":            {with(`"weight":5`, `"weight":101`), "line 1: weight: 101 is not from 1 to 100"},
		"weight 0":              {with(`"weight":5`, `"weight":0`), "line 1: weight: 0 is not from 1 to 100"},
		"weight 5.5":            {with(`"weight":5`, `"weight":5.5`), "line 1: weight: 5.5 is no whole number from 1 to 100"},
		"weight 1e12":           {with(`"weight":5`, `"weight":1e12`), "line 1: weight: 1e12 is no whole number from 1 to 100"},
		"weight in words":       {with(`"weight":5`, `"weight":"5"`), "line 1: weight: it is a string and no number"},
		"next below weight":     {with(`"next":10`, `"next":4`), "line 1: next: 4 is below the weight, which is 5"},
		"next 101":              {with(`"next":10`, `"next":101`), "line 1: next: 101 is not from 1 to 100"},
		"next -1":               {with(`"next":10`, `"next":-1`), "line 1: next: -1 is not from 1 to 100"},
		"negative requests":     {with(`"requests":10`, `"requests":-10`), "line 1: candidate.requests: -10 is negative"},
		"negative failures":     {good + "\n" + with(`"requests":190,"failures":0`, `"requests":190,"failures":-1`), "line 2: stable.failures: -1 is negative"},
		"NaN":                   {with(`"requests":10`, `"requests":NaN`), "line 1: it is no JSON: invalid character 'N' looking for beginning of value"},
		"huge":                  {with(`"requests":10`, `"requests":1e16`), "line 1: candidate.requests: 1e+16 is more than can be counted, 1000000000000000"},
		"beyond any number":     {with(`"requests":10`, `"requests":1e999`), "line 1: candidate.requests: 1e999 is no number that can be computed with"},
		"requests as an object": {with(`"requests":10`, `"requests":{}`), "line 1: candidate.requests: it is an object and no number"},
		"stable as a number":    {`{"weight":5,"candidate":{},"stable":7}`, "line 1: stable: it is a number and no object"},
		"too many failures":     {with(`"failures":0`, `"failures":11`), "line 1: candidate.failures: 11 is more than candidate.requests, which is 10"},
		"too many slow ones":    {with(`"slow":0`, `"slow":10.1`), "line 1: candidate.slow: 10.1 is more than candidate.requests, which is 10"},
		"half of the quantiles": {with(`"slow":0`, `"p99":0.3`), "line 1: candidate: p50, p90 and p99 belong together, and one is missing"},
		"quantiles that fall":   {with(`"slow":0`, `"p50":0.3,"p90":0.2,"p99":0.4`), "line 1: candidate: p50 0.3, p90 0.2 and p99 0.4 are no seconds that rise"},
		"a check's bad ones":    {with("{", `{"checks":{"tea":{"candidate":{"bad":2,"total":1}}},`), "line 1: checks.tea.candidate.bad: 2 is more than checks.tea.candidate.total, which is 1"},
		"a check's total":       {with("{", `{"checks":{"tea":{"stable":{"bad":0,"total":-1}}},`), "line 1: checks.tea.stable.total: -1 is negative"},
		"a time in words":       {with("{", `{"endedAt":"noon",`), `line 1: endedAt: "noon" is no time: write it as 2026-11-20T15:04:05.000000Z`},
		"negative seconds":      {with("{", `{"seconds":-1,`), "line 1: seconds: -1 is not from 0 to 1000000"},
		"a window twice":        {ending("05", 10) + "\n" + ending("05", 10), "line 2: endedAt: the window ends no later than that of line 1; each request is judged once"},
		"windows that overlap":  {ending("05", 10) + "\n\n" + ending("14", 10), "line 3: seconds: the window begins before that of line 1 has ended; each request is judged once"},
		"a line without end":    {good + "\n" + strings.Repeat("x", 1<<20), "line 2: it has more than 1048576 bytes, and a window has a few hundred"},
	} {
		t.Run(name, func(t *testing.T) {
			windows, err := recording.Read(strings.NewReader(test.text))
			if err == nil || err.Error() != test.want || windows != nil {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// spec judges all that a window can hold.
func spec() v1alpha1.CanarySpec {
	return v1alpha1.CanarySpec{
		Steps: []v1alpha1.Step{{Weight: 5, Dwell: v1alpha1.Dur(40 * time.Second)}, {Weight: 10}},
		Analysis: v1alpha1.AnalysisSpec{
			Interval: v1alpha1.Dur(10 * time.Second), SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"},
			Latency: &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)},
			Checks: []v1alpha1.CustomCheck{
				{Name: "a", Share: &v1alpha1.ShareCheck{Max: "1"}}, {Name: "b", Gauge: &v1alpha1.GaugeCheck{Max: "1"}},
			},
			DryRun: []string{"b"},
		},
	}
}

// FuzzReplay judges a text some times over, because it takes more than one window to decide. It holds that no file makes Read or
// the replay of what it read panic, that all numbers of the replay can be written, and that what was read is read again when it
// is written.
func FuzzReplay(f *testing.F) {
	for _, text := range []string{
		good, good + "\n\n" + good, "\ufeff" + good + "\r\n", "{}", "[]", "nul", good + good, with(`"slow":0`, `"p50":0,"p90":0.2,"p99":0.6`),
		with("{", `{"checks":{"a":{"candidate":{"bad":1,"total":4},"stable":{"bad":0,"total":9}},"b":{"candidate":{"bad":1,"total":1}}},`),
		ending("05", 10) + "\n" + ending("15", 10), with(`"weight":5`, `"weight":100`), with(`"next":10,`, ""),
		with(`"requests":10,"failures":0`, `"requests":1e15,"failures":1e15`), with(`"requests":10`, `"requests":5e-324`),
		with(`"requests":10,"failures":0,"slow":0`, `"requests":1e-300,"failures":1e-300,"slow":1e-300`),
		with(`"requests":190,"failures":0`, `"requests":1e15,"failures":1e-9`), with(`"requests":10`, `"requests":0`),
		with(`"requests":10,"failures":0`, `"requests":40,"failures":9`), with("{", `{"checks":{},"CheCks":{"a":{}},`),
	} {
		f.Add([]byte(text), uint8(0))
		f.Add([]byte(text), uint8(11))
	}
	f.Fuzz(func(t *testing.T, text []byte, times uint8) {
		windows, err := recording.Read(strings.NewReader(strings.Repeat(string(text)+"\n", 1+int(times%12))))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is more than a line: %q", err)
			}
			return
		}
		for i, w := range analysis.Replay(spec(), windows) {
			if out, err := json.Marshal(w); err != nil || !json.Valid(out) || w.Window != i+1 || w.Reason == "" {
				t.Fatalf("window %d cannot be written: %v: %+v", i+1, err, w)
			}
			if strings.Contains(w.Reason, "NaN") || strings.Contains(w.Reason, "Inf") || strings.Contains(w.Reason, "%!") {
				t.Fatalf("window %d: %s", i+1, w.Reason)
			}
			if !finite(w.LnE) || !finite(*w.LnGFailure) || !finite(*w.LnGSlow) {
				t.Fatalf("window %d: lnE %v, lnGFailure %v, lnGSlow %v", i+1, w.LnE, *w.LnGFailure, *w.LnGSlow)
			}
		}
		again, err := recording.Read(strings.NewReader(written(t, windows)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(windows, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-read +written and read again):\n%s", diff)
		}
	})
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

func written(t *testing.T, windows []analysis.RecordedWindow) string {
	t.Helper()
	var all strings.Builder
	for _, w := range windows {
		line, err := recording.Line(w)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(line)
	}
	return all.String()
}
