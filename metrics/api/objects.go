package api

import (
	"context"

	metainternalversion "k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/metrics/window"
)

// end is one end of a request; the namespace is empty for what lies in none, the name for what is not known.
type end struct{ namespace, name string }

// kind is a resource whose objects serve and send requests.
type kind struct {
	name, resource string
	finder         Finder[*metav1.PartialObjectMetadata]
	// served and called say which object of the kind served the requests of a series, and which one sent them.
	served, called func(*window.Series) end
}

func servedByWorkload(s *window.Series) end  { return end{s.Namespace, s.Workload} }
func calledByWorkload(s *window.Series) end  { return end{s.CallerNamespace, s.CallerWorkload} }
func servedByPod(s *window.Series) end       { return end{s.Namespace, s.Pod} }
func calledByPod(s *window.Series) end       { return end{s.CallerNamespace, s.CallerPod} }
func servedByNamespace(s *window.Series) end { return end{name: s.Namespace} }
func calledByNamespace(s *window.Series) end { return end{name: s.CallerNamespace} }

func (k kind) namespaced() bool { return k.resource != "namespaces" }

func (k kind) reference(e end) smi.ObjectReference {
	return smi.ObjectReference{Kind: k.name, Namespace: e.namespace, Name: e.name}
}

// find returns the object a request names.
func (k kind) find(ctx context.Context, name string) (end, error) {
	if err := ready(k.finder); err != nil {
		return end{}, err
	}
	asked := end{name: name}
	if k.namespaced() {
		asked.namespace = request.NamespaceValue(ctx)
	}
	if _, exists := k.finder.Get(asked.namespace, name); !exists {
		return end{}, notFound(k.resource, name)
	}
	return asked, nil
}

// objects serves the requests that the objects of a kind served.
type objects struct {
	objectsTable

	kind   kind
	source Source
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
func (o *objects) NamespaceScoped() bool { return o.kind.namespaced() }

// GetSingularName is what kubectl accepts beside the plural.
func (o *objects) GetSingularName() string { return o.kind.resource[:len(o.kind.resource)-1] }

// Get returns the numbers of one object.
func (o *objects) Get(ctx context.Context, name string, _ *metav1.GetOptions) (runtime.Object, error) {
	asked, err := o.kind.find(ctx, name)
	if err != nil {
		return nil, err
	}
	read, err := o.source.read(ctx)
	if err != nil {
		return nil, err
	}
	counts := window.Group(read.Window, func(s *window.Series) (end, bool) {
		e := o.kind.served(s)
		return e, e == asked
	})
	item := o.item(read, asked, counts[asked])
	return &item, nil
}

// List returns the numbers of all selected objects.
func (o *objects) List(ctx context.Context, options *metainternalversion.ListOptions) (runtime.Object, error) {
	if err := ready(o.kind.finder); err != nil {
		return nil, err
	}
	wanted, err := selected(ctx, options)
	if err != nil {
		return nil, err
	}
	read, err := o.source.read(ctx)
	if err != nil {
		return nil, err
	}
	counts := window.Group(read.Window, func(s *window.Series) (end, bool) {
		e := o.kind.served(s)
		return e, e.name != "" && (wanted.namespace == "" || e.namespace == wanted.namespace)
	})
	list := newList(smi.ObjectReference{Kind: o.kind.name, Namespace: wanted.namespace})
	list.Selector = wanted.echo
	for _, object := range find(o.kind.finder, wanted) {
		e := end{object.GetNamespace(), object.GetName()}
		list.Items = append(list.Items, o.item(read, e, counts[e]))
	}
	return list, nil
}

func (o *objects) item(read reading, e end, counts *window.Counts) smi.TrafficMetrics {
	item := read.item(o.kind.reference(e), counts)
	item.Edge = smi.Edge{Direction: from, Side: server}
	return item
}
