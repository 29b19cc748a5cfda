package canary

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Nudger lets parts that no object tells of, such as an answer to a webhook, ask for a look at a Canary.
type Nudger struct {
	mu    sync.Mutex
	queue workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// Nudge asks for a look at a Canary. Before the controller runs there is no need to: it looks at all of them first.
func (n *Nudger) Nudge(name types.NamespacedName) {
	n.mu.Lock()
	queue := n.queue
	n.mu.Unlock()
	if queue != nil {
		queue.Add(reconcile.Request{NamespacedName: name})
	}
}

// Start takes the controller's queue, as a source of controller-runtime does.
func (n *Nudger) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.queue = queue
	return nil
}
