package conformance

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"
)

// world is what counts requests, and those who send them.
type world interface {
	// open makes a namespace with the shop in it, whose requests are counted from then on.
	open(ctx context.Context, namespace string) error
	// call sends requests and returns how each of them went, for those who sent them.
	call(ctx context.Context, c call) ([]result, error)
	// stop takes away what the numbers come from, and start brings it back.
	stop(ctx context.Context) error
	start(ctx context.Context) error
	// facts are what the worlds differ in.
	facts() facts
}

// facts are what is right for one world only.
type facts struct {
	// shortest is the shortest window.
	shortest time.Duration
	// settling is how long a server needs to know all who count; 0 if there is only one.
	settling time.Duration
	// weights says that the data plane tells which weights it applies. Series of a mesh count requests and nothing else, so a
	// weight that is only written somewhere must not be answered: it may not have landed.
	weights bool
	// apexes says that it is known through which split a request went. Where it is not, a backend's requests are those of every
	// split that names the backend.
	apexes bool
	// callers is the side that knows who calls whom, of the edges from others.
	callers string
	// refused are windows that cannot be asked for, and the beginnings of the sentences about them.
	refused map[string]string
	// forgotten begins the sentence about a time that is years ago, unknown that about one before the source was there.
	forgotten, unknown string
	// down begins the sentence while the source is stopped, and kept says whether requests that were sent meanwhile are counted
	// once it is back.
	down string
	kept bool
}

// call is a number of equal requests.
type call struct {
	// namespace and caller are the Deployment that calls.
	namespace, caller string
	// apex is the Service that is called, in the namespace "in", which is by default the caller's.
	apex, in string
	count    int
	// status is what is answered, by default 200, and takes how long that takes at least.
	status int
	takes  time.Duration
	// then is an apex that whoever answers calls in turn.
	then string
}

func (c call) target() string {
	if c.in != "" {
		return c.in
	}
	return c.namespace
}

// result is one request as those saw it who sent and answered it.
type result struct {
	// backend is the Service behind the apex whose pod answered.
	backend string
	failed  bool
	// least and most are bounds of how long it took: what its answer took, and what its caller waited.
	least, most time.Duration
}

// of counts the results of a backend.
func of(results []result, backend string) counts {
	var n counts
	for _, r := range results {
		switch {
		case r.backend != backend:
			continue
		case r.failed:
			n.failure++
		default:
			n.success++
		}
		n.timed++
	}
	return n
}

// quantile returns bounds of the duration that the share q of the requests did not exceed.
func quantile(results []result, q float64) (least, most time.Duration) {
	at := max(0, int(math.Ceil(q*float64(len(results))))-1)
	var lower, upper []time.Duration
	for _, r := range results {
		lower, upper = append(lower, r.least), append(upper, r.most)
	}
	slices.Sort(lower)
	slices.Sort(upper)
	return lower[at], upper[at]
}

// stage is where a case plays: a world with two servers, and a namespace with a shop.
type stage struct {
	world
	facts

	cluster   *cluster
	replicas  []*replica
	namespace string
}

// send sends requests from and to the shop's namespace, unless the call says otherwise.
func (s *stage) send(t *testing.T, c call) []result {
	t.Helper()
	if c.namespace == "" {
		c.namespace = s.namespace
	}
	results, err := s.call(t.Context(), c)
	must(t, err)
	return results
}

// path is the path of something in the shop's namespace.
func (s *stage) path(rest string) string { return group + "/namespaces/" + s.namespace + rest }

// question asks the cluster's API server about a path.
func (s *stage) question(path string) *question {
	return &question{path: path, askers: []asker{s.cluster.ask}}
}
