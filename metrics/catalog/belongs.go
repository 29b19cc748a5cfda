package catalog

import (
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/serin-dev/serin/metrics/source"
)

// podHash is the label by which Deployments tell the pods of their ReplicaSets apart; a ReplicaSet's name ends with its value.
const podHash = "pod-template-hash"

// Belongs returns the objects of the kind that a pod belongs to. A pod that is not known belongs to nothing but its namespace.
func (c *Catalog) Belongs(pod source.Object, kind source.Kind) ([]source.Object, error) {
	if kind == source.Namespaces {
		return []source.Object{{Name: pod.Namespace}}, nil
	}
	if err := c.pods.Synced(); err != nil {
		return nil, err
	}
	found, exists := c.pods.Get(pod.Namespace, pod.Name)
	if !exists {
		if found = c.departed.get(types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}); found == nil {
			return nil, nil
		}
	}
	if kind == source.Services || kind == source.Backends {
		return c.selecting(found)
	}
	return found.owners(kind), nil
}

// owners returns the workload that made the pod, or its node.
func (o *Object) owners(kind source.Kind) []source.Object {
	of := o.belongs
	switch {
	case kind == source.Nodes && of.node != "":
		return []source.Object{{Name: of.node}}
	case kind == source.Deployments && of.kind == source.ReplicaSets && o.Labels[podHash] != "":
		if name, made := strings.CutSuffix(of.name, "-"+o.Labels[podHash]); made {
			return []source.Object{{Namespace: o.Namespace, Name: name}}
		}
	case kind == of.kind && of.name != "":
		return []source.Object{{Namespace: o.Namespace, Name: of.name}}
	}
	return nil
}

// selecting returns the Services that select the pod.
func (c *Catalog) selecting(pod *Object) ([]source.Object, error) {
	if err := c.services.Synced(); err != nil {
		return nil, err
	}
	var services []source.Object
	for _, s := range c.services.in(pod.Namespace) {
		if s.selector != nil && s.selector.Matches(labels.Set(pod.Labels)) {
			services = append(services, source.Object{Namespace: s.Namespace, Name: s.Name})
		}
	}
	return services, nil
}

// departed remembers pods that are gone, for as long as a window may reach back to them.
type departed struct {
	mu   sync.Mutex
	pods map[types.NamespacedName]departure
	// now reads the clock.
	now func() time.Time
}

type departure struct {
	pod *Object
	at  time.Time
}

const (
	// rememberFor is how long a pod is remembered, and mostDeparted how many are.
	rememberFor  = 15 * time.Minute
	mostDeparted = 20_000
)

func (d *departed) add(object any) {
	if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = unknown.Obj
	}
	pod, ok := object.(*Object)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	d.pods[pod.key()] = departure{pod, now}
	if len(d.pods) <= mostDeparted {
		return
	}
	for name, left := range d.pods { // all of those that are too old, and any if they are too many
		if now.Sub(left.at) > rememberFor || len(d.pods) > mostDeparted {
			delete(d.pods, name)
		}
	}
}

func (d *departed) get(name types.NamespacedName) *Object {
	d.mu.Lock()
	defer d.mu.Unlock()
	left, known := d.pods[name]
	if !known || d.now().Sub(left.at) > rememberFor {
		delete(d.pods, name)
		return nil
	}
	return left.pod
}
