package analysis

import (
	"fmt"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What kubectl wait, helm --wait, Flux and Argo CD see: exactly one of Ready, Reconciling and Stalled is True, all three with
// the reason and the message of the state.
func TestSummary(t *testing.T) {
	const ready, reconciling, stalled = v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled
	cases := map[string]struct {
		in      v1alpha1.Phase
		mod     func(*scene)
		is      string
		reason  string
		message string
	}{
		"waiting for the first version's pods": {
			in: v1alpha1.PhaseInitializing, is: reconciling, reason: "Initializing",
			message: "waiting for the pods of v1: 1 of 3 endpoints ready",
		},
		"waiting for a data plane": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3} },
			is: reconciling, reason: "Initializing", message: "v1 is ready; no data plane reports yet that it applies the TrafficSplit",
		},
		"waiting for metrics at the beginning": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3}
				s.seen.MetricsError = "no answer"
			},
			is: reconciling, reason: "Initializing", message: "no answer",
		},
		"waiting for the apex": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				s.seen.Versions["v1"], s.seen.Traffic.Landed = Backend{Endpoints: 3, Replicas: 3}, map[string]int64{"v1": 100}
			},
			is: reconciling, reason: "Initializing", message: "v1 is ready; waiting for the apex to lead to the data plane",
		},
		"a beginning that takes longer than the progress deadline": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.status.PhaseSince = ago(time.Hour) },
			is: stalled, reason: "ProgressDeadlineExceeded", message: "waiting for the pods of v1: 1 of 3 endpoints ready",
		},
		"a beginning that something stands in the way of": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Apex.Foreign = "Service \"shop\" was here before" },
			is: stalled, reason: "ApexNotOwned", message: `Service "shop" was here before`,
		},
		"waiting for the candidate's pods": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.seen.Versions["v2"] = Backend{Endpoints: 2, Replicas: 3} },
			is: reconciling, reason: "WaitingForPods", message: "waiting for the pods of v2: 2 of 3 endpoints ready",
		},
		"a candidate without pods": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.status.Step, s.status.Candidate.Weight = nil, 0
				s.spec.Replicas, s.seen.Versions["v2"] = new(int32), Backend{}
			},
			is: reconciling, reason: "WaitingForPods", message: "v2 has 0 pods, as asked: nothing can be tested before there is one",
		},
		"waiting for a weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.LandedAt, s.seen.Traffic.Landed = nil, nil },
			is: reconciling, reason: "Landing", message: "v2: weight 25% is not applied by the data plane yet",
		},
		"waiting for a weight of which nobody can tell": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.status.Step.LandedAt, s.seen.Traffic.Landed, s.seen.MetricsError = nil, nil, "TrafficMetrics did not answer"
			},
			is: reconciling, reason: "Landing",
			message: "v2: weight 25% is written, and nobody says whether it is applied: TrafficMetrics did not answer",
		},
		"testing": {
			in: v1alpha1.PhaseProgressing, is: reconciling, reason: "Testing", message: "testing v2 at 25%: 1 window passed",
		},
		"testing before the first window": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.LastWindow = nil },
			is: reconciling, reason: "Testing", message: "testing v2 at 25%: waiting for the first window",
		},
		"testing without requests": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.seen.Samples = []Sample{window(-time.Second, 0, 0)} },
			is: reconciling, reason: "Testing", message: "testing v2 at 25%: no requests in the newest window, 1 window passed",
		},
		"testing without latencies": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.spec.Analysis.Latency = &v1alpha1.LatencyCheck{P99: seconds(1)}
				s.seen.Samples = []Sample{window(-time.Second, 9, 0)}
				s.seen.Samples[0].Candidate.Latency = false
			},
			is: reconciling, reason: "Testing", message: "testing v2 at 25%: p99 not measured in the newest window, 1 window passed",
		},
		"testing with a failed window": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Step.Failed = 2 },
			is: reconciling, reason: "Testing", message: "testing v2 at 25%: 2 windows in a row failed, limit 3",
		},
		"testing without metrics": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.seen.MetricsError = "TrafficMetrics did not answer" },
			is: reconciling, reason: "Testing", message: "testing v2 at 25%: TrafficMetrics did not answer",
		},
		"suspended at a weight": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.spec.Suspend = true },
			is: reconciling, reason: "Suspended", message: "v2 stays at 25%: spec.suspend is set",
		},
		"paused by a person": {
			in: v1alpha1.PhasePaused, is: reconciling, reason: "Paused", message: "paused at 25% by a person",
		},
		"paused for approval": {
			in: v1alpha1.PhasePaused, mod: func(s *scene) { s.status.Pause.Reason = v1alpha1.PauseApproval },
			is: reconciling, reason: "Paused", message: "paused at 25%: waiting for approval",
		},
		"paused by a timeout": {
			in: v1alpha1.PhasePaused, mod: func(s *scene) { s.status.Pause.Reason = v1alpha1.PauseTimeout },
			is: reconciling, reason: "Paused", message: "paused at 25%: the step took longer than its timeout",
		},
		"promoting": {
			in: v1alpha1.PhasePromoting, is: reconciling, reason: "Promoting",
			message: "promoting v2 (shop:2), weight 100% is not applied by the data plane yet",
		},
		"promoting a candidate that lost its endpoints": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.seen.Versions["v2"] = Backend{Endpoints: 0, Replicas: 3} },
			is: reconciling, reason: "Promoting", message: "promoting v2 (shop:2): waiting for the pods of v2: 0 of 3 endpoints ready",
		},
		"promoting and suspended": {
			in: v1alpha1.PhasePromoting, mod: func(s *scene) { s.status.Candidate.Weight, s.spec.Suspend = 50, true },
			is: reconciling, reason: "Promoting", message: "promoting v2 (shop:2): spec.suspend is set",
		},
		"rolling back": {
			in: v1alpha1.PhaseRollingBack, is: reconciling, reason: "Landing",
			message: "rolling back v2 (shop:2): weight 0% is not applied by the data plane yet",
		},
		"rolled back": {
			in: v1alpha1.PhaseRolledBack, is: stalled, reason: "Aborted", message: "rolled back, v1 (shop:1) serves: abort by jane",
		},
		"adopted": {
			in: v1alpha1.PhaseSucceeded, is: ready, reason: "Adopted", message: "v1 (shop:1) serves",
		},
		"promoted": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) {
				s.status.History = history(v1alpha1.OutcomePromoted)
				*s.status.Stable = versionNamed("2")
				s.seen.Versions["v2"] = Backend{Endpoints: 3, Replicas: 3}
				asksFor("2")(s)
			},
			is: ready, reason: "Promoted", message: "v2 (shop:2) serves",
		},
		"back on stable after a rollback": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status.History = history(v1alpha1.OutcomeRolledBack) },
			is: ready, reason: "Reverted", message: "v1 (shop:1) serves",
		},
		"the target's pods are kept by someone else": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) {
				s.seen.Target.Replicas, s.seen.Target.ReplicasOwner = 3, "kubectl"
			},
			is: ready, reason: "TargetScaledByOther", message: `v1 (shop:1) serves; 3 pods of Deployment "shop" get no traffic, because ` +
				"kubectl owns its spec.replicas: take spec.replicas out of what kubectl applies, so that Serin can scale it to 0",
		},
		"a new revision held back by suspend": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { asksFor("2")(s); s.spec.Suspend = true },
			is: reconciling, reason: "Suspended", message: "the target asks for shop:2, and its rollout waits: spec.suspend is set",
		},
		"a new revision that something stands in the way of": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { asksFor("2")(s); s.seen.Blocked = `Service "shop-v2" belongs to someone else` },
			is: stalled, reason: "NameTaken", message: `Service "shop-v2" belongs to someone else`,
		},
		"a data plane that is not there": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.spec.Traffic.Provider = v1alpha1.ProviderGateway },
			is: stalled, reason: "ProviderUnavailable",
			message: "HTTPRoutes cannot be written, because no CRD httproutes.gateway.networking.k8s.io is served in v1: install the Gateway API, or use spec.traffic.provider Proxy or Split; the Canary goes on by itself",
		},
		"no target": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Target = Target{} },
			is: stalled, reason: "TargetNotFound",
			message: `Deployment "shop" does not exist in this namespace: make it, or point spec.targetRef at one that does`,
		},
		"nothing yet and no target": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status = v1alpha1.CanaryStatus{}; s.seen = Observed{} },
			is: stalled, reason: "TargetNotFound",
			message: `Deployment "shop" does not exist in this namespace: make it, or point spec.targetRef at one that does`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(s)
			}
			status := s.decide().Status
			want := map[string]metav1.ConditionStatus{ready: "False", reconciling: "False", stalled: "False"}
			want[tc.is] = "True"
			for kind, is := range want {
				got := status.Condition(kind)
				diff := cmp.Diff([]string{string(is), tc.reason, tc.message}, []string{string(got.Status), got.Reason, got.Message})
				if diff != "" {
					t.Errorf("%s (-want +got):\n%s", kind, diff)
				}
			}
			if status.Message != tc.message {
				t.Errorf("message %q", status.Message)
			}
		})
	}
}

