package canary

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/canary/hooks"
	"github.com/serin-dev/serin/controllers/canary/queries"
	"github.com/serin-dev/serin/controllers/canary/telemetry"
	"github.com/serin-dev/serin/notifier"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
)

// staleRetry is how soon a look is repeated whose cache had not yet seen Serin's own last write.
const staleRetry = 10 * time.Millisecond

// Outbox takes letters without waiting for their delivery.
type Outbox interface {
	Enqueue(letter notifier.Letter)
}

// Reconciler carries rollouts out. All fields but clocks are needed.
type Reconciler struct {
	// Client reads from the caches and writes to the API server.
	Client client.Client
	// Live reads past the caches.
	Live client.Reader
	// Metrics reads TrafficMetrics.
	Metrics *MetricsReader
	// Splits reads TrafficSplits in the version that is served.
	Splits *Splits
	// Grants says what TrafficTargets allow; nil if nobody reads them.
	Grants Grants
	// Configs reads ConfigMaps and Secrets.
	Configs *config.Book
	// Hooks asks webhooks.
	Hooks *hooks.Caller
	// Queries puts the queries of checks to a Prometheus.
	Queries *queries.Reader
	// Events records Events.
	Events events.EventRecorder
	// Outbox tells services, and Receipts keeps what they were told.
	Outbox   Outbox
	Receipts *Receipts
	// Nudger brings looks that no object asks for.
	Nudger *Nudger
	// Telemetry counts what was recorded.
	Telemetry *telemetry.Metrics
	// Namespace is the controller's own, where the Secrets of ClusterRolloutPolicies lie.
	Namespace string
	// Now tells the time.
	Now func() time.Time

	// readings holds when each Canary's status was recorded, by this process's clock.
	readings sync.Map
	// written holds the last status written per Canary, to recognise a cache that is behind it.
	written sync.Map
	// waiters are the Canaries that wait for others, by name.
	waiters sync.Map
	// starting is held while a rollout may start that counts against a limit.
	starting sync.Mutex
	// started is when this process began.
	started time.Time
}

// written is what is known of the last status that this process wrote.
type written struct {
	resourceVersion string
	rolling         bool // it has a candidate
}

// Reconcile looks at one Canary: get, observe, decide, record, apply and report.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	canary := &v1alpha1.Canary{}
	if err := r.Client.Get(ctx, req.NamespacedName, canary); err != nil {
		r.Hooks.Forget(req.NamespacedName)
		r.waiters.Delete(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if r.behind(canary) {
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	}
	w, plan, err := r.decide(ctx, canary)
	if err != nil {
		return retryConflict(err)
	}
	r.report(canary, plan.Notes)
	r.post(canary, w.places)
	r.Hooks.Await(req.NamespacedName, canary.UID, plan.Calls)
	if err := r.apply(ctx, canary, w, plan); err != nil {
		if changed := (*config.ChangedError)(nil); !errors.As(err, &changed) {
			r.reportFailure(canary, err)
		}
		return retryConflict(err)
	}
	return ctrl.Result{RequeueAfter: w.mirrors.wait(plan.Wait)}, r.finish(ctx, canary, w, plan)
}

// decide observes, decides and records. Where a policy limits the rollouts at a time, two must not start at once.
func (r *Reconciler) decide(ctx context.Context, canary *v1alpha1.Canary) (*world, analysis.Plan, error) {
	policies, err := r.policies(ctx, canary.Namespace)
	if err != nil {
		return nil, analysis.Plan{}, err
	}
	if canary.Status.Candidate == nil {
		// Before anything is observed: what then ends is either seen, or finds this Canary among those that wait.
		r.waiters.Store(client.ObjectKeyFromObject(canary), true)
		if limited(policies) {
			r.starting.Lock()
			defer r.starting.Unlock()
		}
	}
	w, err := r.observe(ctx, canary, policies)
	if err != nil {
		return nil, analysis.Plan{}, err
	}
	now := r.Now()
	w.seen.Stepped = r.stepped(canary.UID, now)
	plan := analysis.Decide(canary.Spec, canary.Status, w.seen, now)
	if !waitsForOthers(&plan.Status) {
		r.waiters.Delete(client.ObjectKeyFromObject(canary))
	}
	err = r.record(ctx, canary, plan)
	if !apierrors.IsConflict(err) {
		r.readings.Store(canary.UID, now)
	}
	return w, plan, err
}

// behind says whether the cache has not seen the last status that this process wrote. Acting on such a status would undo a
// decision.
func (r *Reconciler) behind(canary *v1alpha1.Canary) bool {
	last, ok := r.written.Load(canary.UID)
	if !ok {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(canary.ResourceVersion, last.(written).resourceVersion)
	return err == nil && order < 0
}

// record writes the status, and the finalizer before the first thing is made. The resourceVersion of what was read goes
// along, so a decision made on something older than the API server has is refused by it.
func (r *Reconciler) record(ctx context.Context, canary *v1alpha1.Canary, plan analysis.Plan) error {
	status := canary.Status
	if plan.Status.Stable != nil && canary.DeletionTimestamp.IsZero() &&
		!controllerutil.ContainsFinalizer(canary, v1alpha1.Finalizer) {
		before := canary.DeepCopy()
		controllerutil.AddFinalizer(canary, v1alpha1.Finalizer)
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		if err := r.Client.Patch(ctx, canary, patch, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
			return err
		}
		r.written.Store(canary.UID, written{canary.ResourceVersion, status.Candidate != nil})
	}
	if equality.Semantic.DeepEqual(status, plan.Status) {
		return nil
	}
	canary.Status = plan.Status
	if err := r.Client.Status().Update(ctx, canary, client.FieldOwner(v1alpha1.FieldManager)); err != nil {
		return err
	}
	r.written.Store(canary.UID, written{canary.ResourceVersion, plan.Status.Candidate != nil})
	r.Receipts.forget(canary.UID, plan.Status.Deliveries)
	r.Telemetry.Recorded(status, plan.Status)
	return nil
}

// finish lets a Canary under deletion go.
func (r *Reconciler) finish(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	if !plan.Finished {
		return nil
	}
	if err := r.leaveMirrors(ctx, canary, w); err != nil {
		return err
	}
	r.written.Delete(canary.UID)
	r.readings.Delete(canary.UID)
	r.Receipts.forget(canary.UID, nil)
	r.Hooks.Await(client.ObjectKeyFromObject(canary), canary.UID, nil)
	before := canary.DeepCopy()
	if !controllerutil.RemoveFinalizer(canary, v1alpha1.Finalizer) {
		return nil
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := r.Client.Patch(ctx, canary, patch, client.FieldOwner(v1alpha1.FieldManager))
	return client.IgnoreNotFound(err)
}

// retryConflict turns a conflict, which only says that something was read too early, into another look.
func retryConflict(err error) (ctrl.Result, error) {
	changed := errors.As(err, new(*config.ChangedError))
	if changed || (apierrors.IsConflict(err) && !errors.As(err, new(*notOwnedError))) {
		return ctrl.Result{RequeueAfter: staleRetry}, nil
	}
	return ctrl.Result{}, err
}

func key(canary *v1alpha1.Canary, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: canary.Namespace, Name: name}
}
