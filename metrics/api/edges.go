package api

import (
	"cmp"
	"context"
	"errors"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/source"
)

// edges serves the pairs that exchanged requests, of one object and others of its kind. Both ways between two objects are
// two edges, and objects of one name in two namespaces are two objects.
type edges struct {
	edgesTable

	kind    kind
	backing Backing
}

var (
	_ rest.Storage = &edges{}
	_ rest.Getter  = &edges{}
)

// New returns an empty list: there is no single edge to get.
func (*edges) New() runtime.Object { return &smi.TrafficMetricsList{} }

// Destroy has nothing to do.
func (*edges) Destroy() {}

// Get returns the edges of one object.
func (e *edges) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	asked, err := e.kind.find(ctx, name)
	if err != nil {
		return nil, err
	}
	list := newList(e.kind.reference(asked))
	var measured bool
	var unmeasured error
	for _, edge := range []source.Edge{source.From, source.To} {
		read, err := e.backing.ask(ctx, e.kind.question(asked, edge))
		switch {
		case errors.As(err, new(*source.UnmeasuredError)):
			unmeasured = err
		case err != nil:
			return nil, status(err)
		default:
			measured = true
			e.add(list, read, asked, edge)
		}
	}
	if !measured {
		return nil, status(unmeasured)
	}
	return list, nil
}

// add adds an item per object at the other end.
func (e *edges) add(list *smi.TrafficMetricsList, read reading, asked source.Object, edge source.Edge) {
	var others []source.Object
	for pair, counts := range read.Counts {
		if pair.Of == asked && counts.Requests() > 0 && e.kind.shown(pair.Other) {
			others = append(others, pair.Other)
		}
	}
	slices.SortFunc(others, func(a, b source.Object) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	for _, other := range others {
		item := read.item(e.kind.reference(asked), read.Counts[source.Pair{Of: asked, Other: other}])
		item.Edge = smi.Edge{Direction: string(edge), Side: string(read.Side), Resource: e.kind.reference(other)}
		list.Items = append(list.Items, item)
	}
}
