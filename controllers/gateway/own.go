package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway/route"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// carryOutByOwn makes the bridge's own routes, and removes those that are not wanted any more, in this order.
func (r *reconciler) carryOutByOwn(ctx context.Context, s *split.TrafficSplit, in route.Input) (outcome, error) {
	o := outcome{Outcome: route.Build(in)}
	if o.Keep {
		o.held = hasFinalizer(s)
		return o, r.restore(ctx, s, nil)
	}
	o.held = slices.ContainsFunc(in.Request.ParentRefs, func(p split.ParentRef) bool { return !route.IsService(p) })
	var failed []error
	for _, want := range o.Routes {
		u, err := r.applyRoute(ctx, want, &o)
		if err != nil {
			failed = append(failed, err)
		}
		if u != nil {
			failed = append(failed, r.judge(ctx, u, &o))
		}
	}
	if err := errors.Join(failed...); err != nil {
		return o, err
	}
	keep := map[string]bool{}
	for _, want := range o.Routes {
		keep[keyOf(want.Kind(), s.Namespace, want.Meta().Name)] = true
	}
	return o, errors.Join(r.deleteOwn(ctx, s, keep), r.restore(ctx, s, nil))
}

// judge adds what became of a route.
func (r *reconciler) judge(ctx context.Context, u *unstructured.Unstructured, o *outcome) error {
	w, err := r.written(ctx, u)
	if err != nil {
		return err
	}
	answer := route.Judge(w, r.now())
	o.answers = append(o.answers, answer)
	o.titles = append(o.titles, fmt.Sprintf("%s %q", u.GetKind(), u.GetName()))
	o.later(answer.Again)
	return nil
}

// applyRoute makes one route as it is wanted, unless it is so already. It returns the route, nil if it is not as it is wanted.
func (r *reconciler) applyRoute(ctx context.Context, want route.Route, o *outcome) (*unstructured.Unstructured, error) {
	meta, k := want.Meta(), r.kinds.route(want.Kind())
	if k.now.Load() == nil {
		o.add(route.Problem{Reason: route.ReasonUnsupported, Message: notServed(want.Kind()), Blocks: true})
		return nil, nil
	}
	have, err := r.current(ctx, k, meta.Namespace, meta.Name)
	if err != nil {
		return nil, err
	}
	if name := meta.OwnerReferences[0].Name; have != nil && !madeFor(have, name) && have.GetAnnotations()[route.LeftAnnotation] != name {
		o.add(notOwned(want.Kind(), meta.Name))
		return nil, nil
	}
	if have != nil && same(want, have) {
		return have, nil
	}
	if have != nil {
		if wait, times := r.guard.mayWrite(keyOf(want.Kind(), meta.Namespace, meta.Name), text(want.Spec()), r.now()); wait > 0 {
			o.add(reverted(have, times))
			o.later(wait)
			return nil, nil
		}
	}
	return r.sendRoute(ctx, want, have, o)
}

// sendRoute applies a route. One that is not there yet is applied without force, so that one of its name that someone else makes at
// the same time stays as it is.
func (r *reconciler) sendRoute(ctx context.Context, want route.Route, have *unstructured.Unstructured, o *outcome) (*unstructured.Unstructured, error) {
	u, err := content(want)
	if err != nil {
		return nil, err
	}
	options := []client.ApplyOption{client.FieldOwner(Manager)}
	if have != nil {
		options = append(options, client.ForceOwnership)
	}
	err = r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), options...)
	switch {
	case apierrors.IsConflict(err) && have == nil:
		o.add(notOwned(want.Kind(), u.GetName()))
		return nil, nil
	case apierrors.IsInvalid(err):
		o.add(route.Problem{Reason: route.ReasonUnsupported, Message: "the API server refuses the route: " + err.Error(), Blocks: true})
		return nil, nil
	case err != nil:
		return nil, err
	}
	key := keyOf(want.Kind(), u.GetNamespace(), u.GetName())
	r.guard.wrote(key, text(want.Spec()), r.now())
	r.memory.wrote(key, u)
	return u, nil
}