func TestOtherConditions(t *testing.T) {
	cases := map[string]struct {
		in   v1alpha1.Phase
		mod  func(*scene)
		want map[string]string // type: "status reason: message", "" for absent
	}{
		"testing": {
			in: v1alpha1.PhaseProgressing,
			want: map[string]string{
				"Promoted":         "Unknown Testing: v2 (shop:2) is under test",
				"MetricsAvailable": "True MetricsRead: TrafficMetrics are read",
				"TrafficLanded":    "True Landed: the data plane applies stable 75%, candidate 25%",
				"AccessReady":      "True AccessMode: TrafficTargets are not enforced for this apex",
			},
		},
		"rolling back is no test any more": {
			in: v1alpha1.PhaseRollingBack,
			want: map[string]string{
				"Promoted":      "False Aborted: abort by jane",
				"TrafficLanded": "False Landing: the data plane does not apply stable 100%, candidate 0% yet",
			},
		},
		"rolled back": {in: v1alpha1.PhaseRolledBack, want: map[string]string{"Promoted": "False Aborted: abort by jane"}},
		"promoted": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status.History = history(v1alpha1.OutcomePromoted) },
			want: map[string]string{"Promoted": "True Aborted: abort by jane"}, // the record's own words
		},
		"at rest": {
			in: v1alpha1.PhaseSucceeded,
			want: map[string]string{
				"Promoted":         "",
				"MetricsAvailable": "Unknown NotNeeded: nothing is measured while nothing is rolled out",
				"TrafficLanded":    "",
			},
		},
		"an outage": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.seen.MetricsRead, s.seen.MetricsError, s.seen.Traffic.Landed = false, "no answer", nil
			},
			want: map[string]string{
				"MetricsAvailable": "False MetricsUnavailable: no answer",
				"TrafficLanded":    "False Landing: the data plane does not apply stable 75%, candidate 25% yet",
			},
		},
		"TrafficMetrics that are read before a Gateway's route is accepted": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.drive(v1alpha1.ProviderGateway)
				s.seen.Traffic.Landed = nil
			},
			want: map[string]string{
				"MetricsAvailable": "True MetricsRead: TrafficMetrics are read",
				"TrafficLanded":    "False Landing: the data plane does not apply stable 75%, candidate 25% yet",
			},
		},
		"enforced by the bundled proxy": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.spec.Access.Mode = v1alpha1.AccessEnforce },
			want: map[string]string{"AccessReady": "True AccessMode: the bundled proxy denies what no TrafficTarget allows"},
		},
		"audited by the bundled proxy": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.spec.Access.Mode = v1alpha1.AccessAudit },
			want: map[string]string{"AccessReady": "True AccessMode: the bundled proxy counts what no TrafficTarget allows, and lets it pass"},
		},
		"asked of a mesh": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) {
				s.spec.Access.Mode = v1alpha1.AccessEnforce
				s.drive(v1alpha1.ProviderSplit)
			},
			want: map[string]string{"AccessReady": "False AccessMode: spec.access.mode Enforce needs the bundled proxy; with this provider the mesh decides"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(s)
			}
			status := s.decide().Status
			got := map[string]string{}
			for kind := range tc.want {
				got[kind] = ""
				if c := status.Condition(kind); c != nil {
					got[kind] = fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	status := in(v1alpha1.PhaseProgressing).decide().Status
	got := []any{status.ObservedGeneration, status.Version, status.Replicas, status.Selector}
	want := []any{int64(4), "v1 -> v2", int32(6), "serin.dev/canary=shop"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A condition keeps the time at which its status changed, whatever becomes of its reason and message.
func TestConditionsKeepTheirTransitionTime(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing)
	s.status = s.decide().Status
	s.now = s.now.Add(time.Minute)
	s.seen.MetricsError = "no answer"
	status := s.decide().Status
	if got := status.Condition(v1alpha1.ConditionReconciling).LastTransitionTime; !got.Time.Equal(noon) {
		t.Errorf("Reconciling changed at %s", got)
	}
	if got := status.Condition(v1alpha1.ConditionMetricsAvailable).LastTransitionTime; got.Time.Equal(noon) {
		t.Errorf("MetricsAvailable did not change at %s", got)
	}
}
