package pods

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// noon is when every pod of these tests was first seen by its kubelet.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// after is a moment as a status writes it, some seconds after noon.
func after(seconds int) metav1.Time {
	return metav1.NewTime(noon.Add(time.Duration(seconds) * time.Second))
}

func set(kind corev1.PodConditionType, status corev1.ConditionStatus, since int, words ...string) corev1.PodCondition {
	c := corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: after(since)}
	if len(words) == 2 {
		c.Reason, c.Message = words[0], words[1]
	}
	return c
}

// pod is a pod as a kubelet reports one that was started at noon and is not ready since some seconds later.
func pod(name string, unready int, containers ...corev1.ContainerStatus) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning,
			Conditions: []corev1.PodCondition{
				set(corev1.PodReadyToStartContainers, corev1.ConditionTrue, 1),
				set(corev1.PodInitialized, corev1.ConditionTrue, 0),
				set(corev1.PodReady, corev1.ConditionFalse, unready, "ContainersNotReady", "containers with unready status: [app]"),
				set(corev1.ContainersReady, corev1.ConditionFalse, unready, "ContainersNotReady", "containers with unready status: [app]"),
				set(corev1.PodScheduled, corev1.ConditionTrue, 0),
			},
			ContainerStatuses: containers,
		},
	}
}

// unplaced is a pod for which the scheduler found no node.
func unplaced(name string, since int) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"},
		Status: corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
			set(corev1.PodScheduled, corev1.ConditionFalse, since, "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu.\nNo preemption victims found."),
		}},
	}
}

func waiting(name, reason, message string) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: name, Started: ptr.To(false),
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
	}
}

// looping is a container in a crash loop that ended last some seconds after noon.
func looping(name string, restarts int32, end corev1.ContainerStateTerminated) corev1.ContainerStatus {
	c := waiting(name, "CrashLoopBackOff", "back-off 40s restarting failed container="+name+" pod=shop_foobar-v2(0c1d)")
	c.RestartCount = restarts
	c.LastTerminationState.Terminated = &end
	return c
}

func ended(code int32, reason string, at int) corev1.ContainerStateTerminated {
	return corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, FinishedAt: after(at)}
}

func running(name string, since int) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: name, Started: ptr.To(true),
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: after(since)}},
	}
}

// with changes a pod.
func with(p corev1.Pod, change func(*corev1.Pod)) corev1.Pod {
	change(&p)
	return p
}

func initially(containers ...corev1.ContainerStatus) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.InitContainerStatuses = containers
		p.Status.Conditions[1].Status = corev1.ConditionFalse
	}
}

func lastingTrouble(reason, message string, since int) *analysis.Trouble {
	return &analysis.Trouble{Pod: "foobar-v2-a", Reason: reason, Message: message, Since: after(since).Time, Kind: analysis.TroubleLasting}
}

