package api

import (
	"strings"

	"github.com/emicklei/go-restful/v3"
	apiopenapi "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

// openAPI configures the descriptions of the API in both versions of OpenAPI.
func openAPI() (*common.Config, *common.OpenAPIV3Config) {
	names := apiopenapi.NewDefinitionNamer(Scheme)
	v2 := genericapiserver.DefaultOpenAPIConfig(openAPIDefinitions, names)
	v3 := genericapiserver.DefaultOpenAPIV3Config(openAPIDefinitions, names)
	v2.Info.Title, v3.Info.Title = "Serin TrafficMetrics", "Serin TrafficMetrics"
	v2.GetOperationIDAndTagsFromRoute, v3.GetOperationIDAndTagsFromRoute = operation, operation
	v2.GetDefinitionName, v3.GetDefinitionName = published(names), published(names)
	v3.Definitions = openAPIDefinitions(func(name string) spec.Ref {
		name, _ = v3.GetDefinitionName(name)
		return spec.MustCreateRef("#/components/schemas/" + name)
	})
	return v2, v3
}

// published names the group's kinds after the specification instead of after the Go package.
func published(names *apiopenapi.DefinitionNamer) func(string) (string, spec.Extensions) {
	return func(name string) (string, spec.Extensions) {
		short, ours := strings.CutPrefix(name, modelPrefix)
		if !ours {
			return names.GetDefinitionName(name)
		}
		_, extensions := names.GetDefinitionName(util.ToRESTFriendlyName(name))
		return "io.smi-spec.metrics." + smi.GroupVersion.Version + "." + short, extensions
	}
}

// operation names an operation. By default that is its verb and kind; here all resources share one kind, so the resource is
// added.
func operation(r common.Route) (id string, tags []string, err error) {
	id, tags, err = apiopenapi.GetOperationIDAndTags(&restful.Route{Operation: r.OperationName(), Path: r.Path()})
	rest, ours := strings.CutPrefix(r.Path(), "/apis/"+smi.GroupVersion.String()+"/")
	if !ours {
		return id, tags, err
	}
	for part := range strings.SplitSeq(rest, "/") {
		if !strings.HasPrefix(part, "{") {
			id += apiopenapi.ToValidOperationID(part, true)
		}
	}
	return id, tags, err
}
