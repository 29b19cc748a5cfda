package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/tools/cache"
)

// Kind is a watch on all objects of one resource. It is safe for concurrent use.
type Kind[T metav1.Object] struct {
	resource string
	informer cache.SharedIndexInformer
	// failure is the last error of the watch, as a string.
	failure atomic.Value
}

// newKind keeps of every object what keep returns.
func newKind[T metav1.Object](resource string, informer cache.SharedIndexInformer, keep func(T) T) (*Kind[T], error) {
	k := &Kind[T]{resource: resource, informer: informer}
	if err := informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *cache.Reflector, err error) {
		k.failure.Store(err.Error())
		cache.DefaultWatchErrorHandler(ctx, r, err)
	}); err != nil {
		return nil, err
	}
	err := informer.SetTransform(func(object any) (any, error) {
		if found, ok := object.(T); ok {
			return keep(found), nil
		}
		return object, nil
	})
	return k, err
}

// Ready returns nil once the first list has come, and else why it has not.
func (k *Kind[T]) Ready() error {
	if k.informer.HasSynced() {
		return nil
	}
	if why, failed := k.failure.Load().(string); failed {
		return fmt.Errorf("%s could not be listed: %s", k.resource, why)
	}
	return fmt.Errorf("%s have not been listed yet", k.resource)
}

// Get returns the object, and false if it does not exist. The namespace is empty for what lies in none.
func (k *Kind[T]) Get(namespace, name string) (T, bool) {
	object, exists, err := k.informer.GetStore().GetByKey(cache.NewObjectName(namespace, name).String())
	found, ok := object.(T)
	return found, ok && exists && err == nil
}

// List returns the objects in the namespace, or everywhere if it is empty, by namespace and name.
func (k *Kind[T]) List(namespace string, selector labels.Selector) []T {
	var objects []any
	if namespace == metav1.NamespaceAll {
		objects = k.informer.GetStore().List()
	} else {
		objects, _ = k.informer.GetIndexer().ByIndex(cache.NamespaceIndex, namespace) // every informer has this index
	}
	found := make([]T, 0, len(objects))
	for _, object := range objects {
		if o, ok := object.(T); ok && selector.Matches(labels.Set(o.GetLabels())) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return found
}
