package view_test

import (
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

var now = time.Date(2026, 11, 20, 15, 4, 5, 0, time.UTC)

func ago(d time.Duration) *v1alpha1.Time { return v1alpha1.At(now.Add(-d)) }

var (
	v1 = v1alpha1.VersionStatus{Version: "v1", Revision: "6f9c1a2b3c4d5e6f", Image: "registry.example/shop/foobar:1.0"}
	v2 = v1alpha1.VersionStatus{Version: "v2", Revision: "81aa77c0d1e2f3a4", Image: "registry.example/shop/foobar:2.0"}
)

// world is a Canary at 25% of a rollout, with its Deployments, pods and TrafficSplit.
func world(changes ...func(*view.Snapshot)) view.Snapshot {
	c := &v1alpha1.Canary{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "foobar", Generation: 4, CreationTimestamp: metav1.NewTime(now.Add(-72 * time.Hour))},
		Spec: v1alpha1.CanarySpec{
			TargetRef: v1alpha1.TargetReference{Name: "foobar"},
			Steps: []v1alpha1.Step{
				{Weight: 5, Dwell: v1alpha1.Dur(2 * time.Minute)},
				{Weight: 25, Dwell: v1alpha1.Dur(5 * time.Minute)},
				{Weight: 50, Dwell: v1alpha1.Dur(5 * time.Minute), Approval: v1alpha1.ApprovalRequired},
			},
			Analysis: v1alpha1.AnalysisSpec{
				Judge: v1alpha1.JudgeThreshold, Interval: v1alpha1.Dur(10 * time.Second), Timeout: v1alpha1.Dur(30 * time.Minute), FailureThreshold: 3,
			},
			ProgressDeadline: v1alpha1.Dur(10 * time.Minute),
		},
		Status: v1alpha1.CanaryStatus{
			ObservedGeneration: 4, Phase: v1alpha1.PhaseProgressing, PhaseSince: ago(7 * time.Minute), Version: "v1 -> v2",
			Stable: &v1, Candidate: &v1alpha1.CandidateStatus{VersionStatus: v2, Weight: 25, Share: 25, StartedAt: ago(7 * time.Minute)},
			Step:    &v1alpha1.StepStatus{Index: 1, Position: "2/3", StartedAt: ago(3 * time.Minute), LandedAt: ago(178 * time.Second), Passed: 17},
			Message: "testing v2 at 25%: 17 windows passed",
			History: []v1alpha1.RolloutRecord{{
				VersionStatus: v1, Outcome: v1alpha1.OutcomePromoted, Reason: v1alpha1.ReasonPromoted,
				Message:   "v1 (registry.example/shop/foobar:1.0) is promoted after 12m; v0 retires",
				StartedAt: ago(50 * time.Hour), EndedAt: ago(49 * time.Hour),
			}},
		},
	}
	s := view.Snapshot{
		Canary:      c,
		Deployments: []appsv1.Deployment{deployment("v1", 3, 3), deployment("v2", 1, 1)},
		Pods:        []corev1.Pod{pod("v1", "7d4b9-aaaaa"), pod("v1", "7d4b9-bbbbb"), pod("v1", "7d4b9-ccccc"), pod("v2", "6c9f7-ddddd")},
		Split:       weights(75, 25),
	}
	reconciling(v1alpha1.ReasonTesting)(&s)
	for _, change := range changes {
		change(&s)
	}
	return s
}

// reconciling says what goes on; stalled what keeps it from going on.
func reconciling(reason string) func(*view.Snapshot) {
	return states(reason, v1alpha1.ConditionFalse, v1alpha1.ConditionTrue, v1alpha1.ConditionFalse)
}

func stalled(reason string) func(*view.Snapshot) {
	return states(reason, v1alpha1.ConditionFalse, v1alpha1.ConditionFalse, v1alpha1.ConditionTrue)
}

func states(reason string, ready, reconciling, stalled v1alpha1.ConditionStatus) func(*view.Snapshot) {
	return func(s *view.Snapshot) {
		for _, c := range []v1alpha1.Condition{
			{Type: v1alpha1.ConditionReady, Status: ready}, {Type: v1alpha1.ConditionReconciling, Status: reconciling},
			{Type: v1alpha1.ConditionStalled, Status: stalled},
		} {
			c.Reason, c.Message = reason, s.Canary.Status.Message
			s.Canary.Status.SetCondition(c, now)
		}
	}
}

func weights(stable, candidate int64) *split.TrafficSplit {
	return &split.TrafficSplit{Spec: split.TrafficSplitSpec{Service: "foobar", Backends: []split.Backend{
		{Service: "foobar-v1", Weight: stable}, {Service: "foobar-v2", Weight: candidate},
	}}}
}

func deployment(version string, ready, asked int32) appsv1.Deployment {
	return appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "foobar-" + version, Labels: map[string]string{v1alpha1.LabelCanary: "foobar", v1alpha1.LabelVersion: version}},
		Spec:       appsv1.DeploymentSpec{Replicas: ptr.To(asked)},
		Status:     appsv1.DeploymentStatus{ReadyReplicas: ready},
	}
}

func pod(version, suffix string, changes ...func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: "foobar-" + version + "-" + suffix, CreationTimestamp: metav1.NewTime(now.Add(-400 * time.Second)),
			Labels: map[string]string{v1alpha1.LabelCanary: "foobar", v1alpha1.LabelVersion: version},
		},
		Spec:   corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{{Ready: true}}},
	}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func waiting(reason, message string, restarts int32) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{
			RestartCount: restarts, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}
	}
}

func check(name string, verdict v1alpha1.Verdict, value, threshold string) v1alpha1.CheckStatus {
	return v1alpha1.CheckStatus{
		Name: name, Verdict: verdict, Value: value, Threshold: threshold, Requests: 412,
		Window: v1alpha1.Dur(10 * time.Second), EndedAt: ago(4 * time.Second),
	}
}
