package traffic

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/smi/metrics"
)

// Graph is who calls whom.
type Graph struct {
	// Resource is the kind of which objects were listed, Namespace where, empty for all.
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	// Nodes and Edges are sorted by namespace and name.
	Nodes []Node `json:"nodes"`
	Edges []Edge `json:"edges"`
	// Problems say in a sentence each what was not understood, or not read.
	Problems []string `json:"problems,omitempty"`
}

// Node is one object.
type Node struct {
	Object
	// Listed says that the server lists it; the others were only named by an edge.
	Listed bool `json:"listed"`
	// Idle says that it neither served nor sent a request that is known.
	Idle bool `json:"idle"`
	// Unread says that its edges could not be read.
	Unread bool `json:"edgesUnread,omitempty"`
	// Served are its own numbers.
	Served *Numbers `json:"served,omitempty"`
}

// Edge is the requests from one object to another. Both ways between two objects are two edges.
type Edge struct {
	From Object `json:"from"`
	To   Object `json:"to"`
	// Split is the TrafficSplit that sends requests this way, and Weight the weight it applies; nil when nobody says.
	Split  string `json:"split,omitempty"`
	Weight *int64 `json:"weight,omitempty"`
	// Numbers are those that are shown, CountedBy says of which side: server or client.
	Numbers   Numbers `json:"numbers"`
	CountedBy string  `json:"countedBy,omitempty"`
	// Server and Client are what each side counted.
	Server *Numbers `json:"server,omitempty"`
	Client *Numbers `json:"client,omitempty"`
}

// way is what makes an edge one: its ends, and the split it belongs to.
type way struct {
	from, to Object
	split    string
}

// builder puts a Graph together.
type builder struct {
	q        Question
	nodes    map[Object]*Node
	edges    map[way]*Edge
	problems problems
}

// NewGraph makes the graph of a list and of the answers to the questions for the edges of its objects. A list of TrafficSplits is
// a graph by itself.
func NewGraph(q Question, list Answer, edges map[Object]Answer, unread map[Object]string) Graph {
	b := &builder{q: q, nodes: map[Object]*Node{}, edges: map[way]*Edge{}}
	b.problems.of(q, list)
	for i := range list.Items {
		if q.Kind.Resource == Splits {
			b.split(&list.Items[i])
			continue
		}
		of := q.Of(&list.Items[i])
		if of.Name == "" {
			b.problems.add("an item names no object and is left out", "")
			continue
		}
		n := b.node(of)
		numbers := NumbersOf(&list.Items[i])
		n.Listed, n.Served = true, &numbers
	}
	for _, of := range slices.SortedFunc(maps.Keys(edges), Object.compare) {
		b.problems.of(q, edges[of])
		for i := range edges[of].Items {
			b.edge(of, &edges[of].Items[i])
		}
	}
	for _, of := range slices.SortedFunc(maps.Keys(unread), Object.compare) {
		b.node(of).Unread = true
		b.problems.add("its edges cannot be read: "+unread[of], of.full())
	}
	return b.graph()
}

func (b *builder) node(o Object) *Node {
	n, known := b.nodes[o]
	if !known {
		n = &Node{Object: o}
		b.nodes[o] = n
	}
	return n
}

// split adds the way from an apex to one of its backends.
func (b *builder) split(item *metrics.TrafficMetrics) {
	of := b.q.Of(item)
	if item.Backend == nil || item.Backend.Name == "" {
		b.problems.add("an item names no backend and is left out", of.full())
		return
	}
	apex := cmp.Or(item.Backend.Apex, of.Name)
	w := way{
		from:  Object{Kind: "service", Namespace: of.Namespace, Name: apex},
		to:    Object{Kind: "service", Namespace: of.Namespace, Name: item.Backend.Name},
		split: of.Name,
	}
	b.node(w.from).Listed, b.node(w.to).Listed = true, true
	numbers := NumbersOf(item)
	b.counted(w, cmp.Or(item.Edge.Side, client), numbers).Weight = item.Backend.Weight
}

// edge adds what one end of an edge counted.
func (b *builder) edge(of Object, item *metrics.TrafficMetrics) {
	q := b.q
	q.Namespace = of.Namespace
	other := q.object(item.Edge.Resource)
	direction, side := ways(item.Edge)
	numbers := NumbersOf(item)
	switch {
	case other.Name == "":
		b.problems.add("an edge names no other end and is left out", of.full())
		return
	case direction == "":
		b.problems.add(fmt.Sprintf("the edge with %s says no direction and is left out", other.Name), of.full())
		return
	case !numbers.busy():
		return
	}
	w := way{from: of, to: other}
	if direction == from {
		w = way{from: other, to: of}
	}
	b.node(other)
	b.counted(w, side, numbers)
}

// counted keeps the numbers of one side. Of two answers for the same side the first one stays: they are equal, or nobody can say
// which one holds.
func (b *builder) counted(w way, side string, numbers Numbers) *Edge {
	e, known := b.edges[w]
	if !known {
		e = &Edge{From: w.from, To: w.to, Split: w.split}
		b.edges[w] = e
	}
	switch {
	case side == server && e.Server == nil:
		e.Server = &numbers
	case side != server && e.Client == nil:
		e.Client = &numbers
	}
	return e
}

// graph sorts all, and decides whose numbers are shown and who is idle.
func (b *builder) graph() Graph {
	g := Graph{Resource: b.q.Kind.Resource, Namespace: b.q.Namespace, Nodes: []Node{}, Edges: []Edge{}, Problems: b.problems.lines()}
	touched := map[Object]bool{}
	for _, e := range b.edges {
		e.choose()
		if e.Numbers.busy() {
			touched[e.From], touched[e.To] = true, true
		}
		g.Edges = append(g.Edges, *e)
	}
	for o, n := range b.nodes {
		served := n.Served != nil && n.Served.Requests != nil && *n.Served.Requests > 0
		n.Idle = n.Listed && !n.Unread && !touched[o] && !served
		g.Nodes = append(g.Nodes, *n)
	}
	slices.SortFunc(g.Nodes, func(a, b Node) int { return a.compare(b.Object) })
	slices.SortFunc(g.Edges, func(a, b Edge) int {
		return cmp.Or(a.From.compare(b.From), strings.Compare(a.Split, b.Split), a.To.compare(b.To))
	})
	return g
}

// choose prefers the server's numbers, which has seen what reached it; the client's are shown where the server counted nothing.
func (e *Edge) choose() {
	switch {
	case e.Server != nil && e.Server.Requests != nil && *e.Server.Requests > 0, e.Client == nil:
		e.Numbers, e.CountedBy = *e.Server, server
	case e.Client.Requests != nil || e.Server == nil:
		e.Numbers, e.CountedBy = *e.Client, client
	default:
		e.Numbers, e.CountedBy = *e.Server, server
	}
}
