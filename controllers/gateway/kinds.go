package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/controllers/gateway/route"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	// defaultAbsentRetry is how often a kind that the API server does not serve is looked for again.
	defaultAbsentRetry = time.Minute
	// failedRetry is how long to wait after an error of the API server.
	failedRetry = 5 * time.Second
)

// kind is a kind that may be absent, and is watched from when it is first needed on.
type kind struct {
	gvk schema.GroupVersionKind
	// object is what it is read as.
	object client.Object
	// slim drops from a cached object what is not needed.
	slim toolscache.TransformFunc
	// everywhere says that it is watched in all namespaces, whichever are looked at.
	everywhere bool

	begun   atomic.Bool
	settled atomic.Bool // it is watched, or it is known to be absent
	now     atomic.Pointer[reader]
}

type reader struct{ client.Reader }

// kinds are all that the bridge reads beside TrafficSplits and Services.
type kinds struct {
	http, grpc, gateways, classes, groups *kind
}

func newKinds() *kinds {
	gateway := func(name string) schema.GroupVersionKind {
		return schema.GroupVersionKind{Group: gatewayv1.GroupName, Version: "v1", Kind: name}
	}
	routes := func(name string) *kind {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(gateway(name))
		return &kind{gvk: gateway(name), object: u, slim: slimRoute}
	}
	return &kinds{
		http: routes(route.KindHTTP), grpc: routes(route.KindGRPC),
		gateways: &kind{gvk: gateway("Gateway"), object: &gatewayv1.Gateway{}, slim: slimGateway, everywhere: true},
		classes:  &kind{gvk: gateway("GatewayClass"), object: &gatewayv1.GatewayClass{}, slim: slimGateway, everywhere: true},
		groups: &kind{
			gvk: specs.GroupVersion.WithKind("HTTPRouteGroup"), object: &specs.HTTPRouteGroup{}, slim: cache.TransformStripManagedFields(),
		},
	}
}

// route returns the kind of routes of a name.
func (k *kinds) route(name string) *kind {
	if name == route.KindGRPC {
		return k.grpc
	}
	return k.http
}

// slimRoute keeps of a route that is not Serin's, nor taken over, only what says whose it is.
func slimRoute(object any) (any, error) {
	u, ok := object.(*unstructured.Unstructured)
	if !ok || u.GetLabels()[route.LabelManagedBy] == route.ManagedBy || u.GetAnnotations()[route.OriginalAnnotation] != "" {
		return object, nil
	}
	delete(u.Object, "spec")
	delete(u.Object, "status")
	u.SetManagedFields(nil)
	u.SetAnnotations(nil)
	return u, nil
}

// slimGateway keeps of a Gateway its class, and of a class its controller.
func slimGateway(object any) (any, error) {
	switch o := object.(type) {
	case *gatewayv1.Gateway:
		o.Spec = gatewayv1.GatewaySpec{GatewayClassName: o.Spec.GatewayClassName}
		o.Status, o.ManagedFields, o.Annotations = gatewayv1.GatewayStatus{}, nil, nil
	case *gatewayv1.GatewayClass:
		o.Spec = gatewayv1.GatewayClassSpec{ControllerName: o.Spec.ControllerName}
		o.Status, o.ManagedFields, o.Annotations = gatewayv1.GatewayClassStatus{}, nil, nil
	}
	return object, nil
}

// follower watches kinds that are needed.
type follower struct {
	config    *rest.Config
	http      *http.Client
	mapper    meta.RESTMapper
	namespace string // the only one to look at; empty for all
	retry     time.Duration
	log       logr.Logger
	// wanted says whether any split asks for anything.
	wanted func(ctx context.Context) bool
	// arrived is told of each object that changed, and is told nil when a kind is settled.
	arrived func(k *kind, object client.Object)
	// left is told of each object that is gone.
	left func(k *kind, object client.Object)
}

var errAbsent = errors.New("the kind is not served")

