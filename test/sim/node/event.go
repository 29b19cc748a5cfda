package node

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

// settle is how long the node waits for a pod's next change before it writes the pod's status, so that a program that is
// ready at once costs one write.
const settle = 5 * time.Millisecond

type (
	podEvent = event.TypedGenericEvent[*corev1.Pod]
	podQueue = workqueue.TypedRateLimitingInterface[ctrl.Request]
)

// afterABit queues the pod of a sandbox that changed.
type afterABit struct{}

func (afterABit) Generic(_ context.Context, e podEvent, q podQueue) {
	q.AddAfter(ctrl.Request{NamespacedName: types.NamespacedName{Namespace: e.Object.Namespace, Name: e.Object.Name}}, settle)
}

func (afterABit) Create(context.Context, event.TypedCreateEvent[*corev1.Pod], podQueue) {}
func (afterABit) Update(context.Context, event.TypedUpdateEvent[*corev1.Pod], podQueue) {}
func (afterABit) Delete(context.Context, event.TypedDeleteEvent[*corev1.Pod], podQueue) {}

// notify returns a function that has the pod looked at again.
func (n *Node) notify(key types.NamespacedName) func() {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name}}
	return func() {
		select {
		case n.changed <- podEvent{Object: pod}:
		case <-n.stopped:
		}
	}
}
