package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
)

const (
	// defaultAbsentRetry is how often a kind that the API server does not serve is looked for again.
	defaultAbsentRetry = 30 * time.Second
	// failedRetry is how long to wait after an error of the API server.
	failedRetry = 2 * time.Second
)

// cluster is the way to the API server.
type cluster struct {
	config  *rest.Config
	http    *http.Client
	mapper  meta.RESTMapper
	contact *contact
	log     logr.Logger
	// absentRetry is how often a kind that is not served is looked for again.
	absentRetry time.Duration
}

func newCluster(base *rest.Config, log logr.Logger) (*cluster, error) {
	c := &cluster{config: rest.CopyConfig(base), contact: &contact{}, log: log, absentRetry: defaultAbsentRetry}
	c.config.Wrap(c.contact.wrap)
	if c.config.UserAgent == "" {
		c.config.UserAgent = "serin-proxy"
	}
	if c.config.QPS == 0 {
		c.config.QPS, c.config.Burst = 50, 100
	}
	var err error
	if c.http, err = rest.HTTPClientFor(c.config); err != nil {
		return nil, fmt.Errorf("making the client of the API server: %w", err)
	}
	if c.mapper, err = apiutil.NewDynamicRESTMapper(c.config, c.http); err != nil {
		return nil, fmt.Errorf("making the mapper of the API server's kinds: %w", err)
	}
	return c, nil
}

// smiKind is a kind that may be absent, and may be served in one of several versions; all of them are read as the hub form.
type smiKind struct {
	hub       schema.GroupVersion
	name      string
	object    client.Object
	list      runtime.Object
	selector  labels.Selector
	handler   toolscache.ResourceEventHandler
	whatLacks string
}

func smiKinds(w *watcher) []smiKind {
	proxied := labels.SelectorFromSet(labels.Set{v1alpha1.LabelDataPlane: v1alpha1.DataPlaneProxy})
	return []smiKind{
		{hub: split.GroupVersion, name: "TrafficSplit", object: &split.TrafficSplit{}, list: &split.TrafficSplitList{},
			selector: proxied, handler: w.splits, whatLacks: "there is nothing to serve"},
		{hub: access.GroupVersion, name: "TrafficTarget", object: &access.TrafficTarget{}, list: &access.TrafficTargetList{},
			handler: w.targets, whatLacks: "policy allows nothing"},
		{hub: specs.GroupVersion, name: "HTTPRouteGroup", object: &specs.HTTPRouteGroup{}, list: &specs.HTTPRouteGroupList{},
			handler: w.groups, whatLacks: "rules that name one allow nothing"},
		{hub: specs.GroupVersion, name: "TCPRoute", object: &specs.TCPRoute{}, list: &specs.TCPRouteList{},
			handler: w.routes, whatLacks: "rules that name one allow nothing"},
	}
}

// watch fills the watcher until the context ends. It returns once everything that is there has been seen, or with an error when
// the context ends before. A kind that the API server does not serve counts as seen; it is watched as soon as it is served.
func (c *cluster) watch(ctx context.Context, w *watcher) error {
	informers, err := cache.New(c.config, cache.Options{
		HTTPClient: c.http, Scheme: clientgoscheme.Scheme, Mapper: c.mapper, DefaultTransform: trimMeta,
		ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: {Transform: trimPod}},
	})
	if err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	var settled sync.WaitGroup
	handlers := map[client.Object]toolscache.ResourceEventHandler{
		&corev1.Service{}: w.services, &discoveryv1.EndpointSlice{}: w.slices, &corev1.Pod{}: w.pods,
	}
	for object, handler := range handlers {
		settled.Go(func() { c.retry(ctx, func() error { return c.inform(ctx, informers, object, handler) }) })
	}
	go func() {
		if err := informers.Start(ctx); err != nil {
			c.log.Error(err, "watching ended")
		}
	}()
	for _, kind := range smiKinds(w) {
		settled.Add(1)
		go c.follow(ctx, kind, sync.OnceFunc(settled.Done))
	}
	settled.Wait()
	return ctx.Err()
}

// inform connects a kind's informer to a handler, and returns when the handler was told of every object.
func (c *cluster) inform(ctx context.Context, from cache.Cache, object client.Object, to toolscache.ResourceEventHandler) error {
	informer, err := from.GetInformer(ctx, object, cache.BlockUntilSynced(false))
	if err != nil {
		return err
	}
	registration, err := informer.AddEventHandler(to)
	if err != nil {
		return err
	}
	if !toolscache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
		return ctx.Err()
	}
	return nil
}

// follow watches a kind from when it is served on. It calls settled when all objects are seen, or the kind is found absent.
func (c *cluster) follow(ctx context.Context, kind smiKind, settled func()) {
	defer settled()
	told := false
	c.retry(ctx, func() error {
		version, err := c.served(kind)
		if meta.IsNoMatchError(err) {
			settled()
			if !told {
				told = true
				c.log.Info("the API server does not serve "+kind.name+", so "+kind.whatLacks, "group", kind.hub.Group)
			}
			return errAbsent
		}
		if err != nil {
			return err
		}
		own, err := c.cacheOf(kind, version)
		if err != nil {
			return err
		}
		watching, stop := context.WithCancel(ctx)
		go func() {
			if err := own.Start(watching); err != nil {
				c.log.Error(err, "watching ended", "kind", kind.name)
			}
		}()
		if err := c.inform(ctx, own, kind.object, kind.handler); err != nil {
			stop()
			return err
		}
		context.AfterFunc(ctx, stop)
		return nil
	})
}

var errAbsent = errors.New("the kind is not served")

// served returns the version in which a kind is read: the hub's if it is served, or else what the API server prefers.
func (c *cluster) served(kind smiKind) (schema.GroupVersion, error) {
	of := schema.GroupKind{Group: kind.hub.Group, Kind: kind.name}
	mapping, err := c.mapper.RESTMapping(of, kind.hub.Version)
	if meta.IsNoMatchError(err) {
		mapping, err = c.mapper.RESTMapping(of)
	}
	if err != nil {
		return schema.GroupVersion{}, err
	}
	return mapping.GroupVersionKind.GroupVersion(), nil
}

// cacheOf makes a cache that reads one kind in one version.
func (c *cluster) cacheOf(kind smiKind, version schema.GroupVersion) (cache.Cache, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(version, kind.object, kind.list)
	metav1.AddToGroupVersion(scheme, version)
	return cache.New(c.config, cache.Options{
		HTTPClient: c.http, Scheme: scheme, Mapper: c.mapper, DefaultTransform: trimMeta, DefaultLabelSelector: kind.selector,
	})
}

// retry calls a function until it succeeds or the context ends.
func (c *cluster) retry(ctx context.Context, try func() error) {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return
		}
		pause := failedRetry
		if errors.Is(err, errAbsent) {
			pause = c.absentRetry
		} else {
			c.log.Error(err, "cannot watch yet")
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
