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
	"github.com/serin-dev/serin/metrics/window"
)

const splitKind = "TrafficSplit"

// splits serves trafficsplits: one item per backend, counted by the callers' side.
type splits struct {
	splitsTable

	source Source
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
	if err := ready(s.source.Splits); err != nil {
		return nil, err
	}
	namespace := request.NamespaceValue(ctx)
	found, exists := s.source.Splits.Get(namespace, name)
	if !exists {
		return nil, notFound("trafficsplits", name)
	}
	list := newList(smi.ObjectReference{Kind: splitKind, Namespace: namespace, Name: name})
	return list, s.fill(ctx, list, []*split.TrafficSplit{found})
}

// List returns a list with the backends of all selected splits.
func (s *splits) List(ctx context.Context, options *metainternalversion.ListOptions) (runtime.Object, error) {
	if err := ready(s.source.Splits); err != nil {
		return nil, err
	}
	wanted, err := selected(ctx, options)
	if err != nil {
		return nil, err
	}
	list := newList(smi.ObjectReference{Kind: splitKind, Namespace: wanted.namespace})
	list.Selector = wanted.echo
	return list, s.fill(ctx, list, find(s.source.Splits, wanted))
}

// fill adds an item per backend of each split, in the order of its spec.
func (s *splits) fill(ctx context.Context, list *smi.TrafficMetricsList, found []*split.TrafficSplit) error {
	read, err := s.source.read(ctx)
	if err != nil {
		return err
	}
	wanted := map[window.Backend]bool{}
	for _, one := range found {
		for _, b := range one.Spec.Backends {
			wanted[backendOf(one, b)] = true
		}
	}
	counts := window.Group(read.Window, func(s *window.Series) (window.Backend, bool) {
		backend := window.Backend{Namespace: s.Namespace, Split: s.Split, Apex: s.Apex, Backend: s.Backend}
		return backend, wanted[backend]
	})
	list.Items = make([]smi.TrafficMetrics, 0, len(wanted))
	for _, one := range found {
		for _, b := range one.Spec.Backends {
			list.Items = append(list.Items, read.backendItem(backendOf(one, b), counts[backendOf(one, b)]))
		}
	}
	return nil
}

func backendOf(s *split.TrafficSplit, b split.Backend) window.Backend {
	return window.Backend{Namespace: s.Namespace, Split: s.Name, Apex: s.Spec.Service, Backend: b.Service}
}

func (r reading) backendItem(b window.Backend, counts *window.Counts) smi.TrafficMetrics {
	item := r.item(smi.ObjectReference{Kind: splitKind, Namespace: b.Namespace, Name: b.Split}, counts)
	item.Edge = smi.Edge{Direction: from, Side: client}
	item.Backend = &smi.Backend{Apex: b.Apex, Name: b.Backend}
	if weight, agreed := r.Weights[b]; agreed {
		item.Backend.Weight = &weight
	}
	return item
}
