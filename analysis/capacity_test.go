package analysis

import (
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
)

func TestPodsForAWeight(t *testing.T) {
	cases := map[string]struct{ replicas, weight, want int32 }{
		"none of none":                {0, 50, 0},
		"one at least":                {3, 1, 1},
		"rounded up":                  {10, 11, 2},
		"exactly":                     {10, 20, 2},
		"all":                         {7, 100, 7},
		"none for no weight":          {7, 0, 0},
		"more than an int32 can hold": {2_000_000_000, 99, 1_980_000_000},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := podsFor(tc.replicas, tc.weight); got != tc.want {
				t.Errorf("podsFor(%d, %d) = %d, want %d", tc.replicas, tc.weight, got, tc.want)
			}
		})
	}
}

func TestTheFloorOfARollout(t *testing.T) {
	size := func(n int32) *int32 { return &n }
	cases := map[string]struct {
		phase v1alpha1.Phase
		mod   func(*scene)
		want  *int32
	}{
		"begins with the size of the first moment": {v1alpha1.PhaseSucceeded, asksFor("2"), size(3)},
		"survives a newer revision, although an autoscaler has shrunk the Canary meanwhile": {v1alpha1.PhaseProgressing, func(s *scene) {
			s.status.FloorReplicas, s.spec.Replicas = size(3), size(1)
			s.status.Candidate.Weight, s.status.Step = 0, nil
			asksFor("3")(s)
		}, size(3)},
		"stays while the old version retires": {v1alpha1.PhaseSucceeded, func(s *scene) {
			s.status.FloorReplicas = size(5)
			s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", LostAt: ago(0)}}
		}, size(5)},
		"ends when it is gone": {v1alpha1.PhaseSucceeded, func(s *scene) { s.status.FloorReplicas = size(5) }, nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := in(tc.phase, tc.mod).decide().Status.FloorReplicas
			if (got == nil) != (tc.want == nil) || (got != nil && *got != *tc.want) {
				t.Errorf("floor %v, want %v", got, tc.want)
			}
		})
	}
}
