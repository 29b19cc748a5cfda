package api

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/window"
)

// DefaultWindow is the window that is answered when the request does not say.
const DefaultWindow = 10 * time.Second

// Measurements are the counts. window.Store has them.
type Measurements interface {
	Read(length time.Duration, now time.Time) (window.Reading, error)
}

// Finder knows which objects of one kind exist.
type Finder[T metav1.Object] interface {
	// Ready returns nil if what Get and List say can be relied on, and else why not.
	Ready() error
	Get(namespace, name string) (T, bool)
	// List is sorted by namespace and name. An empty namespace means all of them.
	List(namespace string, selector labels.Selector) []T
}

// Source is where answers come from.
type Source struct {
	Measurements Measurements
	// Now is the time.
	Now func() time.Time

	Splits                        Finder[*split.TrafficSplit]
	Deployments, Pods, Namespaces Finder[*metav1.PartialObjectMetadata]
}

// Install adds the group to the server.
func Install(server *genericapiserver.GenericAPIServer, source Source) error {
	group := genericapiserver.NewDefaultAPIGroupInfo(smi.GroupVersion.Group, Scheme, metav1.ParameterCodec, Codecs.CodecFactory)
	group.NegotiatedSerializer = Codecs
	group.VersionedResourcesStorageMap[smi.GroupVersion.Version] = storages(source)
	return server.InstallAPIGroup(&group)
}

// storages are the resources by path.
func storages(source Source) map[string]rest.Storage {
	all := map[string]rest.Storage{"trafficsplits": &splits{source: source}}
	for _, kind := range []kind{
		{name: "Deployment", resource: "deployments", finder: source.Deployments, served: servedByWorkload, called: calledByWorkload},
		{name: "Pod", resource: "pods", finder: source.Pods, served: servedByPod, called: calledByPod},
		{name: "Namespace", resource: "namespaces", finder: source.Namespaces, served: servedByNamespace, called: calledByNamespace},
	} {
		all[kind.resource] = &objects{kind: kind, source: source}
		all[kind.resource+"/edges"] = &edges{kind: kind, source: source}
	}
	return all
}
