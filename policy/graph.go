package policy

import (
	"cmp"
	"slices"
)

// Graph is a Snapshot compiled for answering Requests. It does not change once built, so any number of readers may share it.
// The zero Graph denies everything.
type Graph struct {
	destinations map[Identity]*destination
	problems     []Problem
}

// destination is what the TrafficTargets say about who may call one identity.
type destination struct {
	// bySource are the compiled TrafficTargets that name a source, sorted by name.
	bySource map[Identity][]*target
	// void is the first of them by name that grants nothing to anybody, to explain a denial with; nil when there is none.
	void *target
}

// Build compiles a snapshot. It never fails: what is wrong with an object is a Problem of the graph and grants nothing.
// The order of the objects in the snapshot is of no consequence, and the snapshot is not kept.
func Build(s Snapshot) *Graph {
	c := compiler{groups: map[objectName]*group{}, ports: map[objectName]*portSet{}}
	for i := range s.HTTPRouteGroups {
		c.addGroup(&s.HTTPRouteGroups[i])
	}
	for i := range s.TCPRoutes {
		c.addTCPRoute(&s.TCPRoutes[i])
	}
	targets := make([]*target, 0, len(s.TrafficTargets))
	for i := range s.TrafficTargets {
		targets = append(targets, c.compileTarget(&s.TrafficTargets[i]))
	}
	return &Graph{destinations: index(targets), problems: sortProblems(c.problems)}
}

// Problems are what is wrong with the objects of the snapshot, sorted by kind, namespace and name, then by reason and message.
func (g *Graph) Problems() []Problem {
	return slices.Clone(g.problems)
}

// index files targets under their destination and each of their sources.
func index(targets []*target) map[Identity]*destination {
	slices.SortStableFunc(targets, func(a, b *target) int { return a.name.compare(b.name) })
	destinations := map[Identity]*destination{}
	for _, t := range targets {
		if !t.destination.isKnown() {
			continue
		}
		d := destinations[t.destination]
		if d == nil {
			d = &destination{bySource: map[Identity][]*target{}}
			destinations[t.destination] = d
		}
		if t.void != "" && d.void == nil {
			d.void = t
		}
		for _, source := range t.sources {
			named := d.bySource[source]
			if len(named) == 0 || named[len(named)-1] != t { // A target may name a source twice.
				d.bySource[source] = append(named, t)
			}
		}
	}
	return destinations
}

func sortProblems(problems []Problem) []Problem {
	slices.SortFunc(problems, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Reason, b.Reason),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(problems)
}

// objectName is the namespace and name of an object of a known kind.
type objectName struct {
	namespace, name string
}

func (o objectName) String() string {
	return o.namespace + "/" + o.name
}

func (o objectName) compare(other objectName) int {
	return cmp.Or(cmp.Compare(o.namespace, other.namespace), cmp.Compare(o.name, other.name))
}

// String is the namespace and name of the ServiceAccount, as in shop/web.
func (i Identity) String() string {
	return i.Namespace + "/" + i.ServiceAccount
}

// isKnown reports whether both halves of an identity are there; half an identity is nobody's.
func (i Identity) isKnown() bool {
	return i.Namespace != "" && i.ServiceAccount != ""
}
