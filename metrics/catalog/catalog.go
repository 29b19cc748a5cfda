package catalog

import (
	"context"
	"net/http"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	coreinformers "k8s.io/client-go/informers/core/v1"
	discoveryinformers "k8s.io/client-go/informers/discovery/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/source"
)

// Catalog is everything that is watched.
type Catalog struct {
	Splits *Kind[*split.TrafficSplit]
	// Proxies are the EndpointSlices of the proxies' Service.
	Proxies *Kind[*discoveryv1.EndpointSlice]

	objects        map[source.Kind]*Kind[*Object]
	pods, services *Kind[*Object]
	departed       departed
	watches        watches
}

var byNamespace = cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}

// ofMetadataOnly are the resources of which nothing but names and labels is read.
var ofMetadataOnly = []schema.GroupVersionResource{
	appsv1.SchemeGroupVersion.WithResource("deployments"), appsv1.SchemeGroupVersion.WithResource("replicasets"),
	appsv1.SchemeGroupVersion.WithResource("statefulsets"), appsv1.SchemeGroupVersion.WithResource("daemonsets"),
	batchv1.SchemeGroupVersion.WithResource("jobs"), corev1.SchemeGroupVersion.WithResource("replicationcontrollers"),
	corev1.SchemeGroupVersion.WithResource("namespaces"), corev1.SchemeGroupVersion.WithResource("nodes"),
}

// New returns a catalog that is empty until Run. proxies names the Service whose endpoints are the proxies.
func New(config *rest.Config, client *http.Client, proxies types.NamespacedName) (*Catalog, error) {
	c := &Catalog{objects: make(map[source.Kind]*Kind[*Object])}
	c.departed.pods, c.departed.now = map[types.NamespacedName]departure{}, time.Now
	if err := c.watchMetadata(config, client); err != nil {
		return nil, err
	}
	if err := c.watchSplits(config, client); err != nil {
		return nil, err
	}
	return c, c.watchRest(config, client, proxies)
}

func (c *Catalog) watchMetadata(config *rest.Config, client *http.Client) error {
	objects, err := metadata.NewForConfigAndClient(metadata.ConfigFor(config), client)
	if err != nil {
		return err
	}
	for _, resource := range ofMetadataOnly {
		kind := source.Kind(resource.Resource)
		informer := metadatainformer.NewFilteredMetadataInformer(objects, resource, metav1.NamespaceAll, 0, byNamespace, nil)
		if c.objects[kind], err = newKind(&c.watches, resource.GroupResource().String(), informer.Informer(), ofMetadata); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) watchSplits(config *rest.Config, client *http.Client) error {
	splits, err := newPublished(config, client)
	if err != nil {
		return err
	}
	resource := split.GroupVersion.WithResource(string(source.Backends))
	list := &cache.ListWatch{ListWithContextFunc: splits.list, WatchFuncWithContext: splits.watch}
	informer := cache.NewSharedIndexInformer(list, &split.TrafficSplit{}, 0, byNamespace)
	c.Splits, err = newKind(&c.watches, resource.GroupResource().String(), informer, func(s *split.TrafficSplit) *split.TrafficSplit {
		s.ManagedFields, s.Annotations = nil, nil
		return s
	})
	return err
}

// watchRest watches what more than metadata is read of.
func (c *Catalog) watchRest(config *rest.Config, client *http.Client, proxies types.NamespacedName) error {
	objects, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return err
	}
	proxiesOnly := func(o *metav1.ListOptions) {
		o.LabelSelector = labels.Set{discoveryv1.LabelServiceName: proxies.Name}.String()
	}
	slices := discoveryinformers.NewFilteredEndpointSliceInformer(objects, proxies.Namespace, 0, byNamespace, proxiesOnly)
	c.Proxies, err = newKind(&c.watches, "endpointslices.discovery.k8s.io", slices, func(s *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
		s.ManagedFields = nil
		return s
	})
	if err != nil {
		return err
	}
	services := coreinformers.NewServiceInformer(objects, metav1.NamespaceAll, 0, byNamespace)
	if c.services, err = newKind(&c.watches, "services", services, ofService); err != nil {
		return err
	}
	pods := coreinformers.NewPodInformer(objects, metav1.NamespaceAll, 0, byNamespace)
	if c.pods, err = newKind(&c.watches, "pods", pods, ofPod); err != nil {
		return err
	}
	c.objects[source.Services], c.objects[source.Pods] = c.services, c.pods
	_, err = pods.AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: c.departed.add})
	return err
}

// Objects are the objects of every kind but TrafficSplits.
func (c *Catalog) Objects(kind source.Kind) Any { return Any{c.objects[kind]} }

// Run watches until the context ends: what everybody asks for at once, the rest once somebody does.
func (c *Catalog) Run(ctx context.Context) {
	c.Splits.watch()
	c.Proxies.watch()
	for _, kind := range atOnce {
		c.objects[kind].watch()
	}
	c.watches.run(ctx)
}

var atOnce = []source.Kind{source.Namespaces, source.Deployments, source.Pods}

// Ready returns nil once everything was listed that every installation has. TrafficSplits are not among it: without their
// CRD the rest still works.
func (c *Catalog) Ready() error {
	if err := c.Proxies.Synced(); err != nil {
		return err
	}
	for _, kind := range atOnce {
		if err := c.objects[kind].Synced(); err != nil {
			return err
		}
	}
	return nil
}

// Backends returns the names of a split's backends, in the order of its spec.
func (c *Catalog) Backends(namespace, name string) []string {
	s, exists := c.Splits.Get(namespace, name)
	if !exists {
		return nil
	}
	names := make([]string, len(s.Spec.Backends))
	for i, b := range s.Spec.Backends {
		names[i] = b.Service
	}
	return names
}

// Namespaces returns the names of all namespaces.
func (c *Catalog) Namespaces() []string {
	found := c.objects[source.Namespaces].in(metav1.NamespaceAll)
	names := make([]string, len(found))
	for i, o := range found {
		names[i] = o.Name
	}
	return names
}
