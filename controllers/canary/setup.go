package canary

import (
	"context"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// What the controller may do in every namespace; its lease lies in its own (config/rbac/controller.yaml). It reads Secrets by
// name only, when a notification is sent.
//
// +kubebuilder:rbac:groups=serin.dev,resources=canaries,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=get;list;watch
// +kubebuilder:rbac:groups=split.smi-spec.io,resources=trafficsplits,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=metrics.smi-spec.io,resources=trafficsplits,verbs=get;list
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch;update
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get

// Indexes of Canaries, by what they look at.
const (
	byTarget = "spec.targetRef.name"
	byApex   = "apex"
)

// SetupWithManager watches everything that a Canary depends on.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, workers int) error {
	indexer := mgr.GetFieldIndexer()
	if err := indexer.IndexField(ctx, &v1alpha1.Canary{}, byTarget, func(o client.Object) []string {
		return []string{o.(*v1alpha1.Canary).Spec.TargetRef.Name}
	}); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &v1alpha1.Canary{}, byApex, func(o client.Object) []string {
		return []string{apexName(o.(*v1alpha1.Canary))}
	}); err != nil {
		return err
	}
	changed := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	return ctrl.NewControllerManagedBy(mgr).
		Named("canary").
		For(&v1alpha1.Canary{}, builder.WithPredicates(changed)).
		Owns(&split.TrafficSplit{}).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.ofDeployment)).
		Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(r.ofService)).
		Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(r.ofSlice)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](
				50*time.Millisecond, 30*time.Second),
		}).
		Complete(r)
}

// ofDeployment finds the Canary of a version by its label, and those of a target by its name.
func (r *Reconciler) ofDeployment(ctx context.Context, object client.Object) []reconcile.Request {
	if name := object.GetLabels()[v1alpha1.LabelCanary]; name != "" {
		return request(object.GetNamespace(), name)
	}
	return r.lookedAtBy(ctx, object.GetNamespace(), byTarget, object.GetName())
}

func (r *Reconciler) ofService(ctx context.Context, object client.Object) []reconcile.Request {
	if name := object.GetLabels()[v1alpha1.LabelCanary]; name != "" {
		return request(object.GetNamespace(), name)
	}
	return r.lookedAtBy(ctx, object.GetNamespace(), byApex, object.GetName())
}

// ofSlice finds the Canary of a version's endpoints by the label they inherit from its Service, and that of an apex by name.
func (r *Reconciler) ofSlice(ctx context.Context, object client.Object) []reconcile.Request {
	if name := object.GetLabels()[v1alpha1.LabelCanary]; name != "" {
		return request(object.GetNamespace(), name)
	}
	return r.lookedAtBy(ctx, object.GetNamespace(), byApex, object.GetLabels()[discoveryv1.LabelServiceName])
}

func (r *Reconciler) lookedAtBy(ctx context.Context, namespace, index, value string) []reconcile.Request {
	list := &v1alpha1.CanaryList{}
	err := r.Client.List(ctx, list, client.InNamespace(namespace), client.MatchingFields{index: value})
	if err != nil {
		return nil // the cache stops; nothing more is looked at
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, request(namespace, list.Items[i].Name)...)
	}
	return requests
}

func request(namespace, name string) []reconcile.Request {
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}}
}
