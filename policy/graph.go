package policy

import (
	"cmp"
	"slices"
)

// Graph is a Snapshot compiled for answering Requests. It does not change once built, so any number of readers may share it.
// The zero Graph denies everything.
type Graph struct {
	destinations register[destination]
	targets      []*target
	problems     []Problem
	udp          []Problem // what is wrong where no UDP is carried
}

// destination is what the TrafficTargets say about who may call the workloads that are known in one way.
type destination struct {
	sources register[roster]
	// lame is the first of them by name that is void or has a source that is nobody, to explain a denial with; nil when there is
	// none.
	lame *target
}

// roster is the compiled TrafficTargets that name a source, sorted by name.
type roster struct {
	targets []*target
}

// Build compiles a snapshot. It never fails: what is wrong with an object is a Problem of the graph and grants nothing.
// The order of the objects in the snapshot is of no consequence, and the snapshot is not kept.
func Build(s Snapshot) *Graph {
	c := compiler{
		groups: map[objectName]*group{}, tcp: map[objectName]*portSet{}, udp: map[objectName]*portSet{}, bindings: map[objectName]*party{},
	}
	for i := range s.IdentityBindings {
		c.addBinding(&s.IdentityBindings[i])
	}
	for i := range s.HTTPRouteGroups {
		c.addGroup(&s.HTTPRouteGroups[i])
	}
	for i := range s.TCPRoutes {
		c.addTCPRoute(&s.TCPRoutes[i])
	}
	for i := range s.UDPRoutes {
		c.addUDPRoute(&s.UDPRoutes[i])
	}
	targets := make([]*target, 0, len(s.TrafficTargets))
	for i := range s.TrafficTargets {
		targets = append(targets, c.compileTarget(&s.TrafficTargets[i]))
	}
	return &Graph{destinations: index(targets), targets: targets, problems: sortProblems(c.problems), udp: sortProblems(c.udpOnly)}
}

// Problems are what is wrong with the objects of the snapshot, sorted by kind, namespace and name, then by reason and message.
func (g *Graph) Problems() []Problem {
	return slices.Clone(g.problems)
}

// Unsupported is what is wrong with the objects at an enforcement point that carries these protocols and no other: rules that
// grant what it cannot let through. They grant nothing there and take nothing away. It is sorted as Problems are.
func (g *Graph) Unsupported(carried ...Protocol) []Problem {
	if slices.Contains(carried, UDP) {
		return nil
	}
	return slices.Clone(g.udp)
}

// index files targets under their destination and each of their sources.
func index(targets []*target) register[destination] {
	slices.SortStableFunc(targets, func(a, b *target) int { return a.name.compare(b.name) })
	var destinations register[destination]
	for _, t := range targets {
		for _, d := range destinations.of(&t.destination) {
			if d.lame == nil && (t.void != "" || t.nobody != "") {
				d.lame = t
			}
			for i := range t.sources {
				for _, r := range d.sources.of(&t.sources[i]) {
					if len(r.targets) == 0 || r.targets[len(r.targets)-1] != t { // A target may name a source twice.
						r.targets = append(r.targets, t)
					}
				}
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
