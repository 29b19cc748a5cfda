package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/cache"
)

// patience is how long a question waits for the first list of a kind.
const patience = 5 * time.Second

// Kind is a watch on all objects of one resource, which begins with the first question. It is safe for concurrent use.
type Kind[T metav1.Object] struct {
	resource string
	informer cache.SharedIndexInformer
	begin    sync.Once
	watches  *watches
	// failure is the last error of the watch, as a string.
	failure atomic.Value
}

// watches are those that were begun. They run while the catalog does.
type watches struct {
	mu      sync.Mutex
	ctx     context.Context
	running sync.WaitGroup
	waiting []func(context.Context)
}

// begin runs a watch, now or as soon as the catalog runs.
func (w *watches) begin(watch func(context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.ctx == nil:
		w.waiting = append(w.waiting, watch)
	case w.ctx.Err() == nil:
		w.running.Go(func() { watch(w.ctx) })
	}
}

// run runs what was begun, and what will be, until the context ends.
func (w *watches) run(ctx context.Context) {
	w.mu.Lock()
	w.ctx = ctx
	waiting := w.waiting
	w.waiting = nil
	w.mu.Unlock()
	for _, watch := range waiting {
		w.begin(watch)
	}
	<-ctx.Done()
	w.mu.Lock() // nothing is added any more once this is held: begin looks at the context
	defer w.mu.Unlock()
	w.running.Wait()
}

// newKind keeps of every object what keep returns.
func newKind[From any, T metav1.Object](w *watches, resource string, informer cache.SharedIndexInformer, keep func(From) T) (*Kind[T], error) {
	k := &Kind[T]{resource: resource, informer: informer, watches: w}
	if err := informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *cache.Reflector, err error) {
		k.failure.Store(err.Error())
		cache.DefaultWatchErrorHandler(ctx, r, err)
	}); err != nil {
		return nil, err
	}
	err := informer.SetTransform(func(object any) (any, error) {
		if found, ok := object.(From); ok {
			return keep(found), nil
		}
		return object, nil
	})
	return k, err
}

// watch begins the watch.
func (k *Kind[T]) watch() { k.begin.Do(func() { k.watches.begin(k.informer.RunWithContext) }) }

// Ready begins the watch if need be and returns nil once the first list has come. It waits for that for some seconds, and
// then says why it has not.
func (k *Kind[T]) Ready(ctx context.Context) error {
	k.watch()
	if k.informer.HasSynced() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = wait.PollUntilContextCancel(ctx, 50*time.Millisecond, true, func(context.Context) (bool, error) {
		return k.informer.HasSynced(), nil
	}) // Synced says what came of it
	return k.Synced()
}

// Synced begins the watch if need be and returns nil if the first list has come, and else why it has not.
func (k *Kind[T]) Synced() error {
	k.watch()
	if k.informer.HasSynced() {
		return nil
	}
	if why, failed := k.failure.Load().(string); failed {
		return fmt.Errorf("%s could not be listed: %s", k.resource, why)
	}
	return fmt.Errorf("%s have not been listed yet", k.resource)
}

// in returns the objects in the namespace, or everywhere if it is empty, in no order.
func (k *Kind[T]) in(namespace string) []T {
	var objects []any
	if namespace == metav1.NamespaceAll {
		objects = k.informer.GetStore().List()
	} else {
		objects, _ = k.informer.GetIndexer().ByIndex(cache.NamespaceIndex, namespace) // every informer has this index
	}
	found := make([]T, 0, len(objects))
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// Get returns the object, and false if it does not exist. The namespace is empty for what lies in none.
func (k *Kind[T]) Get(namespace, name string) (T, bool) {
	object, exists, err := k.informer.GetStore().GetByKey(cache.NewObjectName(namespace, name).String())
	found, ok := object.(T)
	return found, ok && exists && err == nil
}

// List returns the objects in the namespace, or everywhere if it is empty, by namespace and name.
func (k *Kind[T]) List(namespace string, selector labels.Selector) []T {
	found := slices.DeleteFunc(k.in(namespace), func(o T) bool { return !selector.Matches(labels.Set(o.GetLabels())) })
	slices.SortFunc(found, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return found
}

// Any is a Kind whose objects are only known by their names and labels.
type Any struct{ *Kind[*Object] }

// Get returns the object, and false if it does not exist.
func (a Any) Get(namespace, name string) (metav1.Object, bool) { return a.Kind.Get(namespace, name) }

// List returns the objects in the namespace, or everywhere if it is empty, by namespace and name.
func (a Any) List(namespace string, selector labels.Selector) []metav1.Object {
	found := a.Kind.List(namespace, selector)
	objects := make([]metav1.Object, len(found))
	for i, o := range found {
		objects[i] = o
	}
	return objects
}
