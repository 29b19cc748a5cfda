package view_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// situations are named after what they show; each is a golden file.
var situations = map[string]func(*view.Snapshot){
	"a weight that has not landed": func(s *view.Snapshot) {
		s.Canary.Status.Step.LandedAt, s.Canary.Status.Step.StartedAt = nil, ago(12*time.Second)
		s.Canary.Status.Message = "v2: weight 25% is not applied by the data plane yet"
		s.Split = weights(95, 5)
		reconciling(v1alpha1.ReasonLanding)(s)
	},
	"a check that fails": func(s *view.Snapshot) {
		s.Canary.Status.Step.Failed = 2
		s.Canary.Status.Message = "testing v2 at 25%: 2 windows in a row failed, limit 3"
		s.Canary.Status.Checks = []v1alpha1.CheckStatus{
			check(v1alpha1.CheckSuccessRate, v1alpha1.VerdictFail, "97.2%", ">= 99%"),
			check(v1alpha1.CheckLatencyP99, v1alpha1.VerdictPass, "231ms", "<= 500ms"),
			check(v1alpha1.CheckBaseline, v1alpha1.VerdictNoData, "stable had no requests", "<= 1.5x"),
		}
		reconciling(v1alpha1.ReasonTesting)(s)
	},
	"paused for approval": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Phase, st.PhaseSince = v1alpha1.PhasePaused, ago(44*time.Minute)
		st.Pause = &v1alpha1.PauseStatus{Reason: v1alpha1.PauseApproval, Since: ago(44 * time.Minute)}
		st.Step.Index, st.Step.Position, st.Candidate.Weight = 2, "3/3", 50
		st.Message = "paused at 50%: waiting for approval"
		s.Split = weights(50, 50)
		st.LastCommand = &v1alpha1.CommandRecord{
			Command: v1alpha1.Command{Verb: v1alpha1.VerbPromote, By: "alice@example.com", Reason: "we are late"},
			At:      ago(time.Minute), Refused: "the step waits for approval: use approve",
		}
		reconciling(v1alpha1.ReasonPaused)(s)
	},
	"waiting for a webhook": func(s *view.Snapshot) {
		st := &s.Canary.Status
		s.Canary.Spec.Webhooks = []v1alpha1.Webhook{
			{Name: "load-test", When: v1alpha1.BeforeRollout}, {Name: "change-board", When: v1alpha1.BeforeStep, Deadline: v1alpha1.Dur(10 * time.Minute)},
		}
		st.Gates = []v1alpha1.GateStatus{
			{ID: "v2/BeforeRollout/0/load-test", Webhook: "load-test", When: v1alpha1.BeforeRollout, State: v1alpha1.GateOpen, Asked: 1, Answer: "200 OK", AnsweredAt: ago(7 * time.Minute)},
			{
				ID: "v2/BeforeStep/25/change-board", Webhook: "change-board", When: v1alpha1.BeforeStep, State: v1alpha1.GateRefused, Asked: 14,
				Answer: "403 Forbidden: not on a Friday afternoon, please ask the person on call first", Since: ago(140 * time.Second), AnsweredAt: ago(6 * time.Second),
			},
		}
		st.Step.Index, st.Step.Position, st.Candidate.Weight = 0, "1/3", 5
		st.Message = `v2 waits at 5%: webhook "change-board" said 403 Forbidden: not on a Friday afternoon, please ask the person on call first`
		s.Split = weights(95, 5)
		reconciling(v1alpha1.ReasonWaitingForWebhook)(s)
	},
	"frozen": func(s *view.Snapshot) {
		s.Canary.Status.Step.HeldSince = ago(time.Minute)
		s.Canary.Status.Message = `ClusterRolloutPolicy "year-end" keeps v2 at 25% until 2027-01-02: no changes over the holidays`
		s.Policies = []view.Policy{
			{Kind: "ClusterRolloutPolicy", Name: "year-end", Spec: v1alpha1.RolloutPolicySpec{Freeze: &v1alpha1.Freeze{
				Reason: "no changes over the holidays", Until: ptr.To(metav1.Date(2027, 1, 2, 8, 0, 0, 0, time.UTC)),
			}}},
			{Kind: "RolloutPolicy", Namespace: "shop", Name: "audit", Spec: v1alpha1.RolloutPolicySpec{Freeze: &v1alpha1.Freeze{
				Reason: "the auditors come", From: ptr.To(metav1.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)),
			}}},
		}
		reconciling(v1alpha1.ReasonFrozen)(s)
	},
	"shut out": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Step, st.Candidate.Weight = nil, 0
		why := "no TrafficTarget in namespace shop allows shop/web to call shop/next on port 8080, as TrafficTarget shop/web allows it for shop/foobar"
		st.Message = "v2 stays at 0%: " + why
		st.SetCondition(v1alpha1.Condition{
			Type: v1alpha1.ConditionAccessReady, Status: v1alpha1.ConditionFalse, Reason: v1alpha1.ReasonAccessMissing, Message: why,
		}, ago(time.Minute).Time)
		s.Split = weights(100, 0)
		reconciling(v1alpha1.ReasonAccessMissing)(s)
	},
	"in the queue": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Phase, st.Candidate, st.Step, st.Version = v1alpha1.PhaseSucceeded, nil, nil, "v1"
		st.PhaseSince, st.LastVersion = ago(49*time.Hour), 1
		st.Message = `the target asks for registry.example/shop/foobar:2.0; ClusterRolloutPolicy "fleet" lets 5 rollouts run at a time, and 5 others run`
		s.Deployments, s.Pods, s.Split = s.Deployments[:1], s.Pods[:3], weights(100, 0)
		s.Split.Spec.Backends = s.Split.Spec.Backends[:1]
		s.Policies = []view.Policy{{
			Kind: "ClusterRolloutPolicy", Name: "fleet", Running: ptr.To[int32](5), Spec: v1alpha1.RolloutPolicySpec{MaxRollouts: ptr.To[int32](5)},
		}}
		reconciling(v1alpha1.ReasonQueued)(s)
	},
	"pods in a crash loop": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Step, st.Candidate.Weight, st.Candidate.NotReadySince = nil, 0, ago(40*time.Second)
		st.Message = "waiting for the pods of v2: 0 of 2 endpoints ready"
		s.Deployments = []appsv1.Deployment{deployment("v1", 3, 3), deployment("v2", 0, 2)}
		s.Pods = []corev1.Pod{
			pod("v1", "7d4b9-aaaaa"), pod("v2", "6c9f7-ddddd", waiting("ContainerCreating", "", 0)),
			pod("v2", "6c9f7-eeeee", waiting("CrashLoopBackOff", "back-off 20s restarting failed container=app pod=foobar-v2-6c9f7-eeeee_shop", 4)),
		}
		s.Split = weights(100, 0)
		reconciling(v1alpha1.ReasonWaitingForPods)(s)
	},
	"promoted": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Phase, st.PhaseSince, st.Stable, st.Candidate, st.Step = v1alpha1.PhaseSucceeded, ago(20*time.Second), &v2, nil, nil
		st.Version, st.Message = "v2", "v2 (registry.example/shop/foobar:2.0) serves"
		st.Retiring = []v1alpha1.RetiringStatus{{Version: "v1", Revision: v1.Revision, Image: v1.Image, Proven: true, Since: ago(20 * time.Second)}}
		st.History = append([]v1alpha1.RolloutRecord{{
			VersionStatus: v2, Outcome: v1alpha1.OutcomePromoted, Reason: v1alpha1.ReasonPromoted, StartedAt: ago(15 * time.Minute), EndedAt: ago(20 * time.Second),
			Message: "v2 (registry.example/shop/foobar:2.0) is promoted after 14m40s; v1 (registry.example/shop/foobar:1.0) retires",
		}}, st.History...)
		st.LastCommand = &v1alpha1.CommandRecord{Command: v1alpha1.Command{Verb: v1alpha1.VerbApprove, By: "alice@example.com"}, At: ago(2 * time.Minute)}
		s.Split = weights(0, 100)
		s.Pods = append(s.Pods, pod("v2", "6c9f7-eeeee"), pod("v2", "6c9f7-fffff"))
		s.Deployments = []appsv1.Deployment{deployment("v1", 3, 3), deployment("v2", 3, 3)}
		states(v1alpha1.ReasonPromoted, v1alpha1.ConditionTrue, v1alpha1.ConditionFalse, v1alpha1.ConditionFalse)(s)
	},
	"rolled back": func(s *view.Snapshot) {
		st := &s.Canary.Status
		st.Phase, st.PhaseSince, st.Candidate, st.Step, st.Version = v1alpha1.PhaseRolledBack, ago(8*time.Minute), nil, nil, "v1"
		why := "success rate 96.1% < 99% of v2 over 387 requests in 10s at step 2/3: 3 windows in a row failed, limit 3"
		st.RolledBackRevision, st.Message = v2.Revision, "rolled back, v1 (registry.example/shop/foobar:1.0) serves: "+why
		st.History = append([]v1alpha1.RolloutRecord{{
			VersionStatus: v2, Outcome: v1alpha1.OutcomeRolledBack, Reason: v1alpha1.ReasonAnalysisFailed, Message: why, StartedAt: ago(15 * time.Minute), EndedAt: ago(8 * time.Minute),
		}}, st.History...)
		s.Deployments, s.Pods, s.Split = s.Deployments[:1], s.Pods[:3], weights(100, 0)
		s.Canary.Generation = 5
		stalled(v1alpha1.ReasonAnalysisFailed)(s)
		st.SetCondition(v1alpha1.Condition{Type: v1alpha1.ConditionMetricsAvailable, Status: v1alpha1.ConditionFalse, Reason: v1alpha1.ReasonMetricsUnavailable, Message: "TrafficMetrics cannot be read: the server is currently unable to handle the request"}, now)
	},
	"a Canary that nobody has looked at": func(s *view.Snapshot) {
		s.Canary.Status = v1alpha1.CanaryStatus{}
		s.Deployments, s.Pods, s.Split = nil, nil, nil
		s.Notes = []string{"ClusterRolloutPolicies cannot be read (forbidden): freezes and limits of the whole cluster are not shown"}
	},
}

