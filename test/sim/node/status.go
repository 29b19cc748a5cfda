package node

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// observed is what a pod's status is made from.
type observed struct {
	startedAt  metav1.Time
	host       netip.Addr
	ip         netip.Addr
	containers []corev1.ContainerStatus
}

// podStatus returns the status that the pod should have. What it has already and what did not change stays as it is, so the
// same observation makes an equal status.
func podStatus(pod *corev1.Pod, seen observed, now metav1.Time) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.HostIP, status.HostIPs = seen.host.String(), []corev1.HostIP{{IP: seen.host.String()}}
	status.PodIP, status.PodIPs = seen.ip.String(), []corev1.PodIP{{IP: seen.ip.String()}}
	status.ContainerStatuses = seen.containers
	if status.StartTime == nil {
		status.StartTime = &seen.startedAt
	}
	status.Phase = phase(seen)
	ready := containersReady(seen)
	conditions := []struct {
		kind corev1.PodConditionType
		ok   corev1.ConditionStatus
	}{
		{corev1.PodScheduled, corev1.ConditionTrue},
		{corev1.PodReadyToStartContainers, corev1.ConditionTrue},
		{corev1.PodInitialized, corev1.ConditionTrue},
		{corev1.ContainersReady, ready},
		{corev1.PodReady, ready},
	}
	for _, c := range conditions {
		status.Conditions = setCondition(status.Conditions, c.kind, c.ok, now)
	}
	return status
}

func phase(seen observed) corev1.PodPhase {
	for _, c := range seen.containers {
		if c.State.Waiting != nil && c.State.Waiting.Reason != reasonCrashLoop {
			return corev1.PodPending
		}
	}
	return corev1.PodRunning
}

func containersReady(seen observed) corev1.ConditionStatus {
	for _, c := range seen.containers {
		if !c.Ready {
			return corev1.ConditionFalse
		}
	}
	return corev1.ConditionTrue
}

func setCondition(list []corev1.PodCondition, kind corev1.PodConditionType, status corev1.ConditionStatus,
	now metav1.Time,
) []corev1.PodCondition {
	for i := range list {
		if list[i].Type != kind {
			continue
		}
		if list[i].Status != status {
			list[i].Status, list[i].LastTransitionTime = status, now
			list[i].Reason, list[i].Message = reasonFor(status), ""
		}
		return list
	}
	return append(list, corev1.PodCondition{Type: kind, Status: status, Reason: reasonFor(status), LastTransitionTime: now})
}

func reasonFor(status corev1.ConditionStatus) string {
	if status == corev1.ConditionTrue {
		return ""
	}
	return "ContainersNotReady"
}
