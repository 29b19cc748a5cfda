package analysis

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// seenIn is a window at a weight of 10 percent of 1000 requests, after which comes 50.
func seenIn(failures, slow float64) RecordedWindow {
	none := 0.0
	return RecordedWindow{
		Weight: 10, Next: 50,
		Candidate: RecordedCounts{Requests: 100, Failures: failures, Slow: &slow},
		Stable:    RecordedCounts{Requests: 900, Failures: 1, Slow: &none},
	}
}

// with changes a window.
func (w RecordedWindow) with(change func(*RecordedWindow)) RecordedWindow {
	change(&w)
	return w
}

// observed adds the observation of a check of one's own.
func observed(name string, bad, total float64) func(*RecordedWindow) {
	return func(w *RecordedWindow) {
		w.Checks = map[string]RecordedPair{name: {Candidate: &RecordedPart{Bad: bad, Total: total}, Stable: &RecordedPart{Total: total}}}
	}
}

// TestFindings says of short rollouts what people read about their last window.
func TestFindings(t *testing.T) {
	quick := func(s *v1alpha1.CanarySpec) { s.Steps = []v1alpha1.Step{{Weight: 10}, {Weight: 50}} }
	queue := func(s *v1alpha1.CanarySpec) {
		s.Analysis.Checks = []v1alpha1.CustomCheck{{Name: "queue-length", Gauge: &v1alpha1.GaugeCheck{Query: "queue", Max: "500"}}}
	}
	payments := func(s *v1alpha1.CanarySpec) {
		s.Analysis.Checks = []v1alpha1.CustomCheck{{Name: "paid", Share: &v1alpha1.ShareCheck{Numerator: "a", Denominator: "b", Min: "98"}}}
	}
	dry := func(names ...string) func(*v1alpha1.CanarySpec) {
		return func(s *v1alpha1.CanarySpec) { s.Analysis.DryRun = names }
	}
	quantiles := func(p50, p90, p99 float64) RecordedWindow {
		return seenIn(0, 0).with(func(w *RecordedWindow) {
			w.Candidate.Slow, w.Candidate.P50, w.Candidate.P90, w.Candidate.P99 = nil, &p50, &p90, &p99
		})
	}
	tests := map[string]struct {
		mods    []func(*v1alpha1.CanarySpec)
		windows []RecordedWindow
		want    string
	}{
		"good": {
			windows: []RecordedWindow{seenIn(0, 0), seenIn(0, 0)},
			want:    "Advance Proven: at most 1.7% failed requests and 1.7% slow requests, 95% sure after 200 requests",
		},
		"too few requests": {
			windows: []RecordedWindow{seenIn(0, 0)},
			want:    "Hold Unproven: at most 3.4% failed requests so far, and the next weight takes less than 2%: 72 more good ones, about 8s at 10/s",
		},
		"failures": {
			windows: []RecordedWindow{seenIn(0, 0), seenIn(8, 0), seenIn(8, 0)},
			want:    "RollBack Guilty: candidate fails 8% of its requests (stable 0.11%), limit 1%: evidence 535:1 after 200 requests",
		},
		"failures that only stable shows": {
			mods:    []func(*v1alpha1.CanarySpec){func(s *v1alpha1.CanarySpec) { s.Analysis.SuccessRate.Min = "97" }},
			windows: []RecordedWindow{seenIn(5, 0), seenIn(5, 0)},
			want:    "Hold Suspicious: candidate fails 5% of its requests (stable 0.11%), limit 1.5 times stable or 1.5%, whichever is more: evidence 7.1:1 after 200 requests, too much to give it more traffic",
		},
		"half fails": {
			windows: []RecordedWindow{seenIn(50, 0)},
			want:    "RollBack FailsFast: candidate fails 50% of its requests (stable 0.11%), limit 1%: 100 requests in 10s are enough",
		},
		"slow requests": {
			windows: []RecordedWindow{seenIn(0, 9), seenIn(0, 9)},
			want:    "RollBack Guilty: 9% of the requests to candidate are slower than 500ms (stable 0%), limit 1%: evidence 1055:1 after 200 requests",
		},
		"slow requests, by quantiles": {
			windows: []RecordedWindow{quantiles(0.1, 0.6, 0.9), quantiles(0.1, 0.6, 0.9)},
			want:    "RollBack Guilty: 10% of the requests to candidate are slower than 500ms (stable 0%), limit 1%: evidence 1314:1 after 200 requests",
		},
		"a share of one's own": {
			mods:    []func(*v1alpha1.CanarySpec){payments},
			windows: []RecordedWindow{seenIn(0, 0).with(observed("paid", 20, 100)), seenIn(0, 0).with(observed("paid", 20, 100))},
			want:    "RollBack Guilty: paid: 20% are bad (stable 0%), wanted >= 98%: evidence 939:1 after 200 observations",
		},
		"a gauge": {
			mods: []func(*v1alpha1.CanarySpec){queue},
			windows: []RecordedWindow{
				seenIn(0, 0).with(observed("queue-length", 1, 1)), seenIn(0, 0).with(observed("queue-length", 1, 1)),
				seenIn(0, 0).with(observed("queue-length", 1, 1)), seenIn(0, 0).with(observed("queue-length", 1, 1)),
			},
			want: "RollBack Guilty: queue-length was out of bounds in 4 of 4 windows, wanted <= 500: evidence 336:1 after 4 windows",
		},
		"a gauge in dry run": {
			mods:    []func(*v1alpha1.CanarySpec){queue, dry("queue-length")},
			windows: []RecordedWindow{seenIn(0, 0).with(observed("queue-length", 1, 1)), seenIn(0, 0).with(observed("queue-length", 1, 1))},
			want:    "Advance Proven: at most 1.7% failed requests and 1.7% slow requests, 95% sure after 200 requests",
		},
		"a check without data": {
			mods:    []func(*v1alpha1.CanarySpec){queue},
			windows: []RecordedWindow{seenIn(0, 0)},
			want:    "Hold Unanswered: queue-length has no data in the newest window",
		},
		"latency is not measured": {
			windows: []RecordedWindow{seenIn(0, 0).with(func(w *RecordedWindow) { w.Candidate.Slow = nil })},
			want:    "Hold Unanswered: p99 has no data in the newest window",
		},
		"nothing decides": {
			mods:    []func(*v1alpha1.CanarySpec){dry("success-rate", "latency-p99", "baseline")},
			windows: []RecordedWindow{seenIn(50, 0)},
			want:    "Hold Unanswered: no check decides: all of them are in spec.analysis.dryRun",
		},
		"no requests": {
			windows: []RecordedWindow{{Weight: 10, Next: 50, Stable: RecordedCounts{Requests: 90}}},
			want:    "Hold NoRequests: no requests to candidate in 10s",
		},
		"a weight that is not served": {
			windows: []RecordedWindow{seenIn(0, 0).with(func(w *RecordedWindow) { w.Candidate.Requests = 3 })},
			want:    "Hold NotReached: candidate got 3 of about 100 expected requests: the data plane does not send it its weight",
		},
		"counts that cannot be": {
			windows: []RecordedWindow{seenIn(math.NaN(), 0)},
			want:    "Hold Unusable: unusable counts in the newest window",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			spec := replaySpec()
			for _, mod := range append(tt.mods, quick) {
				mod(&spec)
			}
			r := newReplay(spec)
			for i, w := range tt.windows {
				r.judge(i+1, w)
			}
			s := r.pass.next.Step
			got := strings.Join([]string{string(s.Decision), s.Cause + ":", s.Finding}, " ")
			if !strings.HasPrefix(got, tt.want) {
				t.Error(cmp.Diff(tt.want, got))
			}
		})
	}
}

