package enforce

import (
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PodWatch keeps the Pods, and the index of them.
type PodWatch struct {
	*Mirror[*corev1.Pod]

	changed atomic.Bool
	index   *Pods
}

// NewPodWatch returns a watch without Pods that calls wake when the index will be another one.
func NewPodWatch(wake func()) *PodWatch {
	w := &PodWatch{}
	w.changed.Store(true)
	w.Mirror = NewMirror(func(before, after *corev1.Pod) {
		if before != nil && after != nil && samePod(before, after) {
			return
		}
		w.changed.Store(true)
		wake()
	})
	return w
}

// Index returns the index of the Pods as they are now. Only one goroutine may call it.
func (w *PodWatch) Index() *Pods {
	if w.changed.Swap(false) {
		w.index = IndexPods(w.List(), w.index)
	}
	return w.index
}

// TrimPod keeps of a pod what IndexPods reads. It is a toolscache.TransformFunc.
func TrimPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion, Labels: pod.Labels,
		},
		Spec: corev1.PodSpec{
			ServiceAccountName: pod.Spec.ServiceAccountName, NodeName: pod.Spec.NodeName, HostNetwork: pod.Spec.HostNetwork,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, PodIPs: pod.Status.PodIPs},
	}
	if owner := metav1.GetControllerOf(pod); owner != nil {
		trimmed.OwnerReferences = []metav1.OwnerReference{{Kind: owner.Kind, Name: owner.Name, Controller: owner.Controller}}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			trimmed.Status.Conditions = []corev1.PodCondition{{Type: condition.Type, Status: condition.Status}}
		}
	}
	return trimmed, nil
}

// samePod reports whether two states of a trimmed pod are the same.
func samePod(a, b *corev1.Pod) bool {
	return a.UID == b.UID && apiequality.Semantic.DeepEqual(a.Spec, b.Spec) && apiequality.Semantic.DeepEqual(a.Status, b.Status) &&
		apiequality.Semantic.DeepEqual(a.Labels, b.Labels) && slices.EqualFunc(a.OwnerReferences, b.OwnerReferences,
		func(a, b metav1.OwnerReference) bool { return a.Kind == b.Kind && a.Name == b.Name })
}
