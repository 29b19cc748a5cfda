package enforce

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Mirror keeps the newest state of every object of one kind, as its informer tells it. It implements
// toolscache.ResourceEventHandler. The objects are the informer's own: nobody may change them.
type Mirror[T client.Object] struct {
	// changed is told of each change, with the zero T for the state before an object was there, or after it was gone.
	changed func(before, after T)

	mu      sync.Mutex
	objects map[types.NamespacedName]T
}

// NewMirror returns an empty mirror that tells of each change.
func NewMirror[T client.Object](changed func(before, after T)) *Mirror[T] {
	return &Mirror[T]{changed: changed, objects: map[types.NamespacedName]T{}}
}

// List returns every object, in no order.
func (m *Mirror[T]) List() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]T, 0, len(m.objects))
	for _, object := range m.objects {
		all = append(all, object)
	}
	return all
}

// OnAdd implements toolscache.ResourceEventHandler.
func (m *Mirror[T]) OnAdd(object any, _ bool) {
	if typed, ok := object.(T); ok {
		m.put(typed)
	}
}

// OnUpdate implements toolscache.ResourceEventHandler.
func (m *Mirror[T]) OnUpdate(_, object any) {
	if typed, ok := object.(T); ok {
		m.put(typed)
	}
}

// OnDelete implements toolscache.ResourceEventHandler.
func (m *Mirror[T]) OnDelete(object any) {
	if unknown, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	typed, ok := object.(T)
	if !ok {
		return
	}
	m.mu.Lock()
	before, known := m.objects[client.ObjectKeyFromObject(typed)]
	delete(m.objects, client.ObjectKeyFromObject(typed))
	m.mu.Unlock()
	if known {
		var gone T
		m.changed(before, gone)
	}
}

func (m *Mirror[T]) put(object T) {
	m.mu.Lock()
	before := m.objects[client.ObjectKeyFromObject(object)]
	m.objects[client.ObjectKeyFromObject(object)] = object
	m.mu.Unlock()
	m.changed(before, object)
}