func TestWorstOfOnePod(t *testing.T) {
	t.Parallel()
	const name = "foobar-v2-a"
	crash := looping("app", 4, ended(137, "OOMKilled", 90))
	cases := map[string]struct {
		pod  corev1.Pod
		want *analysis.Trouble
	}{
		"a ready pod has none": {pod: with(pod(name, 0, running("app", 2)), func(p *corev1.Pod) {
			p.Status.Conditions[2].Status, p.Status.Conditions[2].LastTransitionTime = corev1.ConditionTrue, after(5)
		})},
		"a pod without a status has none": {pod: corev1.Pod{}},

		"a crash loop names container, exit code, cause and restarts": {
			pod: pod(name, 0, crash), want: lastingTrouble("CrashLoopBackOff", "container app exited with 137 (OOMKilled), 4 restarts", 90),
		},
		"the reason Error is not repeated": {
			pod:  pod(name, 0, looping("app", 1, ended(1, "Error", 30))),
			want: lastingTrouble("CrashLoopBackOff", "container app exited with 1, 1 restart", 30),
		},
		"a program that ends well is in a crash loop, too": {
			pod:  pod(name, 0, looping("app", 2, ended(0, "Completed", 30))),
			want: lastingTrouble("CrashLoopBackOff", "container app exited with 0 (Completed), 2 restarts", 30),
		},
		"a crash loop of which the last end is not known": {
			pod:  pod(name, 7, waiting("app", "CrashLoopBackOff", "back-off 10s")),
			want: lastingTrouble("CrashLoopBackOff", "container app keeps ending, 0 restarts", 7),
		},
		"a crash loop of an init container": {
			pod:  with(pod(name, 0, waiting("app", "PodInitializing", "")), initially(looping("migrate", 3, ended(2, "Error", 60)))),
			want: lastingTrouble("CrashLoopBackOff", "init container migrate exited with 2, 3 restarts", 60),
		},
		"a crash loop of a sidecar beside an app that runs": {
			pod: with(pod(name, 0, running("app", 2)), func(p *corev1.Pod) {
				p.Status.InitContainerStatuses = []corev1.ContainerStatus{looping("mesh", 5, ended(1, "Error", 80))}
			}),
			want: lastingTrouble("CrashLoopBackOff", "init container mesh exited with 1, 5 restarts", 80),
		},
		"a crash loop of the second container": {
			pod:  pod(name, 0, running("app", 2), looping("log", 5, ended(1, "Error", 80))),
			want: lastingTrouble("CrashLoopBackOff", "container log exited with 1, 5 restarts", 80),
		},
		"the first crash is tried again at once": {pod: pod(name, 0, corev1.ContainerStatus{
			Name: "app", Started: ptr.To(false), State: corev1.ContainerState{Terminated: ptr.To(ended(1, "Error", 9))},
		})},

		"an image that cannot be pulled, in kubelet's words": {
			pod:  pod(name, 0, waiting("app", "ImagePullBackOff", `Back-off pulling image "nginx:nope": ErrImagePull: not found`)),
			want: lastingTrouble("ImagePullBackOff", `Back-off pulling image "nginx:nope": ErrImagePull: not found`, 0),
		},
		"the first failed pull is tried again at once": {pod: pod(name, 0, waiting("app", "ErrImagePull", "not found"))},
		"a container that the runtime could not run is tried again at once": {
			pod: pod(name, 0, waiting("app", "RunContainerError", "exec: no such file")),
		},
		"a container that is being created is no trouble": {pod: pod(name, 0, waiting("app", "ContainerCreating", ""))},
		"an image that must not be pulled": {
			pod:  pod(name, 0, waiting("app", "ErrImageNeverPull", "Container image \"app:1\" is not present\n  with pull policy of Never")),
			want: lastingTrouble("ErrImageNeverPull", `Container image "app:1" is not present with pull policy of Never`, 0),
		},
		"an image name that is none": {
			pod:  pod(name, 0, waiting("app", "InvalidImageName", `Failed to apply default image tag "App:1"`)),
			want: lastingTrouble("InvalidImageName", `Failed to apply default image tag "App:1"`, 0),
		},
		"a ConfigMap that is missing": {
			pod:  pod(name, 0, waiting("app", "CreateContainerConfigError", `configmap "settings" not found`)),
			want: lastingTrouble("CreateContainerConfigError", `configmap "settings" not found`, 0),
		},
		"a container that cannot be created": {
			pod: pod(name, 0, waiting("app", "CreateContainerError", "no command specified")), want: lastingTrouble("CreateContainerError", "no command specified", 0),
		},
		"a message without an end is cut at 200 characters": {
			pod:  pod(name, 0, waiting("app", "ImagePullBackOff", strings.Repeat("ä", 300))),
			want: lastingTrouble("ImagePullBackOff", strings.Repeat("ä", 199)+"…", 0),
		},

		"a pod without a node, in the scheduler's words": {pod: unplaced(name, 3), want: &analysis.Trouble{
			Pod: name, Reason: "Unschedulable", Message: "0/3 nodes are available: 3 Insufficient cpu. No preemption victims found.",
			Since: after(3).Time, Kind: analysis.TroubleUnschedulable,
		}},
		"a pod that a scheduling gate holds back is no trouble": {pod: with(unplaced(name, 3), func(p *corev1.Pod) {
			p.Status.Conditions[0].Reason = corev1.PodReasonSchedulingGated
		})},

		"a pod that was ready and is not": {pod: pod(name, 60, running("app", 2)), want: &analysis.Trouble{
			Pod: name, Reason: "NotReady", Message: "containers with unready status: [app]", Since: after(60).Time, Kind: analysis.TroubleNotReady,
		}},
		"a pod that was ready and whose container was restarted since": {pod: pod(name, 60, running("app", 62)), want: &analysis.Trouble{
			Pod: name, Reason: "NotReady", Message: "containers with unready status: [app]", Since: after(60).Time, Kind: analysis.TroubleNotReady,
		}},
		"a pod that was never ready": {pod: pod(name, 0, running("app", 2))},
		"a pod that was never ready, after its init containers": {pod: with(pod(name, 0, running("app", 30)), func(p *corev1.Pod) {
			p.Status.Conditions[1].LastTransitionTime = after(29)
		})},
		"a pod that was ready and whose container starts again": {pod: pod(name, 60, waiting("app", "ContainerCreating", ""))},
		"a pod that was ready and whose container is in its startup probe": {
			pod: pod(name, 60, changed(running("app", 62), func(c *corev1.ContainerStatus) { c.Started = ptr.To(false) })),
		},
		"a pod of which one of two containers does not run": {pod: pod(name, 60, running("app", 2), waiting("log", "ContainerCreating", ""))},

		"a pod that is being deleted does not count": {pod: with(pod(name, 0, crash), func(p *corev1.Pod) {
			p.DeletionTimestamp = ptr.To(after(95))
		})},
		"a pod that was evicted does not count": {pod: with(pod(name, 0, crash), func(p *corev1.Pod) {
			p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted"
		})},
		"a pod that has ended does not count": {pod: with(pod(name, 0, crash), func(p *corev1.Pod) { p.Status.Phase = corev1.PodSucceeded })},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, Worst([]corev1.Pod{c.pod})); diff != "" {
				t.Errorf("trouble (-want +got):\n%s", diff)
			}
			trimmed := c.pod.DeepCopy()
			Trim(trimmed)
			if diff := cmp.Diff(c.want, Worst([]corev1.Pod{*trimmed})); diff != "" {
				t.Errorf("trouble of the trimmed pod (-want +got):\n%s", diff)
			}
		})
	}
}