// follow watches a kind from when it is served on. While nobody asks for anything, an absent kind is not looked for.
func (f *follower) follow(ctx context.Context, k *kind) {
	for told := false; ; {
		pause := f.retry
		err := errAbsent
		if !k.settled.Load() || f.wanted(ctx) {
			err = f.watch(ctx, k)
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil, errors.Is(err, errAbsent):
			if k.settled.CompareAndSwap(false, true) || err == nil {
				f.arrived(k, nil)
			}
			if err == nil {
				return
			}
			if !told {
				told = true
				f.log.Info("the API server does not serve "+k.gvk.Kind+" yet", "group", k.gvk.Group, "version", k.gvk.Version)
			}
		default:
			f.log.Error(err, "cannot watch yet", "kind", k.gvk.Kind)
			pause = failedRetry
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// watch begins to watch a kind, and returns when all objects were seen.
func (f *follower) watch(ctx context.Context, k *kind) error {
	gvk, err := f.served(k)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if _, ok := k.object.(*unstructured.Unstructured); !ok {
		scheme.AddKnownTypeWithName(gvk, k.object)
		metav1.AddToGroupVersion(scheme, gvk.GroupVersion())
		addList(scheme, gvk)
	}
	options := cache.Options{HTTPClient: f.http, Scheme: scheme, Mapper: f.mapper, DefaultTransform: k.slim}
	if f.namespace != "" && !k.everywhere {
		options.DefaultNamespaces = map[string]cache.Config{f.namespace: {}}
	}
	own, err := cache.New(f.config, options)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	go func() {
		if err := own.Start(watching); err != nil {
			f.log.Error(err, "watching ended", "kind", k.gvk.Kind)
		}
	}()
	if err := f.inform(ctx, own, k); err != nil {
		stop()
		return err
	}
	context.AfterFunc(ctx, stop)
	k.now.Store(&reader{own})
	return nil
}

func addList(scheme *runtime.Scheme, gvk schema.GroupVersionKind) {
	lists := map[string]client.ObjectList{
		"Gateway": &gatewayv1.GatewayList{}, "GatewayClass": &gatewayv1.GatewayClassList{}, "HTTPRouteGroup": &specs.HTTPRouteGroupList{},
	}
	scheme.AddKnownTypeWithName(gvk.GroupVersion().WithKind(gvk.Kind+"List"), lists[gvk.Kind])
}

// served returns the version in which a kind is read: of SMI, which is read in any, what the API server prefers if it does not serve
// the hub's.
func (f *follower) served(k *kind) (schema.GroupVersionKind, error) {
	mapping, err := f.mapper.RESTMapping(k.gvk.GroupKind(), k.gvk.Version)
	if meta.IsNoMatchError(err) && k.gvk.Group == specs.GroupVersion.Group {
		mapping, err = f.mapper.RESTMapping(k.gvk.GroupKind())
	}
	if meta.IsNoMatchError(err) {
		return schema.GroupVersionKind{}, errAbsent
	}
	if err != nil {
		return schema.GroupVersionKind{}, err
	}
	return mapping.GroupVersionKind, nil
}

// inform has every change told, and returns when every object was.
func (f *follower) inform(ctx context.Context, from cache.Cache, k *kind) error {
	informer, err := from.GetInformer(ctx, k.object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	tell := func(object any) {
		if o, ok := object.(client.Object); ok {
			f.arrived(k, o)
		}
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: tell,
		DeleteFunc: func(object any) {
			if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
				object = gone.Obj
			}
			if o, ok := object.(client.Object); ok {
				f.left(k, o)
			}
		},
		UpdateFunc: func(before, after any) {
			if changed(before, after) {
				tell(after)
			}
		},
	})
	if err != nil {
		return err
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return ctx.Err()
	}
	return nil
}

// changed says whether an update is one: a list that is read again repeats what is known.
func changed(before, after any) bool {
	a, ok := before.(client.Object)
	b, also := after.(client.Object)
	return !ok || !also || a.GetResourceVersion() != b.GetResourceVersion()
}

// get reads an object of a kind; nil if it is not there, or the kind is absent.
func get[T client.Object](ctx context.Context, k *kind, namespace, name string, into T) (found bool, err error) {
	in := k.now.Load()
	if in == nil {
		return false, nil
	}
	err = in.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, into)
	return err == nil, client.IgnoreNotFound(err)
}

// list reads the routes of a namespace that Serin made or took over.
func list(ctx context.Context, k *kind, namespace string) ([]unstructured.Unstructured, error) {
	in := k.now.Load()
	if in == nil {
		return nil, nil
	}
	all := &unstructured.UnstructuredList{}
	all.SetGroupVersionKind(k.gvk.GroupVersion().WithKind(k.gvk.Kind + "List"))
	if err := in.List(ctx, all, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	return all.Items, nil
}
