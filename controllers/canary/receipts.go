package canary

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/notifier"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Receipts holds what services were told since this process began, until it stands in the statuses.
type Receipts struct {
	// Nudge is told of the Canary that a receipt is about.
	Nudge func(types.NamespacedName)

	mu    sync.Mutex
	byUID map[types.UID]map[string]v1alpha1.DeliveryStatus
	names map[types.UID]types.NamespacedName
}

// Settled takes a receipt.
func (r *Receipts) Settled(receipt notifier.Receipt) {
	r.mu.Lock()
	if r.byUID == nil {
		r.byUID, r.names = map[types.UID]map[string]v1alpha1.DeliveryStatus{}, map[types.UID]types.NamespacedName{}
	}
	uid := types.UID(receipt.UID)
	r.names[uid] = receipt.Canary
	if r.byUID[uid] == nil {
		r.byUID[uid] = map[string]v1alpha1.DeliveryStatus{}
	}
	id := receipt.Dest.ID()
	if receipt.Seq > r.byUID[uid][id].Seq {
		r.byUID[uid][id] = v1alpha1.DeliveryStatus{
			Sink: id, Seq: receipt.Seq, Rollout: receipt.Rollout, Thread: receipt.Thread, Lost: receipt.Lost,
		}
	}
	r.mu.Unlock()
	r.Nudge(receipt.Canary)
}

// of are the receipts of a Canary, in a stable order.
func (r *Receipts) of(uid types.UID) []v1alpha1.DeliveryStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []v1alpha1.DeliveryStatus
	for _, d := range r.byUID[uid] {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b v1alpha1.DeliveryStatus) int { return cmp.Compare(a.Sink, b.Sink) })
	return all
}

// forget drops what a status has taken over, or all of it when the Canary is gone.
func (r *Receipts) forget(uid types.UID, recorded []v1alpha1.DeliveryStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range recorded {
		if r.byUID[uid][d.Sink].Seq <= d.Seq {
			delete(r.byUID[uid], d.Sink)
		}
	}
	if len(r.byUID[uid]) == 0 || recorded == nil {
		delete(r.byUID, uid)
		delete(r.names, uid)
	}
}

// recordTimeout bounds the recording of what was delivered while the process stopped.
const recordTimeout = 10 * time.Second

// postman is the outbox, and the record of what it delivers last: while a process stops, nobody looks at Canaries any more,
// and what stood in no status would be delivered again by the next one.
type postman struct {
	*notifier.Outbox
	receipts *Receipts
	client   client.Client
	live     client.Reader
}

// Start delivers until the context ends, and then records what nobody else will.
func (p postman) Start(ctx context.Context) error {
	err := p.Run(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	return errors.Join(err, p.record(ctx))
}

// record writes the receipts that stand in no status yet.
func (p postman) record(ctx context.Context) error {
	p.receipts.mu.Lock()
	names := make(map[types.UID]types.NamespacedName, len(p.receipts.names))
	for uid, name := range p.receipts.names {
		names[uid] = name
	}
	p.receipts.mu.Unlock()
	var failed []error
	for uid, name := range names {
		failed = append(failed, retry.RetryOnConflict(retry.DefaultRetry, func() error { return p.recordOne(ctx, uid, name) }))
	}
	return errors.Join(failed...)
}

func (p postman) recordOne(ctx context.Context, uid types.UID, name types.NamespacedName) error {
	canary := &v1alpha1.Canary{}
	if err := p.live.Get(ctx, name, canary); err != nil || canary.UID != uid {
		return client.IgnoreNotFound(err)
	}
	changed := false
	for _, d := range p.receipts.of(uid) {
		i := slices.IndexFunc(canary.Status.Deliveries, func(old v1alpha1.DeliveryStatus) bool { return old.Sink == d.Sink })
		if i >= 0 && canary.Status.Deliveries[i].Seq < d.Seq {
			canary.Status.Deliveries[i], changed = d, true
		}
	}
	if !changed {
		return nil
	}
	return p.client.Status().Update(ctx, canary, client.FieldOwner(v1alpha1.FieldManager))
}
