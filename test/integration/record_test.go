package integration_test

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// record holds every state of the objects of a kind that a watch of the API server told of, in order.
type record[T client.Object] struct {
	namespace string
	list      client.ObjectList

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
	r := &record[T]{namespace: namespace, list: list}
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

// catchUp waits until the watch has told of everything that is so now. What a spec reads comes another way and may be ahead
// of it, so whoever looks at all states asks for this first.
func (r *record[T]) catchUp(ctx context.Context) {
	GinkgoHelper()
	now := r.list.DeepCopyObject().(client.ObjectList)
	Expect(user.List(ctx, now, client.InNamespace(r.namespace))).To(Succeed())
	Eventually(func() []string { return r.untold(now) }).Should(BeEmpty(), "the watch never told of these")
}

// untold names what a list says that the watch has not told of: an object's state, or that an object is gone.
func (r *record[T]) untold(list client.ObjectList) []string {
	GinkgoHelper()
	told, last := map[string]bool{}, map[types.UID]state[T]{}
	for _, s := range r.all() {
		told[string(s.object.GetUID())+" "+s.object.GetResourceVersion()] = true
		last[s.object.GetUID()] = s
	}
	var untold []string
	Expect(meta.EachListItem(list, func(item runtime.Object) error {
		object := item.(client.Object)
		if !told[string(object.GetUID())+" "+object.GetResourceVersion()] {
			untold = append(untold, object.GetName()+" as it is")
		}
		delete(last, object.GetUID())
		return nil
	})).To(Succeed())
	for _, s := range last {
		order, err := resourceversion.CompareResourceVersion(s.object.GetResourceVersion(), list.GetResourceVersion())
		Expect(err).NotTo(HaveOccurred())
		if !s.deleted && order <= 0 { // else it was made after the list
			untold = append(untold, s.object.GetName()+" is gone")
		}
	}
	return untold
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

// expect waits until the watch has told of as many weights, and compares them all. Each has to sum to 100.
func (s splits) expect(want ...string) {
	GinkgoHelper()
	Eventually(func() int { return len(s.weights()) }).Should(BeNumerically(">=", len(want)), func() string { return strings.Join(s.weights(), "\n") })
	Expect(s.weights()).To(Equal(want))
	for _, state := range s.of(s.name) {
		total := int64(0)
		for _, b := range state.Spec.Backends {
			total += b.Weight
		}
		Expect(total).To(BeEquivalentTo(100), written(state))
	}
}
