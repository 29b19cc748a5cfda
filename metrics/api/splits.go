package api

import (
	"context"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// splits serves trafficsplits: one item per backend.
type splits struct {
	splitsTable

	backing Backing
}

var (
	_ rest.Storage              = &splits{}
	_ rest.Scoper               = &splits{}
	_ rest.SingularNameProvider = &splits{}
	_ rest.Getter               = &splits{}
	_ rest.Lister               = &splits{}
)

// New returns an empty item.
func (*splits) New() runtime.Object { return &smi.TrafficMetrics{} }

// NewList returns an empty list.
func (*splits) NewList() runtime.Object { return &smi.TrafficMetricsList{} }

// Destroy has nothing to do.
func (*splits) Destroy() {}

// NamespaceScoped is true.
func (*splits) NamespaceScoped() bool { return true }

// GetSingularName is what kubectl accepts beside the plural.
func (*splits) GetSingularName() string { return "trafficsplit" }

// Get returns a list with the backends of one split.
func (s *splits) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	if err := ready(ctx, s.backing.Splits); err != nil {
		return nil, err
	}
	namespace := request.NamespaceValue(ctx)
	found, exists := s.backing.Splits.Get(namespace, name)
	if !exists {
		return nil, notFound("trafficsplits", name)
	}
	list := newList(smi.ObjectReference{Kind: kindNames[source.Backends], Namespace: namespace, Name: name})
	return list, s.fill(ctx, list, []*split.TrafficSplit{found})
}

// List returns a list with the backends of all selected splits.
func (s *splits) List(ctx context.Context, options *metainternalversion.ListOptions) (runtime.Object, error) {
	if err := ready(ctx, s.backing.Splits); err != nil {
		return nil, err
	}
	wanted, err := selected(ctx, options)
	if err != nil {
		return nil, err
	}
	list := newList(smi.ObjectReference{Kind: kindNames[source.Backends], Namespace: wanted.namespace})
	list.Selector = wanted.echo
	return list, s.fill(ctx, list, find(s.backing.Splits, wanted))
}

// fill adds an item per backend of each split, in the order of its spec.
func (s *splits) fill(ctx context.Context, list *smi.TrafficMetricsList, found []*split.TrafficSplit) error {
	read, err := s.backing.read(ctx, source.Question{Kind: source.Backends, Namespace: list.Resource.Namespace})
	if err != nil {
		return err
	}
	for _, one := range found {
		for _, b := range one.Spec.Backends {
			list.Items = append(list.Items, read.backendItem(one, b.Service))
		}
	}
	return nil
}

func (r reading) backendItem(s *split.TrafficSplit, backend string) smi.TrafficMetrics {
	of := source.Object{Namespace: s.Namespace, Name: backend, Split: s.Name, Apex: s.Spec.Service}
	item := r.item(smi.ObjectReference{Kind: kindNames[source.Backends], Namespace: s.Namespace, Name: s.Name}, r.ofBackend(of))
	item.Edge = smi.Edge{Direction: string(source.From), Side: string(r.Side)}
	item.Backend = &smi.Backend{Apex: of.Apex, Name: backend}
	if weight, agreed := r.Weights[of]; agreed {
		item.Backend.Weight = &weight
	}
	return item
}

// ofBackend returns what was counted for a backend by a source that may not know its split, or its apex either.
func (r reading) ofBackend(of source.Object) *window.Counts {
	if counts := r.Counts[source.Pair{Of: of}]; counts != nil {
		return counts
	}
	of.Split = ""
	if counts := r.Counts[source.Pair{Of: of}]; counts != nil {
		return counts
	}
	of.Apex = ""
	return r.Counts[source.Pair{Of: of}]
}
