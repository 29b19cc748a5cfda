package enforce

import (
	"sync/atomic"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"
)

// Access keeps the SMI access objects, and the Graph of them. A kind that policy comes to know is added here, for all
// enforcement points at once.
type Access struct {
	Targets  *Mirror[*access.TrafficTarget]
	Groups   *Mirror[*specs.HTTPRouteGroup]
	Routes   *Mirror[*specs.TCPRoute]
	Bindings *Mirror[*access.IdentityBinding]

	changed atomic.Bool
	graph   *policy.Graph
}

// NewAccess returns an Access without objects that calls wake when there is another Graph.
func NewAccess(wake func()) *Access {
	a := &Access{}
	a.changed.Store(true)
	changed := func() {
		a.changed.Store(true)
		wake()
	}
	a.Targets = NewMirror(func(_, _ *access.TrafficTarget) { changed() })
	a.Groups = NewMirror(func(_, _ *specs.HTTPRouteGroup) { changed() })
	a.Routes = NewMirror(func(_, _ *specs.TCPRoute) { changed() })
	a.Bindings = NewMirror(func(_, _ *access.IdentityBinding) { changed() })
	return a
}

// Kinds are what Cluster.Watch has to watch.
func (a *Access) Kinds() []Kind {
	return []Kind{
		{Hub: access.GroupVersion, Name: "TrafficTarget", Object: &access.TrafficTarget{}, List: &access.TrafficTargetList{},
			Handler: a.Targets, Lacking: "policy allows nothing"},
		{Hub: specs.GroupVersion, Name: "HTTPRouteGroup", Object: &specs.HTTPRouteGroup{}, List: &specs.HTTPRouteGroupList{},
			Handler: a.Groups, Lacking: "rules that name one allow nothing"},
		{Hub: specs.GroupVersion, Name: "TCPRoute", Object: &specs.TCPRoute{}, List: &specs.TCPRouteList{},
			Handler: a.Routes, Lacking: "rules that name one allow nothing"},
		{Hub: access.BindingGroupVersion, Name: "IdentityBinding", Object: &access.IdentityBinding{}, List: &access.IdentityBindingList{},
			Handler: a.Bindings, Lacking: "TrafficTargets that name one allow it nothing"},
	}
}

// Graph returns the objects compiled as they are now. It is the same Graph as long as nothing has changed. Only one goroutine may
// call it.
func (a *Access) Graph() *policy.Graph {
	if a.changed.Swap(false) {
		a.graph = policy.Build(policy.Snapshot{
			TrafficTargets:   valuesOf(a.Targets.List()),
			HTTPRouteGroups:  valuesOf(a.Groups.List()),
			TCPRoutes:        valuesOf(a.Routes.List()),
			IdentityBindings: valuesOf(a.Bindings.List()),
		})
	}
	return a.graph
}

func valuesOf[T any](pointers []*T) []T {
	values := make([]T, len(pointers))
	for i, p := range pointers {
		values[i] = *p
	}
	return values
}
