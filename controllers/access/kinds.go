package access

import (
	"context"
	"sync/atomic"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/policy"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// kind is a kind of access objects, which may be absent, and may be served in one of several versions; all of them are read as
// the hub form.
type kind struct {
	hub    schema.GroupVersion
	name   string
	object client.Object
	items  client.ObjectList
	add    func(c *content, in client.ObjectList, k *installed)

	now atomic.Pointer[installed] // nil while the kind is absent
}

// installed is a kind as the cluster has it.
type installed struct {
	gvk schema.GroupVersionKind
	// hasStatus says whether it has a status subresource.
	hasStatus bool
	reader    client.Reader
}

// content is what was read.
type content struct {
	snapshot policy.Snapshot
	subjects []subject
}

// subject is one object, as far as it matters for telling of its problems.
type subject struct {
	gvk        schema.GroupVersionKind
	hasStatus  bool
	name       types.NamespacedName
	uid        types.UID
	generation int64
	accepted   *metav1.Condition // as the object has it; nil if it has none
}

func (k *installed) subject(o client.Object, conditions []metav1.Condition) subject {
	s := subject{
		gvk: k.gvk, hasStatus: k.hasStatus, name: client.ObjectKeyFromObject(o), uid: o.GetUID(), generation: o.GetGeneration(),
	}
	for i := range conditions {
		if conditions[i].Type == conditionAccepted {
			s.accepted = &conditions[i]
		}
	}
	return s
}

// list adds the objects of the kind to what was read.
func (k *kind) list(c *content) error {
	in := k.now.Load()
	if in == nil {
		return nil
	}
	list := k.items.DeepCopyObject().(client.ObjectList)
	if err := in.reader.List(context.Background(), list); err != nil { // from memory
		return err
	}
	k.add(c, list, in)
	return nil
}

// take adds objects of a kind to the subjects. conditions are those that an object has.
func take[T any, P interface {
	*T
	client.Object
}](c *content, k *installed, items []T, conditions func(P) []metav1.Condition) []T {
	for i := range items {
		o := P(&items[i])
		c.subjects = append(c.subjects, k.subject(o, conditions(o)))
	}
	return items
}

// kinds are those that policy compiles, TrafficTargets first. The CRD of IdentityBindings has no status.
func kinds() []*kind {
	return []*kind{
		{
			hub: access.GroupVersion, name: "TrafficTarget", object: &access.TrafficTarget{}, items: &access.TrafficTargetList{},
			add: func(c *content, in client.ObjectList, k *installed) {
				c.snapshot.TrafficTargets = take(c, k, in.(*access.TrafficTargetList).Items,
					func(o *access.TrafficTarget) []metav1.Condition { return o.Status.Conditions })
			},
		},
		{
			hub: access.BindingGroupVersion, name: "IdentityBinding", object: &access.IdentityBinding{}, items: &access.IdentityBindingList{},
			add: func(c *content, in client.ObjectList, k *installed) {
				c.snapshot.IdentityBindings = take(c, k, in.(*access.IdentityBindingList).Items,
					func(*access.IdentityBinding) []metav1.Condition { return nil })
			},
		},
		{
			hub: specs.GroupVersion, name: "HTTPRouteGroup", object: &specs.HTTPRouteGroup{}, items: &specs.HTTPRouteGroupList{},
			add: func(c *content, in client.ObjectList, k *installed) {
				c.snapshot.HTTPRouteGroups = take(c, k, in.(*specs.HTTPRouteGroupList).Items,
					func(o *specs.HTTPRouteGroup) []metav1.Condition { return o.Status.Conditions })
			},
		},
		{
			hub: specs.GroupVersion, name: "TCPRoute", object: &specs.TCPRoute{}, items: &specs.TCPRouteList{},
			add: func(c *content, in client.ObjectList, k *installed) {
				c.snapshot.TCPRoutes = take(c, k, in.(*specs.TCPRouteList).Items,
					func(o *specs.TCPRoute) []metav1.Condition { return o.Status.Conditions })
			},
		},
		{
			hub: specs.GroupVersion, name: "UDPRoute", object: &specs.UDPRoute{}, items: &specs.UDPRouteList{},
			add: func(c *content, in client.ObjectList, k *installed) {
				c.snapshot.UDPRoutes = take(c, k, in.(*specs.UDPRouteList).Items,
					func(o *specs.UDPRoute) []metav1.Condition { return o.Status.Conditions })
			},
		},
	}
}
