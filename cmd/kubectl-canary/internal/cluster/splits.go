package cluster

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// splits reads TrafficSplits in the version that the cluster serves: a mesh may have brought a CRD that serves an old one alone. Which
// one is asked for once, and only by a command that reads them.
type splits struct {
	config *rest.Config
	once   sync.Once
	api    client.WithWatch
}

// splitsAPI is the client for TrafficSplits.
func (c *Client) splitsAPI(ctx context.Context) client.WithWatch {
	c.splits.once.Do(func() {
		c.splits.api = c.api
		text, err := c.raw.Get().AbsPath("/apis/" + split.GroupVersion.Group).DoRaw(ctx)
		group := metav1.APIGroup{}
		if err != nil || json.Unmarshal(text, &group) != nil {
			return // what reads TrafficSplits next says what is wrong
		}
		var served []string
		for _, version := range group.Versions {
			served = append(served, version.Version)
		}
		version := split.Preferred(served)
		if version == "" || version == split.GroupVersion.Version {
			return
		}
		if api, err := splitsIn(c.splits.config, version); err == nil {
			c.splits.api = api
		}
	})
	return c.splits.api
}

// splitsIn is a client that knows TrafficSplits in one version alone.
func splitsIn(config *rest.Config, version string) (client.WithWatch, error) {
	served := schema.GroupVersion{Group: split.GroupVersion.Group, Version: version}
	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(served, &split.TrafficSplit{}, &split.TrafficSplitList{})
	metav1.AddToGroupVersion(scheme, served)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(served.WithKind("TrafficSplit"), meta.RESTScopeNamespace)
	return client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
}
