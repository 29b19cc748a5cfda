package enforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
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
)

const (
	// defaultAbsentRetry is how often a kind that the API server does not serve is looked for again.
	defaultAbsentRetry = 30 * time.Second
	// failedRetry is how long to wait after an error of the API server.
	failedRetry = 2 * time.Second
)

// Cluster is the way to the API server.
type Cluster struct {
	Config *rest.Config
	HTTP   *http.Client
	Mapper meta.RESTMapper
	// Contact knows when the API server was last heard from.
	Contact *Contact
	// AbsentRetry is how often a kind that is not served is looked for again.
	AbsentRetry time.Duration

	log logr.Logger
}

// NewCluster makes the way to the API server for a part that calls itself userAgent where the configuration has no name for it.
func NewCluster(base *rest.Config, userAgent string, log logr.Logger) (*Cluster, error) {
	c := &Cluster{Config: rest.CopyConfig(base), Contact: &Contact{}, AbsentRetry: defaultAbsentRetry, log: log}
	c.Config.Wrap(c.Contact.wrap)
	if c.Config.UserAgent == "" {
		c.Config.UserAgent = userAgent
	}
	if c.Config.QPS == 0 {
		c.Config.QPS, c.Config.Burst = 50, 100
	}
	var err error
	if c.HTTP, err = rest.HTTPClientFor(c.Config); err != nil {
		return nil, fmt.Errorf("making the client of the API server: %w", err)
	}
	if c.Mapper, err = apiutil.NewDynamicRESTMapper(c.Config, c.HTTP); err != nil {
		return nil, fmt.Errorf("making the mapper of the API server's kinds: %w", err)
	}
	return c, nil
}

// Kind is a kind that may be absent, and may be served in one of several versions; all of them are read as the hub form.
type Kind struct {
	// Hub is the group and version of the hub form, Name the kind.
	Hub  schema.GroupVersion
	Name string
	// Object and List are of the hub form.
	Object client.Object
	List   runtime.Object
	// Selector limits the objects that are watched; nil means all.
	Selector labels.Selector
	// Handler is told of each object.
	Handler toolscache.ResourceEventHandler
	// Lacking completes the sentence "the API server does not serve the kind, so ...".
	Lacking string
}

// Watch tells the handlers of the objects until the context ends: of kinds that are always served, and of those that may be absent.
// It returns once everything that is there has been seen, or with an error when the context ends before. A kind that the API
// server does not serve counts as seen; it is watched as soon as it is served.
func (c *Cluster) Watch(ctx context.Context, always map[client.Object]toolscache.ResourceEventHandler, optional []Kind) error {
	informers, err := cache.New(c.Config, cache.Options{
		HTTPClient: c.HTTP, Scheme: clientgoscheme.Scheme, Mapper: c.Mapper, DefaultTransform: trimMeta,
		ByObject: map[client.Object]cache.ByObject{&corev1.Pod{}: {Transform: TrimPod}},
	})
	if err != nil {
		return fmt.Errorf("making the cache: %w", err)
	}
	var settled sync.WaitGroup
	for object, handler := range always {
		settled.Go(func() { c.retry(ctx, func() error { return c.inform(ctx, informers, object, handler) }) })
	}
	go func() {
		if err := informers.Start(ctx); err != nil {
			c.log.Error(err, "watching ended")
		}
	}()
	for _, kind := range optional {
		settled.Add(1)
		go c.follow(ctx, kind, sync.OnceFunc(settled.Done))
	}
	settled.Wait()
	return ctx.Err()
}

// inform connects a kind's informer to a handler, and returns when the handler was told of every object.
func (c *Cluster) inform(ctx context.Context, from cache.Cache, object client.Object, to toolscache.ResourceEventHandler) error {
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
func (c *Cluster) follow(ctx context.Context, kind Kind, settled func()) {
	defer settled()
	told := false
	c.retry(ctx, func() error {
		version, err := c.served(kind)
		if meta.IsNoMatchError(err) {
			settled()
			if !told {
				told = true
				c.log.Info("the API server does not serve "+kind.Name+", so "+kind.Lacking, "group", kind.Hub.Group)
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
				c.log.Error(err, "watching ended", "kind", kind.Name)
			}
		}()
		if err := c.inform(ctx, own, kind.Object, kind.Handler); err != nil {
			stop()
			return err
		}
		context.AfterFunc(ctx, stop)
		return nil
	})
}

var errAbsent = errors.New("the kind is not served")

// served returns the version in which a kind is read: the hub's if it is served, or else what the API server prefers.
func (c *Cluster) served(kind Kind) (schema.GroupVersion, error) {
	of := schema.GroupKind{Group: kind.Hub.Group, Kind: kind.Name}
	mapping, err := c.Mapper.RESTMapping(of, kind.Hub.Version)
	if meta.IsNoMatchError(err) {
		mapping, err = c.Mapper.RESTMapping(of)
	}
	if err != nil {
		return schema.GroupVersion{}, err
	}
	return mapping.GroupVersionKind.GroupVersion(), nil
}

// cacheOf makes a cache that reads one kind in one version.
func (c *Cluster) cacheOf(kind Kind, version schema.GroupVersion) (cache.Cache, error) {
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(version, kind.Object, kind.List)
	metav1.AddToGroupVersion(scheme, version)
	return cache.New(c.Config, cache.Options{
		HTTPClient: c.HTTP, Scheme: scheme, Mapper: c.Mapper, DefaultTransform: trimMeta, DefaultLabelSelector: kind.Selector,
	})
}

// retry calls a function until it succeeds or the context ends.
func (c *Cluster) retry(ctx context.Context, try func() error) {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return
		}
		pause := failedRetry
		if errors.Is(err, errAbsent) {
			pause = c.AbsentRetry
		} else {
			c.log.Error(err, "cannot watch yet")
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// trimMeta drops what nothing here reads. It is a toolscache.TransformFunc.
func trimMeta(object any) (any, error) {
	if meta, ok := object.(metav1.Object); ok {
		meta.SetManagedFields(nil)
	}
	return object, nil
}
