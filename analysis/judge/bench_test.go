package judge

import "testing"

// BenchmarkJudge is one window of a rollout with three checks in its fiftieth window.
func BenchmarkJudge(b *testing.B) {
	for name, window := range map[string]Window{
		"counts": requests(400, 2, 3, 7600, 30),
		"quantiles": {
			Weight: 5, Next: 10,
			Candidate: Counts{Requests: 400, Failures: 2, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 190}},
			Stable:    Counts{Requests: 7600, Failures: 30, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 190}},
		},
		"millions of requests by quantiles": {
			Weight: 5, Next: 10,
			Candidate: Counts{Requests: 9e5, Failures: 2, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 210}},
			Stable:    Counts{Requests: 1.8e7, Failures: 30, Quantiles: &Quantiles{Limit: 200, P50: 40, P90: 90, P99: 190}},
		},
	} {
		b.Run(name, func(b *testing.B) {
			c := three()
			var s State
			for range 50 {
				s, _ = c.Judge(s, window)
			}
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Judge(s, window)
			}
		})
	}
}
