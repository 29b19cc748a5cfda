package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway/route"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// Manager is the field manager as which the bridge writes.
const Manager = "serin-gateway"

// Finalizer keeps a TrafficSplit until a route of the user's that was taken over for it is as it was, and the bridge's own at Gateways
// lead to the apex.
const Finalizer = "gateway.serin.dev/restore"

// reconciler carries TrafficSplits out.
type reconciler struct {
	client   client.Client
	live     client.Reader // past the cache
	events   events.EventRecorder
	kinds    *kinds
	follower *follower
	guard    *guard
	memory   *memory
	now      func() time.Time
	log      logr.Logger

	life  context.Context //nolint:containedctx // what is watched from later on lives as long as the controller
	queue queue
}

// Reconcile carries one TrafficSplit out, or ends doing so.
func (r *reconciler) Reconcile(ctx context.Context, of reconcile.Request) (reconcile.Result, error) {
	s := &split.TrafficSplit{}
	if err := r.client.Get(ctx, of.NamespacedName, s); client.IgnoreNotFound(err) != nil {
		return reconcile.Result{}, err
	} else if err != nil {
		s.Namespace, s.Name = of.Namespace, of.Name
		return reconcile.Result{}, r.release(ctx, s)
	}
	request, err := s.RouteRequest()
	if !s.DeletionTimestamp.IsZero() || request == nil && err == nil {
		return reconcile.Result{}, r.release(ctx, s)
	}
	if err != nil {
		return reconcile.Result{}, r.report(ctx, s, outcome{Outcome: refused(route.ReasonNotUnderstood, err.Error()), held: hasFinalizer(s)})
	}
	if !r.need(of, r.needed(s, request)...) {
		return reconcile.Result{}, nil // it is looked at again when they are there, or known to be absent
	}
	o, err := r.carryOut(ctx, s, *request)
	if err == nil || o.said() {
		err = errors.Join(err, r.report(ctx, s, o))
	}
	return reconcile.Result{RequeueAfter: o.again}, err
}

// outcome is what became of a split.
type outcome struct {
	route.Outcome
	answers []route.Answer
	titles  []string      // of the routes that carry it out
	held    bool          // callers come by a route that must not go with it
	again   time.Duration // when to look again; zero if a watch tells
}

// said says whether there is anything to report.
func (o *outcome) said() bool { return len(o.Problems) > 0 || len(o.titles) > 0 }

func (o *outcome) add(p ...route.Problem) { o.Problems = append(o.Problems, p...) }

// later has the split looked at again after a time, or earlier.
func (o *outcome) later(wait time.Duration) {
	if wait > 0 && (o.again == 0 || wait < o.again) {
		o.again = wait
	}
}

func refused(reason, message string) route.Outcome {
	return route.Outcome{Keep: true, Problems: []route.Problem{{Reason: reason, Message: message, Blocks: true}}}
}

// need begins to watch kinds, and says whether it is known of each whether it is there.
func (r *reconciler) need(of reconcile.Request, all ...*kind) bool {
	known := true
	for _, k := range all {
		if !k.begun.Swap(true) {
			go r.follower.follow(r.life, k)
		}
		known = known && k.settled.Load()
	}
	if !known {
		r.memory.wait(of)
		// It may have become known between the two.
		return !slices.ContainsFunc(all, func(k *kind) bool { return !k.settled.Load() })
	}
	return true
}

// needed are the kinds that a split has to do with.
func (r *reconciler) needed(s *split.TrafficSplit, request *split.RouteRequest) []*kind {
	all := []*kind{r.kinds.http, r.kinds.grpc}
	if request.Existing != nil || slices.ContainsFunc(request.ParentRefs, func(p split.ParentRef) bool { return !route.IsService(p) }) {
		all = append(all, r.kinds.gateways, r.kinds.classes)
	}
	if len(s.Spec.Matches) > 0 {
		all = append(all, r.kinds.groups)
	}
	return all
}

// carryOut makes the routes as the split asks, and judges them.
func (r *reconciler) carryOut(ctx context.Context, s *split.TrafficSplit, request split.RouteRequest) (outcome, error) {
	winner, err := r.winner(ctx, s)
	if err != nil {
		return outcome{held: hasFinalizer(s)}, err
	}
	if winner != s.Name {
		o := outcome{Outcome: route.Outcome{Problems: []route.Problem{{Reason: route.ReasonConflicted, Message: conflicted(s, winner), Blocks: true}}}}
		return o, errors.Join(r.deleteOwn(ctx, s, nil), r.restore(ctx, s, nil))
	}
	if r.kinds.http.now.Load() == nil && r.kinds.grpc.now.Load() == nil {
		return outcome{Outcome: refused(route.ReasonUnsupported, notServed(route.KindHTTP)), held: hasFinalizer(s)}, nil
	}
	in, err := r.gather(ctx, s, request)
	if err != nil {
		return outcome{held: hasFinalizer(s)}, err
	}
	if request.Existing != nil && len(request.ParentRefs) == 0 {
		return r.carryOutByExisting(ctx, s, in)
	}
	return r.carryOutByOwn(ctx, s, in)
}

// winner is the one of several splits of one Service that is carried out: the oldest, and of those of one age the first by name.
func (r *reconciler) winner(ctx context.Context, s *split.TrafficSplit) (string, error) {
	found := &split.TrafficSplitList{}
	err := r.client.List(ctx, found, client.InNamespace(s.Namespace), client.MatchingFields{byName: "apex/" + s.Spec.Service}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return "", err
	}
	first := s
	for i := range found.Items {
		other := &found.Items[i]
		if other.DeletionTimestamp.IsZero() && older(other, first) {
			first = other
		}
	}
	return first.Name, nil
}

func older(a, b *split.TrafficSplit) bool {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name)) < 0
}

func conflicted(s *split.TrafficSplit, winner string) string {
	return fmt.Sprintf("TrafficSplit %q, which is older, divides Service %q already, so this one is not carried out", winner, s.Spec.Service)
}

func notServed(kind string) string {
	return fmt.Sprintf("the API server does not serve %s of gateway.networking.k8s.io/v1; it goes on by itself once the Gateway API is installed", kind)
}

// release undoes everything that was done for a split that asks for nothing any more, or is gone.
func (r *reconciler) release(ctx context.Context, s *split.TrafficSplit) error {
	if !r.need(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s)}, r.kinds.http, r.kinds.grpc) {
		return nil
	}
	left, err := r.leave(ctx, s)
	if err != nil {
		return err
	}
	if err := errors.Join(r.deleteOwn(ctx, s, left), r.restore(ctx, s, nil)); err != nil {
		return err
	}
	r.memory.forget(s)
	if s.UID == "" || s.Annotations[split.LandingAnnotation] == "" && !hasFinalizer(s) {
		return nil
	}
	return r.apply(ctx, s, "", notHeld)
}

func hasFinalizer(s *split.TrafficSplit) bool { return slices.Contains(s.Finalizers, Finalizer) }

// splitOf is the name of the TrafficSplit that a route was made or taken over for; empty if it was for none.
func splitOf(o client.Object) string {
	for _, ref := range o.GetOwnerReferences() {
		if isSplit(ref) {
			return ref.Name
		}
	}
	if before := route.OriginalIn(o.GetAnnotations()); before != nil {
		return before.Split
	}
	return ""
}

func isSplit(ref metav1.OwnerReference) bool {
	return ref.Kind == "TrafficSplit" && ref.APIVersion == split.GroupVersion.String()
}
