package api

import (
	"cmp"
	"context"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/window"
)

// edges serves the pairs that exchanged requests, of one object and others of its kind. Both ways between two objects are
// two edges, and objects of one name in two namespaces are two objects.
type edges struct {
	edgesTable

	kind   kind
	source Source
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
	read, err := e.source.read(ctx)
	if err != nil {
		return nil, err
	}
	list := newList(e.kind.reference(asked))
	e.add(list, read, asked, way{direction: from, side: server, here: e.kind.served, there: e.kind.called})
	e.add(list, read, asked, way{direction: to, side: client, here: e.kind.called, there: e.kind.served})
	return list, nil
}

// way is one of the two ways in which requests may go.
type way struct {
	direction, side string
	here, there     func(*window.Series) end
}

// add adds an item per object at the other end of requests that went the way.
func (e *edges) add(list *smi.TrafficMetricsList, read reading, asked end, w way) {
	counts := window.Group(read.Window, func(s *window.Series) (end, bool) {
		other := w.there(s)
		return other, w.here(s) == asked && e.known(other)
	})
	others := slices.SortedFunc(maps.Keys(counts), func(a, b end) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	})
	for _, other := range others {
		if counts[other].Requests() == 0 {
			continue
		}
		item := read.item(e.kind.reference(asked), counts[other])
		item.Edge = smi.Edge{Direction: w.direction, Side: w.side, Resource: e.kind.reference(other)}
		list.Items = append(list.Items, item)
	}
}

// known reports whether the other end is an object of the kind. A pod or namespace is one by its name, even if it is gone by
// now; a workload may be of another kind, so it is a Deployment only if there is one.
func (e *edges) known(other end) bool {
	if other.name == "" || e.kind.name != "Deployment" {
		return other.name != ""
	}
	_, exists := e.kind.finder.Get(other.namespace, other.name)
	return exists
}
