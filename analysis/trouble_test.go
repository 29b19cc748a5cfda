package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

func TestTrouble(t *testing.T) {
	lasting := func(reason, message string) Trouble {
		return Trouble{Pod: "shop-v2-1", Reason: reason, Message: message, Kind: TroubleLasting, Since: noon}
	}
	passing := func(kind TroubleKind, reason, message string, lasted time.Duration) Trouble {
		return Trouble{Pod: "shop-v2-1", Reason: reason, Message: message, Kind: kind, Since: noon.Add(-lasted)}
	}
	const start = "PodsFailing: rolling back v2 (shop:2) to v1 (shop:1), "
	cases := map[string]struct {
		phase   v1alpha1.Phase
		trouble Trouble
		mod     func(*scene)
		notes   []string
		message string
	}{
		"a crash loop rolls back at once": {
			trouble: lasting("CrashLoopBackOff", "container app exited with 1, 2 restarts"),
			notes:   []string{start + "weight 25% -> 0%: pod shop-v2-1 is in CrashLoopBackOff (container app exited with 1, 2 restarts)"},
		},
		"an image that cannot be pulled does, also before there is any weight": {
			trouble: lasting("ImagePullBackOff", "manifest unknown"),
			mod:     func(s *scene) { s.status.Step, s.status.Candidate.Weight = nil, 0 },
			notes: []string{
				start + "it had no traffic: pod shop-v2-1 is in ImagePullBackOff (manifest unknown)",
			},
		},
		"also while paused": {
			phase: v1alpha1.PhasePaused, trouble: lasting("CrashLoopBackOff", ""),
			notes: []string{start + "weight 25% -> 0%: pod shop-v2-1 is in CrashLoopBackOff"},
		},
		"also while promoting": {
			phase: v1alpha1.PhasePromoting, trouble: lasting("CrashLoopBackOff", ""),
			notes: []string{start + "weight 100% -> 0%: pod shop-v2-1 is in CrashLoopBackOff"},
		},
		"an unschedulable pod has its grace, and is named": {
			trouble: passing(TroubleUnschedulable, "Unschedulable", "0/3 nodes are available", time.Minute),
			message: "v2 (shop:2): pod shop-v2-1 is in Unschedulable (0/3 nodes are available)",
		},
		"one that stays unschedulable rolls back": {
			trouble: passing(TroubleUnschedulable, "Unschedulable", "0/3 nodes are available", 121*time.Second),
			notes:   []string{start + "weight 25% -> 0%: pod shop-v2-1 is in Unschedulable (0/3 nodes are available) for 2m1s"},
		},
		"a pod that fails readiness has its grace, and is named": {
			trouble: passing(TroubleNotReady, "NotReady", "", 59*time.Second),
			message: "v2 (shop:2): pod shop-v2-1 is in NotReady",
		},
		"one that stays so rolls back": {
			trouble: passing(TroubleNotReady, "NotReady", "", 61*time.Second),
			notes:   []string{start + "weight 25% -> 0%: pod shop-v2-1 is in NotReady for 1m1s"},
		},
		"nothing is gained by going back to a stable without endpoints": {
			trouble: lasting("CrashLoopBackOff", ""),
			mod:     func(s *scene) { s.seen.Versions["v1"] = Backend{Replicas: 3} },
			message: "v2 (shop:2): pod shop-v2-1 is in CrashLoopBackOff",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing)
			if tc.phase != "" {
				s = in(tc.phase)
			}
			backend := s.seen.Versions["v2"]
			backend.Trouble = &tc.trouble
			s.seen.Versions["v2"] = backend
			if tc.mod != nil {
				tc.mod(s)
			}
			plan := s.decide()
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if tc.message != "" && plan.Status.Message != tc.message {
				t.Errorf("message %q, want %q", plan.Status.Message, tc.message)
			}
			if rolled := plan.Weights == (Weights{}); rolled != (tc.notes != nil) {
				t.Errorf("weights %v", plan.Weights)
			}
		})
	}
}
