package analysis

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// replaySpec judges failures, slow requests and the baseline, dwells for 4 windows at 5 percent and goes on to 10.
func replaySpec() v1alpha1.CanarySpec {
	return v1alpha1.CanarySpec{
		Steps: []v1alpha1.Step{{Weight: 5, Dwell: v1alpha1.Dur(40 * time.Second)}, {Weight: 10, Dwell: v1alpha1.Dur(40 * time.Second)}},
		Analysis: v1alpha1.AnalysisSpec{
			Interval:    v1alpha1.Dur(10 * time.Second),
			SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"},
			Latency:     &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)},
			Baseline:    &v1alpha1.BaselineCheck{MaxRatio: "1.5"},
		},
	}
}

// TestReplayDecides replays short rollouts whose evidence was computed by hand.
func TestReplayDecides(t *testing.T) {
	const (
		healthy  = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}`
		unlucky  = `{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":1,"slow":0}}`
		fewer    = `{"weight":5,"next":10,"candidate":{"requests":8,"failures":0,"slow":0},"stable":{"requests":152,"failures":0,"slow":0}}`
		half     = `{"weight":5,"next":10,"candidate":{"requests":20,"failures":10,"slow":0},"stable":{"requests":380,"failures":0,"slow":0}}`
		nine     = `{"weight":5,"next":10,"candidate":{"requests":20,"failures":9,"slow":0},"stable":{"requests":380,"failures":0,"slow":0}}`
		one      = `{"weight":5,"next":10,"candidate":{"requests":20,"failures":1,"slow":0},"stable":{"requests":380,"failures":0,"slow":0}}`
		nextless = `{"weight":5,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}`
	)
	type want struct {
		lnE, lnG float64
		decision v1alpha1.Decision
	}
	none := math.NaN()
	tests := map[string]struct {
		windows []string
		want    []want
	}{
		"a healthy candidate advances when its dwell is over": {
			[]string{healthy, healthy, unlucky, healthy},
			[]want{
				{-0.27990495, 0.86896423, v1alpha1.DecisionHold}, {-0.38273544, 1.7743619, v1alpha1.DecisionHold},
				{-0.46742707, 2.7086623, v1alpha1.DecisionHold}, {-0.54310456, 3.6651172, v1alpha1.DecisionAdvance},
			},
		},
		"with fewer requests the evidence comes later than the dwell": {
			[]string{fewer, fewer, fewer, fewer, fewer},
			[]want{
				{none, none, v1alpha1.DecisionHold}, {none, none, v1alpha1.DecisionHold}, {none, none, v1alpha1.DecisionHold},
				{-0.50746589, 2.8983755, v1alpha1.DecisionHold}, {none, 3.6651172, v1alpha1.DecisionAdvance},
			},
		},
		"half of 20 requests are enough":      {[]string{half, healthy}, []want{{none, none, v1alpha1.DecisionRollBack}}},
		"one burst decides nothing":           {[]string{nine, one}, []want{{3.4350977, none, v1alpha1.DecisionHold}, {3.8686046, none, v1alpha1.DecisionHold}}},
		"the next weight is that of the spec": {[]string{nextless}, []want{{-0.27990495, 0.86896423, v1alpha1.DecisionHold}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var windows []RecordedWindow
			for _, line := range tt.windows {
				var w RecordedWindow
				if err := json.Unmarshal([]byte(line), &w); err != nil {
					t.Fatal(err)
				}
				windows = append(windows, w)
			}
			got := Replay(replaySpec(), windows)
			if len(got) != len(tt.want) {
				t.Fatalf("got %d windows, want %d", len(got), len(tt.want))
			}
			for i, w := range tt.want {
				t.Logf("%+v", got[i].Reason)
				near(t, "lnE", got[i].LnE, w.lnE)
				near(t, "lnGFailure", *got[i].LnGFailure, w.lnG)
				if got[i].Decision != w.decision || got[i].Window != i+1 || got[i].Reason == "" {
					t.Errorf("window %d: got %s (%s), want %s", got[i].Window, got[i].Decision, got[i].Reason, w.decision)
				}
			}
		})
	}
}

// near compares to 1e-6 relative; NaN is not compared.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !math.IsNaN(want) && math.Abs(got-want) > 1e-6*math.Abs(want) {
		t.Errorf("%s is %.9g, want %.9g", what, got, want)
	}
}
