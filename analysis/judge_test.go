package analysis

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// checked writes checks as "name verdict value threshold".
func checked(checks []v1alpha1.CheckStatus) []string {
	var all []string
	for _, c := range checks {
		all = append(all, fmt.Sprintf("%s %s %q %q", c.Name, c.Verdict, c.Value, c.Threshold))
	}
	return all
}

func successOf(lowest string) v1alpha1.AnalysisSpec {
	return v1alpha1.AnalysisSpec{SuccessRate: &v1alpha1.SuccessRateCheck{Min: lowest}}
}

func latencyOf(limit time.Duration) v1alpha1.AnalysisSpec {
	return v1alpha1.AnalysisSpec{Latency: &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(limit)}}
}

func baselineOf(ratio, lowest string) v1alpha1.AnalysisSpec {
	s := successOf(lowest)
	s.Baseline = &v1alpha1.BaselineCheck{MaxRatio: ratio}
	return s
}

func TestEvaluateSuccessRate(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	cases := map[string]struct {
		reason             string
		lowest             string
		requests, failures float64
		want               string
	}{
		"no failure":                             {lowest: "99", requests: 412, want: `Pass "100.00%" ">= 99%"`},
		"just the bound":                         {lowest: "99", requests: 100, failures: 1, want: `Pass "99.00%" ">= 99%"`},
		"just the bound with a fraction":         {lowest: "99.7", requests: 1000, failures: 3, want: `Pass "99.70%" ">= 99.7%"`},
		"one more than the bound":                {lowest: "99", requests: 100, failures: 2, want: `Fail "98.00%" ">= 99%"`},
		"a hair more than the bound":             {reason: "98.996% must not read 99.00% < 99%", lowest: "99", requests: 100_000, failures: 1004, want: `Fail "98.99%" ">= 99%"`},
		"a bound with many digits, broken":       {lowest: "99.999", requests: 1_000_000, failures: 15, want: `Fail "99.998%" ">= 99.999%"`},
		"a bound with many digits, kept":         {lowest: "99.999", requests: 1_000_000, failures: 5, want: `Pass "99.999%" ">= 99.999%"`},
		"one failure in a million is not hidden": {lowest: "99", requests: 1_000_000, failures: 1, want: `Pass "99.99%" ">= 99%"`},
		"every request fails":                    {lowest: "99", requests: 7, failures: 7, want: `Fail "0.00%" ">= 99%"`},
		"a bound of 100":                         {lowest: "100", requests: 1000, failures: 1, want: `Fail "99.90%" ">= 100%"`},
		"a bound of 100, kept":                   {lowest: "100", requests: 1000, want: `Pass "100.00%" ">= 100%"`},
		"a bound of 0":                           {lowest: "0", requests: 10, failures: 10, want: `Pass "0.00%" ">= 0%"`},
		"fractional counts":                      {reason: "other metrics servers extrapolate", lowest: "99", requests: 99.6, failures: 0.5, want: `Pass "99.49%" ">= 99%"`},
		"no requests":                            {lowest: "99", want: `NoData "" ">= 99%"`},
		"NaN requests":                           {lowest: "99", requests: nan, want: `Error "unusable counts" ">= 99%"`},
		"NaN failures":                           {lowest: "99", requests: 10, failures: nan, want: `Error "unusable counts" ">= 99%"`},
		"infinite requests":                      {lowest: "99", requests: inf, want: `Error "unusable counts" ">= 99%"`},
		"negative requests":                      {lowest: "99", requests: -4, want: `Error "unusable counts" ">= 99%"`},
		"negative failures":                      {lowest: "99", requests: 4, failures: -1, want: `Error "unusable counts" ">= 99%"`},
		"more failures than requests":            {lowest: "99", requests: 4, failures: 5, want: `Error "unusable counts" ">= 99%"`},
		"a bound that is no number":              {reason: "the CRD refuses it; 99 stands in", lowest: "lots", requests: 100, failures: 2, want: `Fail "98.00%" ">= lots%"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := checked(evaluate(successOf(tc.lowest), window(0, tc.requests, tc.failures)))
			if diff := cmp.Diff([]string{"success-rate " + tc.want}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestEvaluateLatency(t *testing.T) {
	ms := time.Millisecond
	cases := map[string]struct {
		reason string
		counts Counts
		want   string
	}{
		"fast":                         {counts: Counts{Requests: 200, Latency: true, SlowBound: 500 * ms, P99: 80 * ms}, want: `Pass "80ms" "<= 500ms"`},
		"one in a hundred may be slow": {counts: Counts{Requests: 200, Slow: 2, Latency: true, SlowBound: 500 * ms, P99: 480 * ms}, want: `Pass "480ms" "<= 500ms"`},
		"slow":                         {counts: Counts{Requests: 200, Slow: 3, Latency: true, SlowBound: 500 * ms, P99: 812 * ms}, want: `Fail "812ms" "<= 500ms"`},
		"29 of 2900 is exactly one in a hundred": {
			reason: "0.01*2900 is less than 29 for a computer",
			counts: Counts{Requests: 2900, Slow: 29, Latency: true, SlowBound: 500 * ms, P99: 500 * ms}, want: `Pass "500ms" "<= 500ms"`,
		},
		"slow without a quantile": {counts: Counts{Requests: 1000, Slow: 12, Latency: true, SlowBound: 500 * ms}, want: `Fail "1.20% slower" "<= 500ms"`},
		"a hair too slow": {
			reason: "1.001% must not read 1.00%",
			counts: Counts{Requests: 100_000, Slow: 1001, Latency: true, SlowBound: 500 * ms}, want: `Fail "1.01% slower" "<= 500ms"`,
		},
		"a quantile that contradicts the count is left out": {
			counts: Counts{Requests: 1000, Slow: 20, Latency: true, SlowBound: 500 * ms, P99: 410 * ms}, want: `Fail "2.00% slower" "<= 500ms"`,
		},
		"a bucket above the limit stands for it": {
			counts: Counts{Requests: 1000, Latency: true, SlowBound: 640 * ms, P99: 600 * ms}, want: `Pass "600ms" "<= 500ms (measured at 640ms)"`,
		},
		"no requests":              {counts: Counts{Latency: true}, want: `NoData "" "<= 500ms"`},
		"nobody measures latency":  {counts: Counts{Requests: 100}, want: `Error "not measured" "<= 500ms"`},
		"more slow than requests":  {counts: Counts{Requests: 10, Slow: 11, Latency: true}, want: `Error "unusable counts" "<= 500ms"`},
		"a slow count that is NaN": {counts: Counts{Requests: 10, Slow: math.NaN(), Latency: true}, want: `Error "unusable counts" "<= 500ms"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := checked(evaluate(latencyOf(500*ms), Sample{Start: noon, End: noon.Add(10 * time.Second), Candidate: tc.counts}))
			if diff := cmp.Diff([]string{"latency-p99 " + tc.want}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// Exactly one slow or failed request in a hundred keeps the bound, for every number of requests.
func TestBoundsAreExact(t *testing.T) {
	for n := 100.0; n <= 1_000_000; n += 100 {
		c := Counts{Requests: n, Failures: n / 100, Slow: n / 100, Latency: true}
		if v, _ := latency(time.Second, c); v != v1alpha1.VerdictPass {
			t.Fatalf("latency: %g of %g slow is %s", c.Slow, n, v)
		}
		if v, _ := successRate(successOf("99"), c); v != v1alpha1.VerdictPass {
			t.Fatalf("success rate: %g of %g failed is %s", c.Failures, n, v)
		}
		c.Failures, c.Slow = c.Failures+1, c.Slow+1
		if v, _ := latency(time.Second, c); v != v1alpha1.VerdictFail {
			t.Fatalf("latency: %g of %g slow is %s", c.Slow, n, v)
		}
	}
}

func TestEvaluateBaseline(t *testing.T) {
	cases := map[string]struct {
		reason            string
		candidate, stable Counts
		want              string
	}{
		"alike":                          {candidate: Counts{Requests: 100, Failures: 4}, stable: Counts{Requests: 300, Failures: 12}, want: `Pass "4% against 4%" "<= 1.5 x stable"`},
		"just the ratio":                 {candidate: Counts{Requests: 100, Failures: 6}, stable: Counts{Requests: 300, Failures: 12}, want: `Pass "6% against 4%" "<= 1.5 x stable"`},
		"worse than the ratio":           {candidate: Counts{Requests: 100, Failures: 7}, stable: Counts{Requests: 300, Failures: 12}, want: `Fail "7% against 4%" "<= 1.5 x stable"`},
		"stable never fails":             {reason: "half of what the success rate allows harms nobody", candidate: Counts{Requests: 1000, Failures: 5}, stable: Counts{Requests: 3000}, want: `Pass "0.5% against 0%" "<= 1.5 x stable"`},
		"stable never fails, this does":  {candidate: Counts{Requests: 1000, Failures: 6}, stable: Counts{Requests: 3000}, want: `Fail "0.6% against 0%" "<= 1.5 x stable"`},
		"stable had no requests":         {candidate: Counts{Requests: 100}, want: `Hold "stable had no requests" "<= 1.5 x stable"`},
		"the candidate had no requests":  {stable: Counts{Requests: 100}, want: `NoData "" "<= 1.5 x stable"`},
		"stable's counts are nonsense":   {candidate: Counts{Requests: 100}, stable: Counts{Requests: 1, Failures: 2}, want: `Error "unusable counts" "<= 1.5 x stable"`},
		"the candidate's are nonsense":   {candidate: Counts{Requests: math.NaN()}, stable: Counts{Requests: 1}, want: `Error "unusable counts" "<= 1.5 x stable"`},
		"everything fails on both sides": {candidate: Counts{Requests: 10, Failures: 10}, stable: Counts{Requests: 30, Failures: 30}, want: `Pass "100% against 100%" "<= 1.5 x stable"`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			sample := Sample{Start: noon, End: noon.Add(10 * time.Second), Candidate: tc.candidate, Stable: tc.stable}
			got := checked(evaluate(baselineOf("1.5", "99"), sample)[1:])
			if diff := cmp.Diff([]string{"baseline " + tc.want}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestCheckSaysWhatItJudged(t *testing.T) {
	got := evaluate(successOf("99"), window(0, 411.6, 0))
	want := []v1alpha1.CheckStatus{{
		Name: "success-rate", Verdict: v1alpha1.VerdictPass, Value: "100.00%", Threshold: ">= 99%",
		Requests: 412, Window: v1alpha1.Dur(10 * time.Second), EndedAt: v1alpha1.At(noon.Add(10 * time.Second)),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, n := range []float64{math.NaN(), math.Inf(1), -3, 1e300} {
		if c := evaluate(successOf("99"), window(0, n, 0)); c[0].Requests != 0 {
			t.Errorf("%g requests are written as %d", n, c[0].Requests)
		}
	}
}

func TestWindowVerdict(t *testing.T) {
	pass, fail, hold := v1alpha1.VerdictPass, v1alpha1.VerdictFail, v1alpha1.VerdictHold
	none, broken := v1alpha1.VerdictNoData, v1alpha1.VerdictError
	cases := map[string]struct {
		checks []v1alpha1.Verdict
		noData v1alpha1.NoDataPolicy
		want   v1alpha1.Verdict
	}{
		"all pass":                                {[]v1alpha1.Verdict{pass, pass}, v1alpha1.NoDataHold, pass},
		"one fails":                               {[]v1alpha1.Verdict{pass, fail, hold, none, broken}, v1alpha1.NoDataHold, fail},
		"one cannot be read":                      {[]v1alpha1.Verdict{pass, hold, none, broken}, v1alpha1.NoDataHold, broken},
		"one cannot be read, Ignore":              {[]v1alpha1.Verdict{pass, broken}, v1alpha1.NoDataIgnore, broken},
		"one cannot be read, RollBack":            {[]v1alpha1.Verdict{pass, broken}, v1alpha1.NoDataRollBack, broken},
		"one holds":                               {[]v1alpha1.Verdict{pass, hold}, v1alpha1.NoDataIgnore, hold},
		"no requests, Hold":                       {[]v1alpha1.Verdict{none, none}, v1alpha1.NoDataHold, none},
		"no requests, Ignore":                     {[]v1alpha1.Verdict{none, none}, v1alpha1.NoDataIgnore, pass},
		"no requests, RollBack":                   {[]v1alpha1.Verdict{none, none}, v1alpha1.NoDataRollBack, fail},
		"no requests, a policy that is not known": {[]v1alpha1.Verdict{none}, "", none},
		"no check at all is no pass":              {nil, v1alpha1.NoDataHold, none},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing)
			s.spec.Analysis.NoData = tc.noData
			run := newPass(s.spec, s.status, s.seen, s.now)
			run.next.Checks = nil
			for _, v := range tc.checks {
				run.next.Checks = append(run.next.Checks, v1alpha1.CheckStatus{Verdict: v})
			}
			if got := run.windowVerdict(); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// The scene's weight landed 11 s before noon and its newest judged window ended 1 s before noon.
func TestWhichWindowsCount(t *testing.T) {
	cases := map[string]struct {
		reason  string
		samples []Sample
		want    int32 // windows passed, with the one that had passed before
	}{
		"a new one":                             {samples: []Sample{window(-time.Second, 10, 0)}, want: 2},
		"the same again":                        {samples: []Sample{window(-11*time.Second, 10, 0)}, want: 1},
		"one that overlaps the last":            {samples: []Sample{window(-2*time.Second, 10, 0)}, want: 1},
		"one from before the landing":           {samples: []Sample{window(-12*time.Second, 10, 0)}, want: 1},
		"two at once":                           {samples: []Sample{window(-time.Second, 10, 0), window(9*time.Second, 10, 0)}, want: 3},
		"two at once that are the same":         {samples: []Sample{window(-time.Second, 10, 0), window(-time.Second, 10, 0)}, want: 2},
		"two in the wrong order":                {samples: []Sample{window(9*time.Second, 10, 0), window(-time.Second, 10, 0)}, want: 2},
		"one without length":                    {samples: []Sample{{Start: noon, End: noon, Candidate: Counts{Version: "v2", Requests: 1}, Stable: Counts{Version: "v1"}}}, want: 1},
		"one that ends before it begins":        {samples: []Sample{{Start: noon, End: noon.Add(-time.Second), Candidate: Counts{Version: "v2", Requests: 1}, Stable: Counts{Version: "v1"}}}, want: 1},
		"one of another candidate":              {samples: []Sample{{Start: noon, End: noon.Add(time.Second), Candidate: Counts{Version: "v3", Requests: 1}, Stable: Counts{Version: "v1"}}}, want: 1},
		"one of another stable":                 {samples: []Sample{{Start: noon, End: noon.Add(time.Second), Candidate: Counts{Version: "v2", Requests: 1}, Stable: Counts{Version: "v0"}}}, want: 1},
		"one from the far future":               {reason: "it would keep all that follow from counting", samples: []Sample{window(time.Hour, 10, 0)}, want: 1},
		"none":                                  {want: 1},
		"one of half the length, just begun":    {samples: []Sample{{Start: noon.Add(-time.Second), End: noon, Candidate: Counts{Version: "v2", Requests: 1}, Stable: Counts{Version: "v1"}}}, want: 2},
		"forty that were missed while it slept": {samples: many(40), want: 7},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing, func(s *scene) {
				s.seen.Samples = tc.samples
				s.spec.Steps[1].Dwell = v1alpha1.Dur(time.Hour)
			})
			if got := s.decide().Status.Step.Passed; got != tc.want {
				t.Errorf("%d windows passed, want %d: %s", got, tc.want, tc.reason)
			}
		})
	}
}

// many are windows one after the other, of which those count that do not end more than a minute ahead.
func many(n int) []Sample {
	var all []Sample
	for i := range n {
		all = append(all, window(time.Duration(i)*10*time.Second, 10, 0))
	}
	return all
}

func TestFailedWindows(t *testing.T) {
	bad := func(start time.Duration) Sample { return window(start, 412, 12) }
	cases := map[string]struct {
		reason  string
		mod     func(*scene)
		samples []Sample
		phase   v1alpha1.Phase
		failed  int32
		notes   []string
	}{
		"one is told and counted": {
			samples: []Sample{bad(-time.Second)}, phase: v1alpha1.PhaseProgressing, failed: 1,
			notes: []string{"CheckFailed: success rate 97.08% < 99% of v2 over 412 requests in 10s: failed window 1 of 3 in a row"},
		},
		"a good one ends the row": {
			samples: []Sample{bad(-time.Second), window(9*time.Second, 400, 0)}, phase: v1alpha1.PhaseProgressing,
			notes: []string{"CheckFailed: success rate 97.08% < 99% of v2 over 412 requests in 10s: failed window 1 of 3 in a row"},
		},
		"a window without requests neither ends nor lengthens it": {
			mod:     func(s *scene) { s.status.Step.Failed = 2 },
			samples: []Sample{window(-time.Second, 0, 0)}, phase: v1alpha1.PhaseProgressing, failed: 2,
		},
		"a window that cannot be right neither": {
			mod:     func(s *scene) { s.status.Step.Failed = 2 },
			samples: []Sample{window(-time.Second, math.NaN(), 0)}, phase: v1alpha1.PhaseProgressing, failed: 2,
		},
		"the third rolls back": {
			mod:     func(s *scene) { s.status.Step.Failed = 2 },
			samples: []Sample{bad(-time.Second), window(9*time.Second, 400, 0)}, phase: v1alpha1.PhaseRollingBack,
			notes: []string{"AnalysisFailed: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: success rate 97.08% < 99% " +
				"of v2 over 412 requests in 10s at step 2/3: 3 windows in a row failed, limit 3"},
		},
		"also while paused": {
			mod: func(s *scene) {
				s.status.Step.Failed, s.status.Phase = 2, v1alpha1.PhasePaused
				s.status.Pause = &v1alpha1.PauseStatus{Reason: v1alpha1.PauseApproval}
			},
			samples: []Sample{bad(-time.Second)}, phase: v1alpha1.PhaseRollingBack,
			notes: []string{"AnalysisFailed: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: success rate 97.08% < 99% " +
				"of v2 over 412 requests in 10s at step 2/3: 3 windows in a row failed, limit 3"},
		},
		"two broken bounds are both told": {
			mod: func(s *scene) {
				s.spec.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
			},
			samples: []Sample{func() Sample {
				w := bad(-time.Second)
				w.Candidate.Slow, w.Candidate.P99 = 40, 0
				return w
			}()},
			phase: v1alpha1.PhaseProgressing, failed: 1,
			notes: []string{"CheckFailed: success rate 97.08% < 99% and p99 9.71% slower than 500ms of v2 over 412 requests in 10s: " +
				"failed window 1 of 3 in a row"},
		},
		"worse than stable": {
			mod: func(s *scene) {
				s.spec.Analysis.SuccessRate.Min = "90"
				s.spec.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
			},
			samples: []Sample{window(-time.Second, 100, 6)}, phase: v1alpha1.PhaseProgressing, failed: 1,
			notes: []string{"CheckFailed: failure rate 6% against 0% > 1.5 x stable of v2 over 100 requests in 10s: failed window 1 of 3 in a row"},
		},
		"no requests where the spec calls that a failure": {
			mod:     func(s *scene) { s.spec.Analysis.NoData = v1alpha1.NoDataRollBack },
			samples: []Sample{window(-time.Second, 0, 0)}, phase: v1alpha1.PhaseProgressing, failed: 1,
			notes: []string{"CheckFailed: no requests to v2 in 10s: failed window 1 of 3 in a row"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing)
			s.seen.Samples = tc.samples
			if tc.mod != nil {
				tc.mod(s)
			}
			plan := s.decide()
			if plan.Status.Phase != tc.phase {
				t.Errorf("phase %s, want %s", plan.Status.Phase, tc.phase)
			}
			if step := plan.Status.Step; step != nil && step.Failed != tc.failed {
				t.Errorf("%d failed windows in a row, want %d", step.Failed, tc.failed)
			}
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestACandidateWithAllTrafficIsNotComparedWithStable(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing, func(s *scene) {
		s.spec.Steps = []v1alpha1.Step{{Weight: 100, Dwell: seconds(5)}}
		s.spec.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
		s.candidate(100)
		s.seen.Samples = []Sample{window(-time.Second, 400, 0)}
		s.seen.Samples[0].Stable.Requests = 0
	})
	want := []string{
		"Promoting: promoting v2: 2 windows passed and the dwell of 5s is over",
		"Promoted: v2 (shop:2) is promoted after 5m; v1 (shop:1) retires",
	}
	if diff := cmp.Diff(want, notes(s.decide())); diff != "" {
		t.Errorf("nothing is left beside it that had requests (-want +got):\n%s", diff)
	}
}
