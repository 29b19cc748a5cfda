package proxy

import (
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/enforce"
)

// watcher holds what the API server's watches have told, and turns it into worlds.
type watcher struct {
	splits   *enforce.Mirror[*split.TrafficSplit]
	services *enforce.Mirror[*corev1.Service]
	slices   *enforce.Mirror[*discoveryv1.EndpointSlice]
	pods     *enforce.PodWatch
	access   *enforce.Access
}

// newWatcher returns a watcher that calls wake when there is another world. It asks named whether any split names a Service;
// the Services of others, and their endpoints, are of no interest.
func newWatcher(wake func(), named func(types.NamespacedName) bool) *watcher {
	w := &watcher{pods: enforce.NewPodWatch(wake), access: enforce.NewAccess(wake)}
	w.splits = enforce.NewMirror(func(_, _ *split.TrafficSplit) { wake() })
	w.services = enforce.NewMirror(func(before, after *corev1.Service) {
		if service := either(before, after); named(nameOf(service)) {
			wake()
		}
	})
	w.slices = enforce.NewMirror(func(before, after *discoveryv1.EndpointSlice) {
		slice := either(before, after)
		service := types.NamespacedName{Namespace: slice.Namespace, Name: slice.Labels[discoveryv1.LabelServiceName]}
		if isOurs(slice) || named(service) {
			wake()
		}
	})
	return w
}

// world returns what is known now. Only one goroutine may call it.
func (w *watcher) world() world {
	return world{
		splits:   w.splits.List(),
		services: w.services.List(),
		slices:   w.slices.List(),
		pods:     w.pods.Index(),
		graph:    w.access.Graph(),
	}
}

// always are the handlers of the kinds that every API server serves.
func (w *watcher) always() map[client.Object]toolscache.ResourceEventHandler {
	return map[client.Object]toolscache.ResourceEventHandler{
		&corev1.Service{}: w.services, &discoveryv1.EndpointSlice{}: w.slices, &corev1.Pod{}: w.pods,
	}
}

// optional are the SMI kinds.
func (w *watcher) optional() []enforce.Kind {
	proxied := labels.SelectorFromSet(labels.Set{v1alpha1.LabelDataPlane: v1alpha1.DataPlaneProxy})
	return append(w.access.Kinds(), enforce.Kind{
		Hub: split.GroupVersion, Name: "TrafficSplit", Object: &split.TrafficSplit{}, List: &split.TrafficSplitList{},
		Selector: proxied, Handler: w.splits, Lacking: "there is nothing to serve",
	})
}

func either[T any](before, after *T) *T {
	if after != nil {
		return after
	}
	return before
}