func changed(c corev1.ContainerStatus, change func(*corev1.ContainerStatus)) corev1.ContainerStatus {
	change(&c)
	return c
}

func TestWorstOfSeveralPods(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		pods []corev1.Pod
		want string
	}{
		"no pods":         {nil, ""},
		"only sound pods": {[]corev1.Pod{pod("a", 0, running("app", 2)), pod("b", 0, running("app", 2))}, ""},
		"what lasts is worse than a pod without a node, though it began later": {
			[]corev1.Pod{unplaced("a", 1), pod("b", 0, looping("app", 1, ended(1, "Error", 99))), pod("c", 50, running("app", 2))}, "b",
		},
		"a pod without a node is worse than one that is not ready, though it began later": {
			[]corev1.Pod{pod("a", 50, running("app", 2)), unplaced("b", 99)}, "b",
		},
		"of two the one that began first":   {[]corev1.Pod{unplaced("a", 9), unplaced("b", 8)}, "b"},
		"of two at one time the first name": {[]corev1.Pod{unplaced("b", 8), unplaced("a", 8)}, "a"},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := Worst(c.pods)
			if got == nil {
				got = &analysis.Trouble{}
			}
			if got.Pod != c.want {
				t.Errorf("worst is %+v, want that of pod %q", got, c.want)
			}
		})
	}
}
