package node

import (
	"context"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/serin-dev/serin/test/sim/network"
)

var key = types.NamespacedName{Namespace: "shop", Name: "foobar-1"}

// world is a node over a client without a server, looked through by hand.
type world struct {
	t        *testing.T
	node     *Node
	deleting bool
}

func newWorld(t *testing.T, p Program, pod *corev1.Pod) *world {
	t.Helper()
	n := New(Options{
		Network:      network.New(netip.MustParsePrefix("10.244.0.0/16")),
		Images:       func(string) Program { return p },
		CrashBackoff: time.Millisecond,
	})
	w := &world{t: t, node: n}
	n.client = fake.NewClientBuilder().WithObjects(pod).WithStatusSubresource(&corev1.Pod{}).
		WithInterceptorFuncs(interceptor.Funcs{SubResourceCreate: bindByUpdate, Get: w.get}).Build()
	t.Cleanup(n.stopAll)
	return w
}

// get marks the pod as deleted once it is, which the client without a server only does for objects with a finalizer.
func (w *world) get(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, o ...client.GetOption) error {
	err := c.Get(ctx, key, obj, o...)
	if w.deleting && err == nil {
		now, grace := metav1.Now(), *obj.(*corev1.Pod).Spec.TerminationGracePeriodSeconds
		obj.SetDeletionTimestamp(&now)
		obj.SetDeletionGracePeriodSeconds(&grace)
	}
	return err
}

// bindByUpdate does what the API server does with a binding.
func bindByUpdate(ctx context.Context, c client.Client, _ string, obj, sub client.Object, _ ...client.SubResourceCreateOption) error {
	pod := obj.DeepCopyObject().(*corev1.Pod)
	pod.Spec.NodeName = sub.(*corev1.Binding).Target.Name
	return c.Update(ctx, pod)
}

func aPod() *corev1.Pod {
	grace := int64(1)
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name, UID: "uid-1"},
		Spec: corev1.PodSpec{
			SchedulerName: "serin-sim", TerminationGracePeriodSeconds: &grace,
			Containers: []corev1.Container{{Name: "app", Image: "demo/foobar:v1"}},
		},
	}
}

func bound(pod *corev1.Pod) *corev1.Pod {
	pod.Spec.NodeName = "sim"
	return pod
}

func (w *world) look() {
	w.t.Helper()
	if _, err := w.node.Reconcile(w.t.Context(), ctrl.Request{NamespacedName: key}); err != nil {
		w.t.Fatal(err)
	}
}

// await waits until the node wants to look again, and until there is nothing more to see.
func (w *world) await() {
	w.t.Helper()
	select {
	case <-w.node.changed:
	case <-time.After(10 * time.Second):
		w.t.Fatal("nothing changed")
	}
	for {
		select {
		case <-w.node.changed:
		case <-time.After(20 * time.Millisecond):
			return
		}
	}
}

func (w *world) pod() *corev1.Pod {
	w.t.Helper()
	pod := &corev1.Pod{}
	if err := w.node.client.Get(w.t.Context(), key, pod); err != nil {
		w.t.Fatal(err)
	}
	return pod
}

func (w *world) delete() { w.deleting = true }

func (w *world) gone() bool {
	w.t.Helper()
	err := w.node.client.Get(w.t.Context(), key, &corev1.Pod{})
	return err != nil && client.IgnoreNotFound(err) == nil
}

// untilGone looks whenever the node wants to until the pod's object is gone and the node has forgotten it.
func (w *world) untilGone() {
	w.t.Helper()
	for !w.gone() {
		w.await()
		w.look()
	}
	w.look()
	if len(w.node.sandboxes) != 0 {
		w.t.Error("the node still has a sandbox of the pod that is gone")
	}
}

// untilStatus looks whenever the node wants to until the container's status is as wanted.
func (w *world) untilStatus(wanted func(corev1.ContainerStatus) bool) {
	w.t.Helper()
	for {
		w.await()
		w.look()
		if all := w.pod().Status.ContainerStatuses; len(all) == 1 && wanted(all[0]) {
			return
		}
	}
}
