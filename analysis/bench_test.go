package analysis

import (
	"slices"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// mostPerLook is what one look may cost.
const mostPerLook = 50 * time.Microsecond

// BenchmarkDecide is one look in each phase at rest, and one with a new window to judge by three bounds.
func BenchmarkDecide(b *testing.B) {
	for _, phase := range phases {
		b.Run(string(phase), func(b *testing.B) { benchmark(b, in(phase)) })
	}
	b.Run("Window", func(b *testing.B) {
		benchmark(b, in(v1alpha1.PhaseProgressing, func(s *scene) {
			s.seen.Samples = []Sample{window(-time.Second, 400, 2)}
			s.spec.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
			s.spec.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
			s.status.History = slices.Repeat(history(v1alpha1.OutcomePromoted), maxHistory)
		}))
	})
}

func benchmark(b *testing.B, s *scene) {
	s.status.Conditions = s.decide().Status.Conditions
	b.ReportAllocs()
	for b.Loop() {
		s.decide()
	}
	if per := b.Elapsed() / time.Duration(b.N); b.N > 1000 && per > mostPerLook {
		b.Errorf("a look costs %s, more than %s", per, mostPerLook)
	}
}
