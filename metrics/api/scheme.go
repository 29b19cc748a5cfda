package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

// Scheme has the kinds that are served; nothing else is registered in it.
var Scheme = newScheme()

// Codecs encode the kinds of Scheme as JSON and YAML. The kinds have no protobuf form.
var Codecs = textCodecs{serializer.NewCodecFactory(Scheme)}

func newScheme() *runtime.Scheme {
	scheme := runtime.NewScheme()
	utilruntime.Must(smi.AddToScheme(scheme))
	// The options of requests, and the answers that belong to no group, are of version v1 everywhere.
	v1 := schema.GroupVersion{Version: "v1"}
	metav1.AddToGroupVersion(scheme, v1)
	scheme.AddUnversionedTypes(v1, &metav1.Status{}, &metav1.APIVersions{}, &metav1.APIGroupList{}, &metav1.APIGroup{}, &metav1.APIResourceList{})
	return scheme
}

type textCodecs struct{ serializer.CodecFactory }

// SupportedMediaTypes leaves protobuf out.
func (c textCodecs) SupportedMediaTypes() []runtime.SerializerInfo {
	var text []runtime.SerializerInfo
	for _, info := range c.CodecFactory.SupportedMediaTypes() {
		if info.MediaType == runtime.ContentTypeJSON || info.MediaType == runtime.ContentTypeYAML {
			text = append(text, info)
		}
	}
	return text
}
