package api

import (
	"context"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
)

// objects serves the requests that the objects of a kind served.
type objects struct {
	objectsTable

	kind    kind
	backing Backing
}

var (
	_ rest.Storage              = &objects{}
	_ rest.Scoper               = &objects{}
	_ rest.SingularNameProvider = &objects{}
	_ rest.Getter               = &objects{}
	_ rest.Lister               = &objects{}
)

// New returns an empty item.
func (*objects) New() runtime.Object { return &smi.TrafficMetrics{} }

// NewList returns an empty list.
func (*objects) NewList() runtime.Object { return &smi.TrafficMetricsList{} }

// Destroy has nothing to do.
func (*objects) Destroy() {}

// NamespaceScoped is false for namespaces only.
func (o *objects) NamespaceScoped() bool { return o.kind.name.Namespaced() }

// GetSingularName is what kubectl accepts beside the plural.
func (o *objects) GetSingularName() string { return o.kind.singular() }

// Get returns the numbers of one object.
func (o *objects) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	asked, err := o.kind.find(ctx, name)
	if err != nil {
		return nil, err
	}
	read, err := o.backing.read(ctx, o.kind.question(asked, source.All))
	if err != nil {
		return nil, err
	}
	item := o.item(read, asked)
	return &item, nil
}

// List returns the numbers of all selected objects.
func (o *objects) List(ctx context.Context, options *metainternalversion.ListOptions) (runtime.Object, error) {
	if err := ready(ctx, o.kind.finder); err != nil {
		return nil, err
	}
	wanted, err := selected(ctx, options)
	if err != nil {
		return nil, err
	}
	read, err := o.backing.read(ctx, source.Question{Kind: o.kind.name, Namespace: wanted.namespace})
	if err != nil {
		return nil, err
	}
	list := newList(smi.ObjectReference{Kind: kindNames[o.kind.name], Namespace: wanted.namespace})
	list.Selector = wanted.echo
	for _, object := range find(o.kind.finder, wanted) {
		list.Items = append(list.Items, o.item(read, source.Object{Namespace: object.GetNamespace(), Name: object.GetName()}))
	}
	return list, nil
}

func (o *objects) item(read reading, of source.Object) smi.TrafficMetrics {
	item := read.item(o.kind.reference(of), read.Counts[source.Pair{Of: of}])
	item.Edge = smi.Edge{Direction: string(source.From), Side: string(read.Side)}
	return item
}
