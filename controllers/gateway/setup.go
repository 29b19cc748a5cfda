package gateway

import (
	"cmp"
	"context"
	"time"

	"github.com/serin-dev/serin/api/smi/split"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// It writes routes, and of a TrafficSplit an annotation and, while a route of the user's is taken over, a finalizer.
//
// +kubebuilder:rbac:groups=split.smi-spec.io,resources=trafficsplits,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=specs.smi-spec.io,resources=httproutegroups,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes;grpcroutes,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=gateways;gatewayclasses,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch;update

// Options configure the controller.
type Options struct {
	// Namespace is the only one to look at; empty for all. Gateways are looked at in every namespace.
	Namespace string
	// Workers is how many splits are looked at at the same time; 2 by default.
	Workers int
	// AbsentRetry is how often a kind that the API server does not serve is looked for again; a minute by default.
	AbsentRetry time.Duration
	// Log gets what no Event tells.
	Log logr.Logger
}

// Setup puts the controller into a manager, whose scheme must have TrafficSplits and Services.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	r := &reconciler{
		client: mgr.GetClient(), live: mgr.GetAPIReader(), events: mgr.GetEventRecorder("serin"), kinds: newKinds(), now: time.Now,
		guard: &guard{known: map[string]*record{}}, memory: newMemory(), log: o.Log.WithName("gateway"),
	}
	r.follower = &follower{
		config: mgr.GetConfig(), http: mgr.GetHTTPClient(), mapper: mgr.GetRESTMapper(), namespace: o.Namespace,
		retry: cmp.Or(o.AbsentRetry, defaultAbsentRetry), log: r.log, wanted: r.wanted, arrived: r.arrived, left: r.left,
	}
	if err := mgr.GetFieldIndexer().IndexField(ctx, &split.TrafficSplit{}, byName, named); err != nil {
		return err
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("gateway").
		Watches(&split.TrafficSplit{}, handler.Funcs{
			CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { r.ofSplit(ctx, e.Object, q) },
			UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) {
				r.ofSplit(ctx, e.ObjectOld, q)
				r.ofSplit(ctx, e.ObjectNew, q)
			},
			DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { r.ofSplit(ctx, e.Object, q) },
		}).
		Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
			return r.naming(ctx, o.GetNamespace(), "Service/"+o.GetName())
		}), builder.WithPredicates(specChanged)).
		WatchesRawSource(source.Func(func(ctx context.Context, q queue) error {
			r.queue, r.life = q, ctx
			return nil
		})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: cmp.Or(o.Workers, 2),
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](
				50*time.Millisecond, 30*time.Second),
		}).
		Complete(r)
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// specChanged passes changes of a Service's specification. A Service has no generation.
var specChanged = predicate.ResourceVersionChangedPredicate{}

// ofSplit finds a split that asks for a route or did, and those that divide the same Service.
func (r *reconciler) ofSplit(ctx context.Context, o client.Object, q queue) {
	s, ok := o.(*split.TrafficSplit)
	if !ok || !concerns(s) {
		return
	}
	q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(s)})
	for _, request := range r.naming(ctx, s.Namespace, "apex/"+s.Spec.Service) {
		q.Add(request)
	}
}

// concerns says whether a split asks for a route, or has something left of when it did.
func concerns(s *split.TrafficSplit) bool {
	return s.Annotations[split.RouteAnnotation] != "" || s.Annotations[split.LandingAnnotation] != "" || hasFinalizer(s)
}

// byName is the index of splits that ask for a route by what they name.
const byName = "gateway"

// everything is the value of that index for each of them.
const everything = "all"

// named are the values of the index for a split.
func named(o client.Object) []string {
	s, ok := o.(*split.TrafficSplit)
	if !ok || s.Annotations[split.RouteAnnotation] == "" {
		return nil
	}
	names := []string{everything, "apex/" + s.Spec.Service, "Service/" + s.Spec.Service}
	for _, b := range s.Spec.Backends {
		names = append(names, "Service/"+b.Service)
	}
	for _, m := range s.Spec.Matches {
		names = append(names, "HTTPRouteGroup/"+m.Name)
	}
	if request, err := s.RouteRequest(); err == nil && request.Existing != nil {
		names = append(names, cmp.Or(request.Existing.Kind, "HTTPRoute")+"/"+request.Existing.Name)
	}
	return names
}

// naming finds the splits of a namespace, or of all, that name something.
func (r *reconciler) naming(ctx context.Context, namespace, what string) []reconcile.Request {
	found := &split.TrafficSplitList{}
	err := r.client.List(ctx, found, client.InNamespace(namespace), client.MatchingFields{byName: what}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return nil // the cache stops; nothing more is looked at
	}
	var requests []reconcile.Request
	for i := range found.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&found.Items[i])})
	}
	return requests
}

func (r *reconciler) wanted(ctx context.Context) bool {
	return len(r.naming(ctx, "", everything)) > 0
}

// arrived finds the splits that an object of a kind that may be absent matters to.
func (r *reconciler) arrived(k *kind, o client.Object) {
	var requests []reconcile.Request
	switch {
	case o == nil, k == r.kinds.gateways, k == r.kinds.classes:
		requests = r.naming(r.life, "", everything)
		if o == nil {
			requests = append(requests, r.memory.takeWaiting()...)
		}
	case k == r.kinds.groups:
		requests = r.naming(r.life, o.GetNamespace(), "HTTPRouteGroup/"+o.GetName())
	default:
		requests = r.naming(r.life, o.GetNamespace(), k.gvk.Kind+"/"+o.GetName())
		if name := splitOf(o); name != "" {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}})
		}
	}
	for _, request := range requests {
		r.queue.Add(request)
	}
}

// left forgets an object that is gone, and finds the splits that it matters to. A route that is gone may have stood in the way of
// any split of its namespace.
func (r *reconciler) left(k *kind, o client.Object) {
	r.memory.drop(keyOf(k.gvk.Kind, o.GetNamespace(), o.GetName()))
	r.arrived(k, o)
	if k == r.kinds.http || k == r.kinds.grpc {
		for _, request := range r.naming(r.life, o.GetNamespace(), everything) {
			r.queue.Add(request)
		}
	}
}
