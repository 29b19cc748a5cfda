package cluster

import (
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// store holds the objects of one kind for a Feed, whose lock it takes. It is the end of a reflector of client-go.
type store struct {
	feed    *Feed
	objects map[string]client.Object
	// read says that the kind was read for the first time.
	read bool
}

func key(o client.Object) string { return o.GetNamespace() + "/" + o.GetName() }

// Add takes an object in.
func (s *store) Add(o any) error { return s.Update(o) }

// Update takes an object in, in place of what it was before.
func (s *store) Update(o any) error {
	object, fits := o.(client.Object)
	if !fits {
		return fmt.Errorf("%T is no object", o)
	}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	s.objects[key(object)] = object
	s.feed.tell()
	return nil
}

// Delete forgets an object.
func (s *store) Delete(o any) error {
	object, fits := o.(client.Object)
	if !fits {
		return fmt.Errorf("%T is no object", o)
	}
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	delete(s.objects, key(object))
	s.feed.tell()
	return nil
}

// Replace takes a whole list in.
func (s *store) Replace(list []any, _ string) error {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	clear(s.objects)
	for _, o := range list {
		if object, fits := o.(client.Object); fits {
			s.objects[key(object)] = object
		}
	}
	s.feed.arrived(s)
	return nil
}

// Resync has nothing to do: nobody keeps what a store said.
func (s *store) Resync() error { return nil }
