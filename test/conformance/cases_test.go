package conformance

import (
	"testing"
)

// row is a case.
type row struct {
	id, title string
	// from says where the case is from: the specification, its first implementation (smi-metrics), or Serin's own promises.
	from string
	// worlds are those in which the case is played: by default all of them.
	worlds []string
	// alone says that the case disturbs others.
	alone bool
	// shops are how many namespaces it needs, by default one; far that their pods have a node for themselves.
	shops int
	far   bool
	play  func(*testing.T, *stage)
}

// Names of the worlds.
const (
	worldProxies    = "proxies"
	worldPrometheus = "prometheus"
	worldLinkerd    = "linkerd"
)

var cases = []row{
	{id: "TM-01", title: "the group, its kinds and their verbs are discovered", from: "specification", play: discovery},
	{id: "TM-02", title: "200 requests answered 200 and 50 answered 500 are counted", from: "specification; smi-metrics README", play: requests},
	{id: "TM-03", title: "10 ms for 90 % and 200 ms for 10 % are the percentiles", from: "specification", play: latencies},
	{id: "TM-05", title: "the edges of b are from a and to c", from: "specification", play: edgesOfAChain},
	{id: "TM-07", title: "a split has an item for each backend, idle ones included", from: "specification", play: splitWithAnIdleBackend},
	{id: "TM-S1", title: "pods, services, nodes, namespaces and replicasets", from: "Serin: every kind of the specification",
		worlds: []string{worldProxies}, far: true, play: otherKinds},
	{id: "TM-S2", title: "two Deployments that call each other have two edges each", from: "Serin; smi-metrics loses one of them", play: edgesBothWays},
	{id: "TM-S3", title: "Deployments of one name in two namespaces are two", from: "Serin; smi-metrics compares names only", shops: 2, play: oneNameTwice},
	{id: "TM-S4", title: "no requests are zero, no object is 404, a bad window 400, a forgotten one 410", from: "Serin; smi-metrics answers 500", play: refusals},
	{id: "TM-S5", title: "two replicas agree on every window", from: "Serin", play: replicasAgree},
	{id: "TM-S6", title: "kubectl prints tables", from: "Serin", worlds: []string{worldProxies, worldPrometheus}, play: tables},
	{id: "TM-S7", title: "without its source it says so, and counts on when it is back", from: "Serin; smi-metrics answers zero",
		worlds: []string{worldProxies, worldPrometheus}, alone: true, play: sourceStops},
}

// worlds are started one after the other behind one control plane.
var worlds = []struct {
	name  string
	start func(*testing.T, *cluster, *mesh) *stage
}{
	{worldProxies, inProxies},
	{worldPrometheus, inPrometheus},
	{worldLinkerd, inLinkerd},
}

// TestTrafficMetrics plays every case in every world.
func TestTrafficMetrics(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane and a Prometheus")
	}
	c := startCluster(t)
	m := startMesh(t, c)
	for _, w := range worlds {
		t.Run(w.name, func(t *testing.T) {
			playAll(t, w.name, w.start(t, c, m))
		})
	}
}
