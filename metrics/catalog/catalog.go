package catalog

import (
	"context"
	"net/http"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	discoveryinformers "k8s.io/client-go/informers/discovery/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/api/smi/split"
)

// Catalog is everything that is watched.
type Catalog struct {
	Splits      *Kind[*split.TrafficSplit]
	Deployments *Kind[*metav1.PartialObjectMetadata]
	Pods        *Kind[*metav1.PartialObjectMetadata]
	Namespaces  *Kind[*metav1.PartialObjectMetadata]
	// Proxies are the EndpointSlices of the proxies' Service.
	Proxies *Kind[*discoveryv1.EndpointSlice]
}

var byNamespace = cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}

// New returns a catalog that is empty until Run. proxies names the Service whose endpoints are the proxies.
func New(config *rest.Config, client *http.Client, proxies types.NamespacedName) (*Catalog, error) {
	c := &Catalog{}
	if err := c.watchMetadata(config, client); err != nil {
		return nil, err
	}
	if err := c.watchSplits(config, client); err != nil {
		return nil, err
	}
	return c, c.watchProxies(config, client, proxies)
}

func (c *Catalog) watchMetadata(config *rest.Config, client *http.Client) error {
	objects, err := metadata.NewForConfigAndClient(metadata.ConfigFor(config), client)
	if err != nil {
		return err
	}
	for _, kind := range []struct {
		resource schema.GroupVersionResource
		into     **Kind[*metav1.PartialObjectMetadata]
	}{
		{schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, &c.Deployments},
		{schema.GroupVersionResource{Version: "v1", Resource: "pods"}, &c.Pods},
		{schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}, &c.Namespaces},
	} {
		informer := metadatainformer.NewFilteredMetadataInformer(objects, kind.resource, metav1.NamespaceAll, 0, byNamespace, nil)
		*kind.into, err = newKind(kind.resource.GroupResource().String(), informer.Informer(), nameAndLabels)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalog) watchSplits(config *rest.Config, client *http.Client) error {
	scheme := runtime.NewScheme()
	if err := split.AddToScheme(scheme); err != nil {
		return err
	}
	config = rest.CopyConfig(config)
	config.GroupVersion, config.APIPath = &split.GroupVersion, "/apis"
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	splits, err := rest.RESTClientForConfigAndClient(config, client)
	if err != nil {
		return err
	}
	resource := split.GroupVersion.WithResource("trafficsplits")
	source := cache.NewListWatchFromClient(splits, resource.Resource, metav1.NamespaceAll, fields.Everything())
	informer := cache.NewSharedIndexInformer(source, &split.TrafficSplit{}, 0, byNamespace)
	c.Splits, err = newKind(resource.GroupResource().String(), informer, func(s *split.TrafficSplit) *split.TrafficSplit {
		s.ManagedFields, s.Annotations = nil, nil
		return s
	})
	return err
}

func (c *Catalog) watchProxies(config *rest.Config, client *http.Client, proxies types.NamespacedName) error {
	objects, err := kubernetes.NewForConfigAndClient(config, client)
	if err != nil {
		return err
	}
	ofService := func(o *metav1.ListOptions) {
		o.LabelSelector = labels.Set{discoveryv1.LabelServiceName: proxies.Name}.String()
	}
	informer := discoveryinformers.NewFilteredEndpointSliceInformer(objects, proxies.Namespace, 0, byNamespace, ofService)
	c.Proxies, err = newKind("endpointslices.discovery.k8s.io", informer, func(s *discoveryv1.EndpointSlice) *discoveryv1.EndpointSlice {
		s.ManagedFields = nil
		return s
	})
	return err
}

// nameAndLabels keeps what the API answers from: a pod's annotations alone may be larger than all of that.
func nameAndLabels(o *metav1.PartialObjectMetadata) *metav1.PartialObjectMetadata {
	kept := &metav1.PartialObjectMetadata{TypeMeta: o.TypeMeta}
	kept.Namespace, kept.Name, kept.Labels, kept.ResourceVersion = o.Namespace, o.Name, o.Labels, o.ResourceVersion
	return kept
}

// Run watches until the context ends.
func (c *Catalog) Run(ctx context.Context) {
	var watches sync.WaitGroup
	for _, informer := range []cache.SharedIndexInformer{
		c.Splits.informer, c.Deployments.informer, c.Pods.informer, c.Namespaces.informer, c.Proxies.informer,
	} {
		watches.Go(func() { informer.RunWithContext(ctx) })
	}
	watches.Wait()
}

// Ready returns nil once everything was listed that every installation has. TrafficSplits are not among it: without their
// CRD the rest still works.
func (c *Catalog) Ready() error {
	for _, k := range []interface{ Ready() error }{c.Proxies, c.Namespaces, c.Deployments, c.Pods} {
		if err := k.Ready(); err != nil {
			return err
		}
	}
	return nil
}
