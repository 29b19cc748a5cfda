package pods

import (
	"cmp"
	"slices"

	"github.com/serin-dev/serin/analysis"

	corev1 "k8s.io/api/core/v1"
)

// Worst is the worst trouble of a version's pods, nil if they have none. What lasts is worse than a pod without a node, and
// that is worse than one that is no longer ready; among equals it is the one that began first, then the one of the pod whose
// name comes first, so that the answer does not depend on the order of the pods.
func Worst(pods []corev1.Pod) *analysis.Trouble {
	var all []analysis.Trouble
	for i := range pods {
		if t := trouble(&pods[i]); t != nil {
			all = append(all, *t)
		}
	}
	if len(all) == 0 {
		return nil
	}
	worst := slices.MinFunc(all, func(a, b analysis.Trouble) int {
		return cmp.Or(
			cmp.Compare(rank(a.Kind), rank(b.Kind)),
			a.Since.Compare(b.Since),
			cmp.Compare(a.Pod, b.Pod),
			cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return &worst
}

// rank orders the kinds of trouble, the worst first.
func rank(kind analysis.TroubleKind) int {
	switch kind {
	case analysis.TroubleLasting:
		return 0
	case analysis.TroubleUnschedulable:
		return 1
	case analysis.TroubleNotReady:
		return 2
	default:
		return 3
	}
}

// trouble is the worst trouble of one pod. A pod that is being deleted is on its way out, and one that has ended, well or
// evicted, has been replaced by its ReplicaSet.
func trouble(pod *corev1.Pod) *analysis.Trouble {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return nil
	}
	if t := lasting(pod); t != nil {
		return t
	}
	if t := unschedulable(pod); t != nil {
		return t
	}
	return notReady(pod)
}

// unschedulable is the trouble of a pod for which the scheduler has no node. One that is held back by a scheduling gate is
// not in trouble: somebody wants that.
func unschedulable(pod *corev1.Pod) *analysis.Trouble {
	c := condition(pod, corev1.PodScheduled)
	if c == nil || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable {
		return nil
	}
	return &analysis.Trouble{
		Pod: pod.Name, Reason: corev1.PodReasonUnschedulable, Message: oneLine(c.Message),
		Since: c.LastTransitionTime.Time, Kind: analysis.TroubleUnschedulable,
	}
}

// notReady is the trouble of a pod that was ready and is not now, though its containers run.
//
// That it was ready is known from the order of two conditions. The kubelet writes Ready=False when it first sees a pod, and
// Initialized=True at the same moment or later, when the init containers are through; the time of Ready changes only with
// its value. So a time of Ready later than that of Initialized means that Ready was True in between. Unlike the start of
// the containers this also holds after a container was restarted, and unlike PodScheduled both times are of one clock.
//
// Times have whole seconds, so a pod that was first ready and then not within one second of its start does not count; nor
// does one whose sandbox was made anew and whose init containers run again. Neither is lost: the deadline of the rollout
// holds for both.
func notReady(pod *corev1.Pod) *analysis.Trouble {
	ready, initialized := condition(pod, corev1.PodReady), condition(pod, corev1.PodInitialized)
	if ready == nil || ready.Status != corev1.ConditionFalse || initialized == nil || initialized.Status != corev1.ConditionTrue {
		return nil
	}
	if !ready.LastTransitionTime.After(initialized.LastTransitionTime.Time) || !started(pod.Status.ContainerStatuses) {
		return nil
	}
	return &analysis.Trouble{
		Pod: pod.Name, Reason: "NotReady", Message: oneLine(ready.Message),
		Since: ready.LastTransitionTime.Time, Kind: analysis.TroubleNotReady,
	}
}

// started says that all containers run and that none waits for its startup probe.
func started(containers []corev1.ContainerStatus) bool {
	for _, c := range containers {
		if c.State.Running == nil || c.Started == nil || !*c.Started {
			return false
		}
	}
	return len(containers) > 0
}

func condition(pod *corev1.Pod, kind corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == kind {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}
