package cluster

import (
	"context"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
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
		answer, err := c.raw.Get().AbsPath(split.GroupPath).DoRaw(ctx)
		if err != nil {
			return // what reads TrafficSplits next says what is wrong
		}
		version, err := split.Discovered(answer)
		if err != nil || version == split.GroupVersion.Version {
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
	scheme := runtime.NewScheme()
	served := split.AddVersionToScheme(scheme, version)
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(served.WithKind("TrafficSplit"), meta.RESTScopeNamespace)
	return client.NewWithWatch(config, client.Options{Scheme: scheme, Mapper: mapper})
}
