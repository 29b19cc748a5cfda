package authz

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/enforce"
	"github.com/serin-dev/serin/policy"
)

const (
	// shortBreath is the least time between two states, so that a burst of changes costs one or two. In a large cluster that changes
	// all the time it is restFactor times what a state costs, but never more than longBreath.
	shortBreath = 10 * time.Millisecond
	longBreath  = 100 * time.Millisecond
	restFactor  = 4
)

// otherNamespaces and noNamespace label what has no namespace of the cluster, so that nobody can invent labels.
const (
	otherNamespaces = "(other)"
	noNamespace     = "(unknown)"
)

// state is what is known of the cluster. It does not change once it is made.
type state struct {
	graph      *policy.Graph
	pods       *enforce.Pods
	namespaces map[string]bool
	// broken is how many objects have problems, by kind.
	broken map[string]int
}

func newState(graph *policy.Graph, pods *enforce.Pods) *state {
	s := &state{graph: graph, pods: pods, namespaces: map[string]bool{}, broken: map[string]int{}}
	for pod := range pods.All() {
		s.namespaces[pod.Namespace] = true
	}
	var last policy.Problem
	for _, p := range graph.Problems() { // sorted, so that those of one object follow each other
		if p.Kind != last.Kind || p.Namespace != last.Namespace || p.Name != last.Name {
			s.broken[p.Kind]++
		}
		last = p
	}
	return s
}

// label is a namespace as a metric may name it: one that has a pod.
func (s *state) label(namespace string) string {
	switch {
	case namespace == "":
		return noNamespace
	case s == nil || !s.namespaces[namespace]:
		return otherNamespaces
	default:
		return namespace
	}
}

// watcher keeps the state of a judge up to date.
type watcher struct {
	cluster *enforce.Cluster
	pods    *enforce.PodWatch
	access  *enforce.Access
	// woken holds a token while there is something to look at.
	woken chan struct{}
}

func newWatcher(cluster *enforce.Cluster) *watcher {
	w := &watcher{cluster: cluster, woken: make(chan struct{}, 1)}
	w.pods, w.access = enforce.NewPodWatch(w.wake), enforce.NewAccess(w.wake)
	return w
}

func (w *watcher) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// run hands out a state as soon as everything was seen, and another one after each change, until the context ends.
func (w *watcher) run(ctx context.Context, put func(*state)) {
	always := map[client.Object]toolscache.ResourceEventHandler{&corev1.Pod{}: w.pods}
	if err := w.cluster.Watch(ctx, always, w.access.Kinds()); err != nil {
		return // the context ended before everything was seen
	}
	w.wake()
	w.follow(ctx, put)
}

// follow hands out a state whenever it is woken, until the context ends. A burst of changes is one state.
func (w *watcher) follow(ctx context.Context, put func(*state)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.woken:
		}
		began := time.Now()
		put(newState(w.access.Graph(), w.pods.Index()))
		select {
		case <-ctx.Done():
		case <-time.After(min(max(shortBreath, restFactor*time.Since(began)), longBreath)):
		}
	}
}