// TestJudgeOf reads the limits of specs.
func TestJudgeOf(t *testing.T) {
	limits := func(spec v1alpha1.AnalysisSpec) map[string]float64 {
		all := map[string]float64{}
		for _, c := range JudgeOf(spec).Checks {
			all[c.Name] = c.Limit
		}
		return all
	}
	tests := map[string]struct {
		spec v1alpha1.AnalysisSpec
		want map[string]float64
	}{
		"the default": {
			v1alpha1.AnalysisSpec{SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"}},
			map[string]float64{"success-rate": 0.01, "baseline": 0.01},
		},
		"99.9 is exactly 0.001": {
			v1alpha1.AnalysisSpec{SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99.9"}, Latency: &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(time.Second)}},
			map[string]float64{"success-rate": 0.001, "latency-p99": 0.01, "baseline": 0.001},
		},
		"100 cannot be proven": {
			v1alpha1.AnalysisSpec{SuccessRate: &v1alpha1.SuccessRateCheck{Min: "100"}},
			map[string]float64{"success-rate": 0.001, "baseline": 0.001},
		},
		"checks of one's own": {
			v1alpha1.AnalysisSpec{Checks: []v1alpha1.CustomCheck{
				{Name: "bad", Share: &v1alpha1.ShareCheck{Max: "2.5"}},
				{Name: "good", Share: &v1alpha1.ShareCheck{Min: "97.5"}},
				{Name: "never", Share: &v1alpha1.ShareCheck{Max: "0"}},
				{Name: "gauge", Gauge: &v1alpha1.GaugeCheck{Max: "3"}},
			}},
			map[string]float64{"baseline": 0.01, "bad": 0.025, "good": 0.025, "never": 0.001, "gauge": 0.1},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, limits(tt.spec)); diff != "" {
				t.Error(diff)
			}
		})
	}
	knobs := JudgeOf(v1alpha1.AnalysisSpec{FalseRollbackRate: "0.001", MissRate: "0.2", Evidence: v1alpha1.EvidenceRollout, DryRun: []string{"baseline"}})
	if knobs.Alpha != 0.001 || knobs.Beta != 0.2 || !knobs.WholeRollout || !knobs.Checks[0].DryRun {
		t.Errorf("the knobs are not read: %+v", knobs)
	}
}

