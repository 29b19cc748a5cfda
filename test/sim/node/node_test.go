package node

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// program is a Program made of a function.
type program func(ctx context.Context, pod Pod) error

func (p program) Run(ctx context.Context, pod Pod) error { return p(ctx, pod) }

func TestAPodRunsFromBindingToReadyInThreeLooks(t *testing.T) {
	w := newWorld(t, Idle{}, aPod())
	w.look() // binds
	if got := w.pod().Spec.NodeName; got != "sim" {
		t.Fatalf("nodeName = %q, want sim", got)
	}
	w.look() // starts
	w.await()
	w.look() // reports
	status := w.pod().Status
	if status.Phase != corev1.PodRunning || status.PodIP != "10.244.0.1" || status.HostIP == "" || status.StartTime == nil {
		t.Errorf("status = %+v", status)
	}
	for _, c := range status.Conditions {
		if c.Status != corev1.ConditionTrue {
			t.Errorf("condition %s is %s, want True", c.Type, c.Status)
		}
	}
	if len(status.Conditions) != 5 || len(status.ContainerStatuses) != 1 || !status.ContainerStatuses[0].Ready {
		t.Errorf("status = %+v", status)
	}
	before := w.pod().ResourceVersion
	w.look()
	if after := w.pod().ResourceVersion; after != before {
		t.Error("a look at a pod that did not change wrote its status")
	}
}

func TestPodsOfOthersAreLeftAlone(t *testing.T) {
	pod := aPod()
	pod.Spec.SchedulerName = "default-scheduler"
	w := newWorld(t, Idle{}, pod)
	w.look()
	if got := w.pod().Spec.NodeName; got != "" {
		t.Errorf("nodeName = %q, want none", got)
	}
}

func TestADeletedPodGoesWhenItsProgramHasEnded(t *testing.T) {
	finish := make(chan struct{})
	w := newWorld(t, program(func(_ context.Context, pod Pod) error {
		pod.Ready()
		<-pod.Terminating
		<-finish
		return nil
	}), bound(aPod()))
	w.look()
	w.await()
	w.delete()
	w.look()
	if w.gone() {
		t.Fatal("the pod is gone while its program has work to finish")
	}
	close(finish)
	w.untilGone()
	if free, _ := w.node.options.Network.Allocate(); free.String() != "10.244.0.2" {
		t.Errorf("next address = %s", free)
	}
}

func TestGraceEndsAProgramThatDoesNotListen(t *testing.T) {
	w := newWorld(t, program(func(ctx context.Context, _ Pod) error {
		<-ctx.Done()
		return ctx.Err()
	}), bound(aPod()))
	w.look()
	w.await()
	w.delete()
	w.look()
	w.untilGone()
}

func TestACrashingProgramIsStartedAgain(t *testing.T) {
	runs := 0
	w := newWorld(t, program(func(_ context.Context, pod Pod) error {
		if runs++; runs < 3 {
			return errors.New("no configuration")
		}
		pod.Ready()
		<-pod.Terminating
		return nil
	}), bound(aPod()))
	w.look()
	w.untilStatus(func(s corev1.ContainerStatus) bool { return s.Ready && s.RestartCount == 2 })
}

func TestAnUnknownImageIsReportedAsSuch(t *testing.T) {
	w := newWorld(t, nil, bound(aPod()))
	w.look()
	w.untilStatus(func(s corev1.ContainerStatus) bool {
		return s.State.Waiting != nil && s.State.Waiting.Reason == "ImagePullBackOff"
	})
	if got := w.pod().Status.Phase; got != corev1.PodPending {
		t.Errorf("phase = %s, want Pending", got)
	}
	w.delete()
	w.look()
	w.untilGone()
}

func TestANewPodOfTheSameNameGetsItsOwnSandbox(t *testing.T) {
	w := newWorld(t, Idle{}, bound(aPod()))
	w.look()
	w.await()
	first := w.node.sandboxes[key]
	w.node.forget(key, "another-uid")
	if !first.ended() || w.node.sandboxes[key] != nil {
		t.Error("the sandbox of the pod that is gone still runs")
	}
}
