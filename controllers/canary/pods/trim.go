package pods

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Trim leaves of a pod only what tells it from others, what Worst looks at, and what a tree of versions and pods shows: its
// phase, its conditions, and how its containers are. It is for a cache of many pods; a pod that was trimmed must never be
// written.
func Trim(p *corev1.Pod) {
	*p = corev1.Pod{
		TypeMeta: p.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Name: p.Name, Namespace: p.Namespace, Labels: p.Labels, UID: p.UID, ResourceVersion: p.ResourceVersion,
			OwnerReferences: p.OwnerReferences, DeletionTimestamp: p.DeletionTimestamp,
		},
		Status: corev1.PodStatus{
			Phase: p.Status.Phase, Conditions: p.Status.Conditions,
			InitContainerStatuses: trimmed(p.Status.InitContainerStatuses),
			ContainerStatuses:     trimmed(p.Status.ContainerStatuses),
		},
	}
}

// trimmed leaves out what a container uses and mounts, and the identifiers of its runtime.
func trimmed(containers []corev1.ContainerStatus) []corev1.ContainerStatus {
	if len(containers) == 0 {
		return nil
	}
	kept := make([]corev1.ContainerStatus, 0, len(containers))
	for _, c := range containers {
		kept = append(kept, corev1.ContainerStatus{
			Name: c.Name, Image: c.Image, State: c.State, LastTerminationState: c.LastTerminationState,
			Ready: c.Ready, Started: c.Started, RestartCount: c.RestartCount,
		})
	}
	return kept
}
