package routes

import (
	"fmt"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"
)

// operation is a match with a request that it describes.
type operation struct {
	specs.HTTPMatch

	method, sample string
}

// graph allows what belongs to an operation's match and nothing else.
func (o operation) graph() *policy.Graph {
	someone := access.Subject{Kind: "ServiceAccount", Name: nobody.ServiceAccount}
	tt := access.TrafficTarget{Spec: access.TrafficTargetSpec{
		Destination: someone, Sources: []access.Subject{someone}, Rules: []access.Rule{{Kind: "HTTPRouteGroup", Name: "routes"}},
	}}
	group := specs.HTTPRouteGroup{Spec: specs.HTTPRouteGroupSpec{Matches: []specs.HTTPMatch{o.HTTPMatch}}}
	tt.Namespace, group.Namespace, group.Name = nobody.Namespace, nobody.Namespace, "routes"
	return policy.Build(policy.Snapshot{TrafficTargets: []access.TrafficTarget{tt}, HTTPRouteGroups: []specs.HTTPRouteGroup{group}})
}

var nobody = policy.Identity{Namespace: "nowhere", ServiceAccount: "nobody"}

// belongs says whether a graph allows the request of an operation.
func (o operation) belongs(g *policy.Graph) bool {
	return g.Authorize(policy.Request{
		Source: nobody, Destination: nobody, Port: 1, Protocol: policy.HTTP, Method: o.method, Path: o.sample,
	}).Allowed
}

// overlaps says which matches meet another operation's requests as well: a server takes the path without parameters first, which a
// regular expression cannot say.
func overlaps(all []operation) []string {
	var notes []string
	for _, o := range all {
		graph := o.graph()
		for _, other := range all {
			if o.PathRegex != other.PathRegex && other.belongs(graph) {
				notes = append(notes, fmt.Sprintf("match %s meets %s %s too, which is match %s: who may use the one may use the other",
					o.Name, other.method, other.sample, other.Name))
			}
		}
	}
	return notes
}
