package api

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/source"
)

// DefaultWindow is the window that is answered when the request does not say.
const DefaultWindow = 10 * time.Second

// Finder knows which objects of one kind exist.
type Finder[T metav1.Object] interface {
	// Ready returns nil if what Get and List say can be relied on, and else why not. It may wait a moment for that.
	Ready(ctx context.Context) error
	Get(namespace, name string) (T, bool)
	// List is sorted by namespace and name. An empty namespace means all of them.
	List(namespace string, selector labels.Selector) []T
}

// Backing is what answers come from.
type Backing struct {
	// Source has the numbers.
	Source source.Source
	// Now is the time.
	Now func() time.Time
	// Splits are the TrafficSplits, Objects the objects of every other kind.
	Splits  Finder[*split.TrafficSplit]
	Objects func(source.Kind) Finder[metav1.Object]
}

// Install adds the group to the server.
func Install(server *genericapiserver.GenericAPIServer, backing Backing) error {
	group := genericapiserver.NewDefaultAPIGroupInfo(smi.GroupVersion.Group, Scheme, metav1.ParameterCodec, Codecs.CodecFactory)
	group.NegotiatedSerializer = Codecs
	group.VersionedResourcesStorageMap[smi.GroupVersion.Version] = storages(backing)
	return server.InstallAPIGroup(&group)
}

// storages are the resources by path.
func storages(backing Backing) map[string]rest.Storage {
	all := map[string]rest.Storage{string(source.Backends): &splits{backing: backing}}
	for _, name := range kinds {
		k := kind{name: name, finder: backing.Objects(name)}
		all[k.resource()] = &objects{kind: k, backing: backing}
		all[k.resource()+"/edges"] = &edges{kind: k, backing: backing}
	}
	return all
}