func TestTree(t *testing.T) {
	for name, change := range situations {
		for _, width := range []int{80, 120} {
			t.Run(fmt.Sprintf("%s at %d columns", name, width), func(t *testing.T) {
				lines := view.Tree(world(change), view.Options{Now: now, Width: width, Paint: view.Plain})
				for _, line := range lines {
					if w := ansi.StringWidth(line); w > width {
						t.Errorf("a line has %d columns, more than %d: %s", w, width, line)
					}
				}
				golden(t, fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), width), lines)
			})
		}
	}
}

// golden compares lines with a file of testdata.
func golden(t *testing.T, name string, lines []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestColoursChangeNoText(t *testing.T) {
	for name, change := range situations {
		o := view.Options{Now: now, Width: 80, Paint: view.Plain}
		want := strings.Join(view.Tree(world(change), o), "\n")
		o.Paint = view.Colours()
		painted := strings.Join(view.Tree(world(change), o), "\n")
		if diff := cmp.Diff(want, ansi.Strip(painted)); diff != "" {
			t.Errorf("%s: colours change the text (-plain +painted):\n%s", name, diff)
		}
		if painted == want {
			t.Errorf("%s: nothing is painted", name)
		}
	}
}

func TestNoWidthIsTooNarrow(t *testing.T) {
	for name, change := range situations {
		for width := 1; width < 80; width++ {
			for _, line := range view.Tree(world(change), view.Options{Now: now, Width: width, Paint: view.Plain}) {
				if w := ansi.StringWidth(line); w > width {
					t.Fatalf("%s at %d columns: a line has %d: %q", name, width, w, line)
				}
			}
		}
	}
}

func TestWhatOthersWroteDoesNotSteerTheTerminal(t *testing.T) {
	s := world(func(s *view.Snapshot) { s.Canary.Status.Message = "a\x1b[2Jb\x07c\nd\u009b31m" })
	all := strings.Join(view.Tree(s, view.Options{Now: now, Paint: view.Plain}), "\n")
	if strings.ContainsAny(all, "\x1b\x07\u009b") || !strings.Contains(all, "a [2Jb c d 31m") {
		t.Errorf("control characters reach the terminal: %q", all)
	}
}
