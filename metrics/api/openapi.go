package api

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	aggregator "k8s.io/kube-aggregator/pkg/generated/openapi"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// openAPIDefinitions describe the served kinds, and the kinds of the machinery they are made of.
func openAPIDefinitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	all := aggregator.GetOpenAPIDefinitions(ref)
	for _, m := range models {
		all[modelPrefix+m.name] = m.definition(ref)
	}
	return all
}

// modelPrefix precedes the name of a Go type to make the name under which the machinery looks for its description.
const modelPrefix = "github.com/serin-dev/serin/api/smi/metrics."

// model is one kind or part of one.
type model struct {
	name, description string
	fields            []field
}

// field is one field: of a plain type, or another model, or a list of one.
type field struct {
	name, description string
	plain, format     string
	model, listOf     string
	required          bool
}

var (
	kindFields = []field{
		{name: "kind", description: "The kind of the object.", plain: "string"},
		{name: "apiVersion", description: "The group and version of the kind.", plain: "string"},
	}
	models = []model{
		{"TrafficMetrics", "TrafficMetrics is what one resource, edge or split backend saw during one window.", append(kindFields[:2:2],
			field{name: "metadata", description: "Name and namespace of what was measured.", model: metav1.ObjectMeta{}.OpenAPIModelName()},
			field{name: "resource", description: "What was measured.", model: modelPrefix + "ObjectReference", required: true},
			field{name: "edge", description: "The other end; empty means all of them together.", model: modelPrefix + "Edge", required: true},
			field{name: "backend", description: "Which backend of a TrafficSplit the numbers belong to.", model: modelPrefix + "Backend"},
			field{name: "timestamp", description: "The end of the window.", model: metav1.Time{}.OpenAPIModelName(), required: true},
			field{name: "window", description: "The length of the window.", model: metav1.Duration{}.OpenAPIModelName(), required: true},
			field{name: "metrics", description: "The numbers.", listOf: modelPrefix + "Metric", required: true},
		)},
		{"TrafficMetricsList", "TrafficMetricsList is a list of TrafficMetrics.", append(kindFields[:2:2],
			field{name: "metadata", description: "Not used.", model: metav1.ListMeta{}.OpenAPIModelName()},
			field{name: "resource", description: "What was asked for.", model: modelPrefix + "ObjectReference", required: true},
			field{name: "selector", description: "The label selector of the request.", model: metav1.LabelSelector{}.OpenAPIModelName()},
			field{name: "items", description: "The items.", listOf: modelPrefix + "TrafficMetrics", required: true},
		)},
		{"ObjectReference", "ObjectReference names a resource.", []field{
			{name: "kind", description: "The kind of the resource.", plain: "string"},
			{name: "namespace", description: "The namespace of the resource.", plain: "string"},
			{name: "name", description: "The name of the resource.", plain: "string"},
		}},
		{"Edge", "Edge says between whom and where the numbers were taken.", []field{
			{name: "direction", description: "Whether requests came from or went to the other end: to or from.", plain: "string"},
			{name: "side", description: "Which end counted: client or server.", plain: "string"},
			{name: "resource", description: "The other end.", model: modelPrefix + "ObjectReference", required: true},
		}},
		{"Backend", "Backend identifies one backend of a TrafficSplit.", []field{
			{name: "apex", description: "The Service that clients call.", plain: "string", required: true},
			{name: "name", description: "The backend Service.", plain: "string", required: true},
			{name: "weight", description: "The weight every ready proxy applies now.", plain: "integer", format: "int64"},
		}},
		{"Metric", "Metric is one number.", []field{
			{name: "name", description: "The name of the metric.", plain: "string", required: true},
			{name: "unit", description: "The unit of a latency.", plain: "string"},
			{name: "value", description: "The number.", model: resource.Quantity{}.OpenAPIModelName(), required: true},
		}},
	}
)

func (m model) definition(ref common.ReferenceCallback) common.OpenAPIDefinition {
	schema := spec.Schema{SchemaProps: spec.SchemaProps{
		Description: m.description, Type: []string{"object"}, Properties: map[string]spec.Schema{},
	}}
	var dependencies []string
	for _, f := range m.fields {
		schema.Properties[f.name] = f.schema(ref)
		if f.required {
			schema.Required = append(schema.Required, f.name)
		}
		if other := f.model + f.listOf; other != "" {
			dependencies = append(dependencies, other)
		}
	}
	return common.OpenAPIDefinition{Schema: schema, Dependencies: dependencies}
}

func (f field) schema(ref common.ReferenceCallback) spec.Schema {
	s := spec.Schema{SchemaProps: spec.SchemaProps{Description: f.description}}
	switch {
	case f.plain != "":
		s.Type, s.Format = []string{f.plain}, f.format
	case f.model != "":
		s.Default, s.Ref = map[string]any{}, ref(f.model)
	default:
		item := spec.Schema{SchemaProps: spec.SchemaProps{Default: map[string]any{}, Ref: ref(f.listOf)}}
		s.Type, s.Items = []string{"array"}, &spec.SchemaOrArray{Schema: &item}
	}
	return s
}