// content is a route as it is applied.
func content(want route.Route) (*unstructured.Unstructured, error) {
	var object any = want.HTTP
	if want.GRPC != nil {
		object = want.GRPC
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	unstructured.RemoveNestedField(fields, "metadata", "creationTimestamp")
	return &unstructured.Unstructured{Object: fields}, nil
}

// same says whether a route is as it is wanted. Labels and annotations of others are theirs.
func same(want route.Route, have *unstructured.Unstructured) bool {
	meta := want.Meta()
	if have.GetLabels()[route.LabelManagedBy] != route.ManagedBy ||
		!slices.ContainsFunc(have.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return ref.UID == meta.OwnerReferences[0].UID }) {
		return false
	}
	if want.GRPC != nil {
		read := &gatewayv1.GRPCRoute{}
		err := runtime.DefaultUnstructuredConverter.FromUnstructured(have.Object, read)
		return err == nil && equality.Semantic.DeepEqual(want.GRPC.Spec, read.Spec)
	}
	read := &gatewayv1.HTTPRoute{}
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(have.Object, read)
	return err == nil && equality.Semantic.DeepEqual(want.HTTP.Spec, read.Spec)
}

// current is a route as it is known: as it was written last, until the watch has caught up with it.
func (r *reconciler) current(ctx context.Context, k *kind, namespace, name string) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(k.gvk)
	found, err := get(ctx, k, namespace, name, u)
	if err != nil {
		return nil, err
	}
	if !found {
		u = nil
	}
	return r.memory.newest(keyOf(k.gvk.Kind, namespace, name), u), nil
}

// own are the routes that were made for a split, or for one of its name that is gone.
func (r *reconciler) own(ctx context.Context, s *split.TrafficSplit) ([]*unstructured.Unstructured, error) {
	var own []*unstructured.Unstructured
	for _, k := range []*kind{r.kinds.http, r.kinds.grpc} {
		all, err := list(ctx, k, s.Namespace)
		if err != nil {
			return nil, err
		}
		for i := range all {
			if madeFor(&all[i], s.Name) && all[i].GetLabels()[route.LabelManagedBy] == route.ManagedBy {
				own = append(own, &all[i])
			}
		}
	}
	return own, nil
}

// madeFor says whether a route was made for a split of a name, be it this one or one that is gone.
func madeFor(u *unstructured.Unstructured, name string) bool {
	return slices.ContainsFunc(u.GetOwnerReferences(), func(ref metav1.OwnerReference) bool { return isSplit(ref) && ref.Name == name })
}

// leave leads the routes of a split that callers of Gateways come by to the apex, and lets them go. It returns which they are. A
// split that is gone already had none, for the finalizer would have kept it.
func (r *reconciler) leave(ctx context.Context, s *split.TrafficSplit) (map[string]bool, error) {
	left := map[string]bool{}
	if s.UID == "" {
		return left, nil
	}
	own, err := r.own(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, u := range own {
		if !route.AtGateway(u) || !u.GetDeletionTimestamp().IsZero() {
			continue
		}
		want, err := route.Left(u, s)
		if err != nil {
			return nil, err
		}
		key := keyOf(u.GetKind(), u.GetNamespace(), u.GetName())
		err = r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(want), client.FieldOwner(Manager), client.ForceOwnership)
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) { // a conflict: it is not that route any more
			return nil, err
		}
		left[key] = true
		r.guard.forget(key)
		r.memory.drop(key)
	}
	return left, nil
}

// deleteOwn deletes the routes of a split but those to keep, each as it is known: one that changed since is looked at again.
func (r *reconciler) deleteOwn(ctx context.Context, s *split.TrafficSplit, keep map[string]bool) error {
	own, err := r.own(ctx, s)
	if err != nil {
		return err
	}
	var failed []error
	for _, u := range own {
		key := keyOf(u.GetKind(), u.GetNamespace(), u.GetName())
		if keep[key] || !u.GetDeletionTimestamp().IsZero() {
			continue
		}
		uid, version := u.GetUID(), u.GetResourceVersion()
		err := r.client.Delete(ctx, u, client.Preconditions{UID: &uid, ResourceVersion: &version})
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			failed = append(failed, err)
			continue
		}
		r.guard.forget(key)
		r.memory.drop(key)
	}
	return errors.Join(failed...)
}

func notOwned(kind, name string) route.Problem {
	return route.Problem{
		Reason: route.ReasonNotOwned, Message: fmt.Sprintf("%s %q belongs to someone else and was left alone", kind, name), Blocks: true,
	}
}

func keyOf(kind, namespace, name string) string { return kind + "/" + namespace + "/" + name }

// text tells one wish from another.
func text(value any) string {
	encoded, _ := json.Marshal(value) // of plain fields
	return string(encoded)
}
