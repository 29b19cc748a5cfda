package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// defaultAbsentRetry is how often a kind that the API server does not serve is looked for again.
const defaultAbsentRetry = time.Minute

// follower watches kinds in the version that the cluster serves.
type follower struct {
	config    *rest.Config
	http      *http.Client
	mapper    meta.RESTMapper
	namespace string // the only one to look at; empty for all
	changed   func()
	log       logr.Logger
	// absentRetry is how often a kind that is not served is looked for again.
	absentRetry time.Duration
}

var errAbsent = errors.New("the kind is not served")

// follow watches a kind from when it is served on. It calls settled when all objects are seen, or the kind is found absent.
func (f *follower) follow(ctx context.Context, k *kind, settled func()) {
	defer settled()
	told := false
	for {
		err := f.watch(ctx, k)
		pause := failedRetry
		switch {
		case err == nil, ctx.Err() != nil:
			return
		case errors.Is(err, errAbsent):
			pause = f.absentRetry
			settled()
			if !told {
				told = true
				f.log.Info("the API server does not serve "+k.name+", so there is none", "group", k.hub.Group)
			}
		default:
			f.log.Error(err, "cannot watch yet", "kind", k.name)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// watch begins to watch a kind, and returns when all objects were seen.
func (f *follower) watch(ctx context.Context, k *kind) error {
	mapping, err := f.served(k)
	if err != nil {
		return err
	}
	hasStatus, err := f.hasStatus(mapping.Resource)
	if err != nil {
		return err
	}
	own, err := f.cacheOf(k, mapping.GroupVersionKind.GroupVersion())
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	go func() {
		if err := own.Start(watching); err != nil {
			f.log.Error(err, "watching ended", "kind", k.name)
		}
	}()
	if err := f.inform(ctx, own, k); err != nil {
		stop()
		return err
	}
	context.AfterFunc(ctx, stop)
	k.now.Store(&installed{gvk: mapping.GroupVersionKind, hasStatus: hasStatus, reader: own})
	f.changed()
	return nil
}

// served returns the version in which a kind is read: the hub's if it is served, or else what the API server prefers.
func (f *follower) served(k *kind) (*meta.RESTMapping, error) {
	of := schema.GroupKind{Group: k.hub.Group, Kind: k.name}
	mapping, err := f.mapper.RESTMapping(of, k.hub.Version)
	if meta.IsNoMatchError(err) {
		mapping, err = f.mapper.RESTMapping(of)
	}
	if meta.IsNoMatchError(err) {
		return nil, errAbsent
	}
	return mapping, err
}

// hasStatus says whether a resource has a status subresource. CRDs of others may lack it.
func (f *follower) hasStatus(of schema.GroupVersionResource) (bool, error) {
	asked, err := discovery.NewDiscoveryClientForConfigAndClient(f.config, f.http)
	if err != nil {
		return false, err
	}
	list, err := asked.ServerResourcesForGroupVersion(of.GroupVersion().String())
	if err != nil {
		return false, fmt.Errorf("asking for the resources of %s: %w", of.GroupVersion(), err)
	}
	return slices.ContainsFunc(list.APIResources, func(r metav1.APIResource) bool { return r.Name == of.Resource+"/status" }), nil
}

// cacheOf makes a cache that reads one kind in one version.
func (f *follower) cacheOf(k *kind, version schema.GroupVersion) (cache.Cache, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(version, k.object, k.items)
	metav1.AddToGroupVersion(scheme, version)
	options := cache.Options{HTTPClient: f.http, Scheme: scheme, Mapper: f.mapper, DefaultTransform: cache.TransformStripManagedFields()}
	if f.namespace != "" {
		options.DefaultNamespaces = map[string]cache.Config{f.namespace: {}}
	}
	return cache.New(f.config, options)
}

// inform has every change of what is asked for told, and returns when every object was.
func (f *follower) inform(ctx context.Context, from cache.Cache, k *kind) error {
	informer, err := from.GetInformer(ctx, k.object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { f.changed() },
		DeleteFunc: func(any) { f.changed() },
		UpdateFunc: func(before, after any) {
			if differs(before, after) {
				f.changed()
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

// differs says whether an update changed what an object asks for, and not only its status or metadata.
func differs(before, after any) bool {
	a, isObject := before.(client.Object)
	b, also := after.(client.Object)
	return !isObject || !also || a.GetUID() != b.GetUID() || a.GetGeneration() != b.GetGeneration()
}
