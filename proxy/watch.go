package proxy

import (
	"slices"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/policy"
)

// watcher holds what the API server's watches have told, and turns it into worlds.
type watcher struct {
	splits   *mirror[*split.TrafficSplit]
	services *mirror[*corev1.Service]
	slices   *mirror[*discoveryv1.EndpointSlice]
	pods     *mirror[*corev1.Pod]
	targets  *mirror[*access.TrafficTarget]
	groups   *mirror[*specs.HTTPRouteGroup]
	routes   *mirror[*specs.TCPRoute]

	podsChanged   atomic.Bool
	accessChanged atomic.Bool
	index         *podIndex
	graph         *policy.Graph
}

// newWatcher returns a watcher that calls wake when there is another world. It asks named whether any split names a Service;
// the Services of others, and their endpoints, are of no interest.
func newWatcher(wake func(), named func(types.NamespacedName) bool) *watcher {
	w := &watcher{}
	w.podsChanged.Store(true)
	w.accessChanged.Store(true)
	w.splits = newMirror(func(_, _ *split.TrafficSplit) { wake() })
	w.services = newMirror(func(before, after *corev1.Service) {
		if service := either(before, after); named(nameOf(service)) {
			wake()
		}
	})
	w.slices = newMirror(func(before, after *discoveryv1.EndpointSlice) {
		slice := either(before, after)
		service := types.NamespacedName{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
		if isOurs(slice) || named(service) {
			wake()
		}
	})
	w.pods = newMirror(func(before, after *corev1.Pod) {
		if before != nil && after != nil && samePod(before, after) {
			return
		}
		w.podsChanged.Store(true)
		wake()
	})
	changedAccess := func() {
		w.accessChanged.Store(true)
		wake()
	}
	w.targets = newMirror(func(_, _ *access.TrafficTarget) { changedAccess() })
	w.groups = newMirror(func(_, _ *specs.HTTPRouteGroup) { changedAccess() })
	w.routes = newMirror(func(_, _ *specs.TCPRoute) { changedAccess() })
	return w
}

// world returns what is known now. Only one goroutine may call it.
func (w *watcher) world() world {
	if w.podsChanged.Swap(false) {
		w.index = indexPods(w.pods.list(), w.index)
	}
	if w.accessChanged.Swap(false) {
		w.graph = policy.Build(policy.Snapshot{
			TrafficTargets:  valuesOf(w.targets.list()),
			HTTPRouteGroups: valuesOf(w.groups.list()),
			TCPRoutes:       valuesOf(w.routes.list()),
		})
	}
	return world{
		splits:   w.splits.list(),
		services: w.services.list(),
		slices:   w.slices.list(),
		pods:     w.index,
		graph:    w.graph,
	}
}

// trimPod keeps of a pod what indexPods reads. It is a toolscache.TransformFunc.
func trimPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	trimmed := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion,
		},
		Spec: corev1.PodSpec{
			ServiceAccountName: pod.Spec.ServiceAccountName, NodeName: pod.Spec.NodeName, HostNetwork: pod.Spec.HostNetwork,
		},
		Status: corev1.PodStatus{Phase: pod.Status.Phase, PodIP: pod.Status.PodIP, PodIPs: pod.Status.PodIPs},
	}
	if hash := pod.Labels[labelTemplateHash]; hash != "" {
		trimmed.Labels = map[string]string{labelTemplateHash: hash}
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

// trimMeta drops what nothing here reads. It is a toolscache.TransformFunc.
func trimMeta(object any) (any, error) {
	if meta, ok := object.(metav1.Object); ok {
		meta.SetManagedFields(nil)
	}
	return object, nil
}

// samePod reports whether two states of a trimmed pod are the same.
func samePod(a, b *corev1.Pod) bool {
	return a.UID == b.UID && apiequality.Semantic.DeepEqual(a.Spec, b.Spec) && apiequality.Semantic.DeepEqual(a.Status, b.Status) &&
		apiequality.Semantic.DeepEqual(a.Labels, b.Labels) && slices.EqualFunc(a.OwnerReferences, b.OwnerReferences,
		func(a, b metav1.OwnerReference) bool { return a.Kind == b.Kind && a.Name == b.Name })
}

func either[T any](before, after *T) *T {
	if after != nil {
		return after
	}
	return before
}

func valuesOf[T any](pointers []*T) []T {
	values := make([]T, len(pointers))
	for i, p := range pointers {
		values[i] = *p
	}
	return values
}
