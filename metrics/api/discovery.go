package api

import (
	"net/http"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	discovery "k8s.io/apiserver/pkg/endpoints/discovery/aggregated"
	genericapiserver "k8s.io/apiserver/pkg/server"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
)

// Configure prepares the generic machinery for the group.
func Configure(c *genericapiserver.Config) {
	c.Serializer = Codecs
	c.OpenAPIConfig, c.OpenAPIV3Config = openAPI()
	c.AggregatedDiscoveryGroupManager = ownKinds{discovery.NewResourceManager("apis")}
	c.BuildHandlerChainFunc = func(handler http.Handler, c *genericapiserver.Config) http.Handler {
		return genericapiserver.DefaultBuildHandlerChain(withRequest(handler), c)
	}
}

// ownKinds tells kinds of resources apart in the aggregated form of discovery. The specification gives all resources the kind
// TrafficMetrics, and so does the plain form, at the group version's own path. But kubectl goes from a resource to its kind
// and from there back to a resource: with one kind for all, "kubectl get pods.metrics.smi-spec.io" would show TrafficSplits.
type ownKinds struct{ discovery.ResourceManager }

// AddGroupVersion adds the version with a kind for each resource. TrafficSplits keep the published one.
func (k ownKinds) AddGroupVersion(group string, version apidiscoveryv2.APIVersionDiscovery) {
	if group == smi.GroupVersion.Group {
		version = *version.DeepCopy()
		for i := range version.Resources {
			if name := source.Kind(version.Resources[i].Resource); name != source.Backends {
				version.Resources[i].ResponseKind.Kind = kindNames[name] + "Metrics"
			}
		}
	}
	k.ResourceManager.AddGroupVersion(group, version)
}
