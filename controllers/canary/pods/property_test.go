package pods

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"pgregory.net/rapid"
)

func draw[T any](t *rapid.T, label string, values ...T) T {
	return rapid.SampledFrom(values).Draw(t, label)
}

func drawTime(t *rapid.T) metav1.Time {
	if rapid.IntRange(0, 9).Draw(t, "no time") == 0 {
		return metav1.Time{}
	}
	return after(rapid.IntRange(0, 4).Draw(t, "seconds"))
}

func drawContainer(t *rapid.T) corev1.ContainerStatus {
	c := corev1.ContainerStatus{
		Name: draw(t, "container", "app", "log"), RestartCount: int32(rapid.IntRange(0, 3).Draw(t, "restarts")),
		Started: draw(t, "started", nil, ptr.To(true), ptr.To(false)), ImageID: "sha256:0c1d",
		Resources: &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1")}},
	}
	end := &corev1.ContainerStateTerminated{ExitCode: 137, Reason: draw(t, "end", "", "Error", "OOMKilled"), FinishedAt: drawTime(t)}
	switch draw(t, "state", "none", "waiting", "running", "terminated") {
	case "waiting":
		c.State.Waiting = &corev1.ContainerStateWaiting{
			Reason:  draw(t, "reason", "", "CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError", "PodInitializing"),
			Message: rapid.String().Draw(t, "message"),
		}
	case "running":
		c.State.Running = &corev1.ContainerStateRunning{StartedAt: drawTime(t)}
	case "terminated":
		c.State.Terminated = end
	}
	if rapid.Bool().Draw(t, "ended before") {
		c.LastTerminationState.Terminated = end
	}
	return c
}

func drawPod(t *rapid.T) corev1.Pod {
	p := corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: draw(t, "pod", "a", "b", "c"), Annotations: map[string]string{"note": "x"}},
		Spec:       corev1.PodSpec{NodeName: "node"},
	}
	if rapid.IntRange(0, 5).Draw(t, "deleted") == 0 {
		p.DeletionTimestamp = ptr.To(drawTime(t))
	}
	p.Status.Phase = draw(t, "phase", "", corev1.PodPending, corev1.PodRunning, corev1.PodRunning, corev1.PodFailed, corev1.PodSucceeded, corev1.PodUnknown)
	for range rapid.IntRange(0, 4).Draw(t, "conditions") {
		p.Status.Conditions = append(p.Status.Conditions, corev1.PodCondition{
			Type:               draw(t, "type", corev1.PodReady, corev1.PodInitialized, corev1.PodScheduled, "mesh.example/ready"),
			Status:             draw(t, "status", corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown),
			Reason:             draw(t, "condition reason", "", "Unschedulable", "ContainersNotReady"),
			LastTransitionTime: drawTime(t),
		})
	}
	p.Status.InitContainerStatuses = rapid.SliceOfN(rapid.Custom(drawContainer), 0, 2).Draw(t, "init containers")
	p.Status.ContainerStatuses = rapid.SliceOfN(rapid.Custom(drawContainer), 0, 2).Draw(t, "containers")
	return p
}

func TestTheOrderOfPodsChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pods := rapid.SliceOfN(rapid.Custom(drawPod), 0, 6).Draw(t, "pods")
		want := Worst(pods)
		if diff := cmp.Diff(want, Worst(rapid.Permutation(pods).Draw(t, "permutation"))); diff != "" {
			t.Fatalf("worst of another order (-want +got):\n%s", diff)
		}
	})
}

func TestTrimmedPodsHaveTheSameTrouble(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pods := rapid.SliceOfN(rapid.Custom(drawPod), 0, 6).Draw(t, "pods")
		want := Worst(pods)
		for i := range pods {
			Trim(&pods[i])
		}
		if diff := cmp.Diff(want, Worst(pods)); diff != "" {
			t.Fatalf("worst of the trimmed pods (-want +got):\n%s", diff)
		}
	})
}

func TestTrimKeepsWhatATreeShowsAndNoMore(t *testing.T) {
	t.Parallel()
	owner := []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "foobar-v2-6f9c"}}
	full := pod("foobar-v2-a", 60, looping("app", 2, ended(1, "Error", 30)))
	full.Status.InitContainerStatuses = []corev1.ContainerStatus{running("mesh", 1)}
	full.Labels, full.UID, full.ResourceVersion = map[string]string{"app": "foobar"}, "0c1d", "7"
	full.OwnerReferences, full.DeletionTimestamp = owner, ptr.To(after(99))
	want := full.DeepCopy()

	full.Annotations = map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}"}
	full.ManagedFields, full.Finalizers = []metav1.ManagedFieldsEntry{{Manager: "kubelet"}}, []string{"example.com/keep"}
	full.Spec = corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}
	full.Status.HostIP, full.Status.QOSClass, full.Status.StartTime = "10.0.0.1", corev1.PodQOSBurstable, ptr.To(after(0))
	full.Status.ContainerStatuses[0].ContainerID = "containerd://0c1d"
	full.Status.ContainerStatuses[0].VolumeMounts = []corev1.VolumeMountStatus{{Name: "data"}}
	Trim(&full)
	if diff := cmp.Diff(want, &full); diff != "" {
		t.Errorf("trimmed pod (-want +got):\n%s", diff)
	}
}
