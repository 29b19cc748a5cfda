package canary

import (
	"context"
	"errors"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
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

// What the controller may do in every namespace; its lease lies in its own (config/rbac/controller.yaml). It watches the
// metadata of ConfigMaps and Secrets, and reads the contents of those that a target refers to.
//
// +kubebuilder:rbac:groups=serin.dev,resources=canaries,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=serin.dev,resources=canaries/finalizers,verbs=update
// +kubebuilder:rbac:groups=apps,resources=deployments,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,verbs=get;list;watch
// +kubebuilder:rbac:groups=split.smi-spec.io,resources=trafficsplits,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=metrics.smi-spec.io,resources=trafficsplits,verbs=get;list
// +kubebuilder:rbac:groups=metrics.smi-spec.io,resources=deployments/edges,verbs=get
// +kubebuilder:rbac:groups=access.smi-spec.io,resources=traffictargets,verbs=create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch;update
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=pods;namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=serin.dev,resources=rolloutpolicies;clusterrolloutpolicies,verbs=get;list;watch

// Indexes: of Canaries by what they look at, and of Deployments by the ConfigMaps and Secrets that they refer to.
const (
	byTarget = "spec.targetRef.name"
	byApex   = "apex"
	byConfig = "config"
)

// SetupWithManager watches everything that a Canary depends on.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, workers int) error {
	r.started = r.Now()
	if err := index(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	changed := predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{})
	build := ctrl.NewControllerManagedBy(mgr).
		Named("canary").
		For(&v1alpha1.Canary{}, builder.WithPredicates(changed)).
		Watches(&appsv1.Deployment{}, handler.EnqueueRequestsFromMapFunc(r.ofDeployment)).
		Watches(&corev1.Service{}, handler.EnqueueRequestsFromMapFunc(r.ofService)).
		Watches(&discoveryv1.EndpointSlice{}, handler.EnqueueRequestsFromMapFunc(r.ofSlice)).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(r.ofPod)).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.ofNamespace), builder.WithPredicates(marked)).
		WatchesMetadata(metadataOf(crdKind), handler.EnqueueRequestsFromMapFunc(r.ofPlane)).
		WatchesMetadata(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(r.ofConfig("ConfigMap"))).
		Watches(&v1alpha1.RolloutPolicy{}, handler.EnqueueRequestsFromMapFunc(r.ofPolicy)).
		Watches(&v1alpha1.ClusterRolloutPolicy{}, handler.EnqueueRequestsFromMapFunc(r.ofPolicy)).
		Watches(&v1alpha1.Canary{}, handler.EnqueueRequestsFromMapFunc(r.waiting), builder.WithPredicates(ended)).
		WatchesRawSource(source.Func(r.Nudger.Start)).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](
				50*time.Millisecond, 30*time.Second),
		})
	if !r.Configs.Secrets.Empty() {
		build = build.WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.ofConfig("Secret")))
	}
	return build.Complete(r)
}

// index makes the indexes that the watches look up.
func index(ctx context.Context, indexer client.FieldIndexer) error {
	return errors.Join(
		indexer.IndexField(ctx, &v1alpha1.Canary{}, byTarget, func(o client.Object) []string {
			return []string{o.(*v1alpha1.Canary).Spec.TargetRef.Name}
		}),
		indexer.IndexField(ctx, &v1alpha1.Canary{}, byApex, func(o client.Object) []string {
			return []string{apexName(o.(*v1alpha1.Canary))}
		}),
		indexer.IndexField(ctx, &appsv1.Deployment{}, byConfig, func(o client.Object) []string {
			var names []string
			for _, ref := range config.Refs(&o.(*appsv1.Deployment).Spec.Template) {
				names = append(names, string(ref.Kind)+"/"+ref.Name)
			}
			return names
		}),
	)
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
	if object.GetNamespace() == r.Namespace && object.GetName() == proxyService {
		return r.ofPlane(ctx, object)
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

// ofPod finds the Canary whose candidate a pod belongs to. The pods of stable are nobody's business here.
func (r *Reconciler) ofPod(ctx context.Context, object client.Object) []reconcile.Request {
	labels := object.GetLabels()
	requests := request(object.GetNamespace(), labels[v1alpha1.LabelCanary])
	canary := &v1alpha1.Canary{}
	if err := r.Client.Get(ctx, requests[0].NamespacedName, canary, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	if c := canary.Status.Candidate; c == nil || c.Version != labels[v1alpha1.LabelVersion] {
		return nil
	}
	return requests
}

// ofConfig finds the Canaries of the targets and versions that refer to a ConfigMap or Secret.
func (r *Reconciler) ofConfig(kind string) handler.MapFunc {
	return func(ctx context.Context, object client.Object) []reconcile.Request {
		list := &appsv1.DeploymentList{}
		err := r.Client.List(ctx, list, client.InNamespace(object.GetNamespace()),
			client.MatchingFields{byConfig: kind + "/" + object.GetName()}, client.UnsafeDisableDeepCopy)
		if err != nil {
			return nil
		}
		var requests []reconcile.Request
		for i := range list.Items {
			requests = append(requests, r.ofDeployment(ctx, &list.Items[i])...)
		}
		return requests
	}
}

// ofPolicy finds the Canaries that a policy holds for.
func (r *Reconciler) ofPolicy(ctx context.Context, object client.Object) []reconcile.Request {
	list := &v1alpha1.CanaryList{}
	if err := r.Client.List(ctx, list, client.InNamespace(object.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		requests = append(requests, request(list.Items[i].Namespace, list.Items[i].Name)...)
	}
	return requests
}

// ended says whether a Canary came to rest, which may be what others wait for.
var ended = predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false },
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.Canary).Status, e.ObjectNew.(*v1alpha1.Canary).Status
		return before.Phase != after.Phase && after.Candidate == nil
	},
	DeleteFunc: func(event.DeleteEvent) bool { return true },
}

// marked says whether the labels or annotations changed by which a namespace is in a mesh.
var marked = predicate.Or(predicate.LabelChangedPredicate{}, predicate.AnnotationChangedPredicate{})

// waiting finds the Canaries that wait for others.
func (r *Reconciler) waiting(context.Context, client.Object) []reconcile.Request {
	var requests []reconcile.Request
	r.waiters.Range(func(name, _ any) bool {
		requests = append(requests, reconcile.Request{NamespacedName: name.(types.NamespacedName)})
		return true
	})
	return requests
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
