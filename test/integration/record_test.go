package integration_test

import (
	"context"
	"slices"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// record holds every state of the objects of a kind that a watch of the API server told of, in order.
type record[T client.Object] struct {
	mu     sync.Mutex
	states []state[T]
}

// state is one state of one object.
type state[T client.Object] struct {
	object  T
	deleted bool
}

// recordOf watches the objects of a namespace until the spec ends.
func recordOf[T client.Object](ctx context.Context, namespace string, list client.ObjectList) *record[T] {
	GinkgoHelper()
	stream, err := watcher.Watch(context.WithoutCancel(ctx), list, client.InNamespace(namespace))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(stream.Stop)
	r := &record[T]{}
	go func() {
		for event := range stream.ResultChan() {
			if object, ok := event.Object.(T); ok {
				r.mu.Lock()
				r.states = append(r.states, state[T]{object, event.Type == watch.Deleted})
				r.mu.Unlock()
			}
		}
	}()
	return r
}

// of are the states of one object up to now.
func (r *record[T]) of(name string) []T {
	var found []T
	for _, s := range r.all() {
		if s.object.GetName() == name && !s.deleted {
			found = append(found, s.object)
		}
	}
	return found
}

// all are the states of all objects up to now.
func (r *record[T]) all() []state[T] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.states)
}

// names are the names of all objects that ever were, each once, in the order in which they came.
func (r *record[T]) names() []string {
	var names []string
	for _, s := range r.all() {
		if !slices.Contains(names, s.object.GetName()) {
			names = append(names, s.object.GetName())
		}
	}
	return names
}

// splits holds every state of a shop's TrafficSplit.
type splits struct {
	*record[*split.TrafficSplit]
	name string
}

func recordSplits(ctx context.Context, s *shop) splits {
	GinkgoHelper()
	return splits{recordOf[*split.TrafficSplit](ctx, s.namespace, &split.TrafficSplitList{}), s.name}
}

// weights are the backends and weights that it ever had, in order, each once in a row.
func (s splits) weights() []string {
	var all []string
	for _, state := range s.of(s.name) {
		all = append(all, written(state))
	}
	return slices.Compact(all)
}

// expect waits until the watch has told of the last weights, and compares them all. Each has to sum to 100.
func (s splits) expect(want ...string) {
	GinkgoHelper()
	Eventually(s.weights).Should(ContainElement(want[len(want)-1]))
	Expect(s.weights()).To(Equal(want))
	for _, state := range s.of(s.name) {
		total := int64(0)
		for _, b := range state.Spec.Backends {
			total += b.Weight
		}
		Expect(total).To(BeEquivalentTo(100), written(state))
	}
}