// TestAMemoryThatCannotBeReadIsNone begins the evidence anew where a person edited it, and keeps what can be read.
func TestAMemoryThatCannotBeReadIsNone(t *testing.T) {
	r := newReplay(replaySpec())
	r.judge(1, seenIn(2, 0))
	e := r.pass.next.Evidence
	kept := e.Checks[1].Memory
	e.Checks[0].Memory = "nonsense"
	state := stateOf(e, 500*time.Millisecond)
	if len(state.Memories) != 2 {
		t.Fatalf("%d memories are read, want latency and baseline", len(state.Memories))
	}
	if text, err := state.Memories[0].MarshalText(); err != nil || string(text) != kept {
		t.Errorf("latency is remembered as %s (%v), want %s", text, err, kept)
	}
	r.judge(2, seenIn(2, 0))
	if r.pass.next.Checks[0].Evidence == "" {
		t.Error("the check begins anew")
	}
}

func TestOdds(t *testing.T) {
	for lnE, want := range map[float64]string{
		0: "1:1", math.Log(2.34): "2.3:1", math.Log(312.4): "312:1", math.Log(0.5): "1:2", math.Log(0.004): "1:250",
		50: "over 1000000000:1", -50: "1:over 1000000000", math.Inf(1): "over 1000000000:1", math.Inf(-1): "1:over 1000000000", math.NaN(): "",
	} {
		if got := Odds(lnE); got != want {
			t.Errorf("Odds(%g) = %q, want %q", lnE, got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{
		0: "0%", 0.5: "50%", 0.123: "12%", 0.048: "4.8%", 0.02: "2%", 0.001: "0.1%", 0.000123: "0.012%", 1: "100%",
	} {
		if got := percent(share); got != want {
			t.Errorf("percent(%g) = %q, want %q", share, got, want)
		}
	}
}

// TestOwnChecksOfTheThresholdJudge holds windows against the bounds of checks of one's own.
func TestOwnChecksOfTheThresholdJudge(t *testing.T) {
	share := v1alpha1.CustomCheck{Name: "x", Share: &v1alpha1.ShareCheck{Max: "2"}}
	good := v1alpha1.CustomCheck{Name: "x", Share: &v1alpha1.ShareCheck{Min: "98"}}
	gauge := v1alpha1.CustomCheck{Name: "x", Gauge: &v1alpha1.GaugeCheck{Min: "1", Max: "5"}}
	part := func(bad, total float64) *judge.Part { return &judge.Part{Bad: bad, Total: total} }
	tests := map[string]struct {
		check v1alpha1.CustomCheck
		seen  []Custom
		want  string
	}{
		"a share at its bound":    {share, []Custom{{Name: "x", Candidate: part(2, 100)}}, "Pass 2% <= 2%"},
		"a share above its bound": {share, []Custom{{Name: "x", Candidate: part(3, 100)}}, "Fail 3% <= 2%"},
		"a good share":            {good, []Custom{{Name: "x", Candidate: part(1, 100)}}, "Pass 99% >= 98%"},
		"too small a good share":  {good, []Custom{{Name: "x", Candidate: part(3, 100)}}, "Fail 97% >= 98%"},
		"a gauge in bounds":       {gauge, []Custom{{Name: "x", Candidate: part(0, 1), Value: 4.5}}, "Pass 4.5 1 to 5"},
		"a gauge out of bounds":   {gauge, []Custom{{Name: "x", Candidate: part(1, 1), Value: 7}}, "Fail 7 1 to 5"},
		"nothing to see":          {share, []Custom{{Name: "x"}}, "NoData  <= 2%"},
		"not asked":               {share, nil, "NoData  <= 2%"},
		"no answer":               {share, []Custom{{Name: "x", Problem: "Prometheus is away"}}, "Error Prometheus is away <= 2%"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			verdict, value := custom(tt.check, Sample{Custom: tt.seen})
			if got := strings.Join([]string{string(verdict), value, threshold(tt.check)}, " "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestDryRunsAreNoVerdict leaves a failed dry run out of what a window says.
func TestDryRunsAreNoVerdict(t *testing.T) {
	pass, fail := v1alpha1.CheckStatus{Verdict: v1alpha1.VerdictPass}, v1alpha1.CheckStatus{Verdict: v1alpha1.VerdictFail, DryRun: true}
	if got := worst([]v1alpha1.CheckStatus{fail, pass}); got != v1alpha1.VerdictPass {
		t.Errorf("a failed dry run makes the window %s", got)
	}
	if got := worst([]v1alpha1.CheckStatus{fail}); got != v1alpha1.VerdictNoData {
		t.Errorf("dry runs alone make the window %s", got)
	}
}
