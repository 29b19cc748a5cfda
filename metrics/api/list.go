package api

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/endpoints/request"

	smi "github.com/serin-dev/serin/api/smi/metrics"
)

// newList is a list without items, for what was asked for.
func newList(asked smi.ObjectReference) *smi.TrafficMetricsList {
	return &smi.TrafficMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: smi.GroupVersion.String(), Kind: "TrafficMetricsList"},
		Resource: asked,
		Items:    []smi.TrafficMetrics{},
	}
}

// selection is what a list request selects.
type selection struct {
	namespace string
	labels    labels.Selector
	fields    fields.Selector
	// echo repeats the label selector in the answer.
	echo *metav1.LabelSelector
}

func selected(ctx context.Context, options *metainternalversion.ListOptions) (selection, error) {
	s := selection{namespace: request.NamespaceValue(ctx), labels: labels.Everything(), fields: fields.Everything()}
	if options == nil {
		return s, nil
	}
	if options.FieldSelector != nil {
		s.fields = options.FieldSelector
	}
	if options.LabelSelector == nil || options.LabelSelector.Empty() {
		return s, nil
	}
	echo, err := metav1.ParseToLabelSelector(options.LabelSelector.String())
	if err != nil {
		return s, apierrors.NewBadRequest(err.Error())
	}
	s.labels, s.echo = options.LabelSelector, echo
	return s, nil
}

// find returns the selected objects. The generic machinery lets no field pass but name and namespace.
func find[T metav1.Object](finder Finder[T], s selection) []T {
	found := finder.List(s.namespace, s.labels)
	if s.fields.Empty() {
		return found
	}
	return slices.DeleteFunc(found, func(o T) bool {
		return !s.fields.Matches(fields.Set{"metadata.name": o.GetName(), "metadata.namespace": o.GetNamespace()})
	})
}
