package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway/route"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// carryOutByExisting takes over the backendRefs of a route of the user's own. The finalizer is there before the route is changed.
func (r *reconciler) carryOutByExisting(ctx context.Context, s *split.TrafficSplit, in route.Input) (outcome, error) {
	ref := in.Request.Existing
	kind := cmp.Or(ref.Kind, route.KindHTTP)
	o := outcome{held: hasFinalizer(s)}
	if kind != route.KindHTTP && kind != route.KindGRPC {
		o.Outcome = refused(route.ReasonUnsupported, fmt.Sprintf("a route of kind %.40q cannot be taken over; it must be an HTTPRoute or a GRPCRoute", kind))
		return o, nil
	}
	k := r.kinds.route(kind)
	if k.now.Load() == nil {
		o.Outcome = refused(route.ReasonUnsupported, notServed(kind))
		return o, nil
	}
	have, err := r.current(ctx, k, s.Namespace, ref.Name)
	switch {
	case err != nil:
		return o, err
	case have == nil:
		o.Outcome = refused(route.ReasonNotUnderstood, fmt.Sprintf("%s %q, which is to be taken over, does not exist", kind, ref.Name))
		o.held = false
		return o, errors.Join(r.deleteOwn(ctx, s, nil), r.restore(ctx, s, nil))
	}
	u, err := r.takeOver(ctx, have, in, &o)
	o.held = u != nil || route.OriginalOf(have) != nil
	if u != nil {
		err = errors.Join(err, r.judge(ctx, u, &o))
	}
	if err != nil {
		return o, err
	}
	return o, errors.Join(r.deleteOwn(ctx, s, nil), r.restore(ctx, s, have))
}

// takeOver writes the split's backends into a route unless they are there already. It returns the route, nil if it is not as it is
// wanted.
func (r *reconciler) takeOver(ctx context.Context, have *unstructured.Unstructured, in route.Input, o *outcome) (*unstructured.Unstructured, error) {
	key := keyOf(have.GetKind(), have.GetNamespace(), have.GetName())
	if route.OriginalOf(have) != nil {
		want := have.DeepCopy()
		o.Outcome = route.TakeOver(want, in)
		if o.Keep {
			return nil, nil
		}
		if equality.Semantic.DeepEqual(have.Object, want.Object) {
			return have, nil
		}
	}
	wanted := text(in.Split.Spec)
	if wait, times := r.guard.mayWrite(key, wanted, r.now()); wait > 0 {
		o.add(reverted(r.fresh(ctx, have), times))
		o.later(wait)
		return nil, nil
	}
	var written *unstructured.Unstructured
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		u := have.DeepCopy()
		if err := r.live.Get(ctx, client.ObjectKeyFromObject(have), u); err != nil {
			return err
		}
		before := u.DeepCopy()
		o.Outcome = route.TakeOver(u, in)
		if o.Keep {
			return nil
		}
		if !equality.Semantic.DeepEqual(before.Object, u.Object) {
			if s := in.Split; !hasFinalizer(s) {
				if err := r.apply(ctx, s, s.Annotations[split.LandingAnnotation], held); err != nil {
					return err
				}
			}
			if err := r.client.Update(ctx, u, client.FieldOwner(Manager)); err != nil {
				return err
			}
			r.guard.wrote(key, wanted, r.now())
			r.memory.wrote(key, u)
		}
		written = u
		return nil
	})
	if apierrors.IsInvalid(err) {
		o.add(route.Problem{Reason: route.ReasonUnsupported, Message: "the API server refuses the route: " + err.Error(), Blocks: true})
		return nil, nil
	}
	return written, client.IgnoreNotFound(err)
}

// fresh is a route with all that is known of it, for the name of who wrote it.
func (r *reconciler) fresh(ctx context.Context, have *unstructured.Unstructured) *unstructured.Unstructured {
	u := have.DeepCopy()
	if len(u.GetManagedFields()) > 0 || r.live.Get(ctx, client.ObjectKeyFromObject(have), u) != nil {
		return have
	}
	return u
}

// restore puts back every route that was taken over for a split, but the one that is carried out by.
func (r *reconciler) restore(ctx context.Context, s *split.TrafficSplit, but *unstructured.Unstructured) error {
	var failed []error
	for _, k := range []*kind{r.kinds.http, r.kinds.grpc} {
		all, err := r.takenOver(ctx, k, s)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		for _, u := range all {
			if but != nil && but.GetKind() == u.GetKind() && but.GetName() == u.GetName() {
				continue
			}
			failed = append(failed, r.putBack(ctx, u))
		}
	}
	return errors.Join(failed...)
}

func (r *reconciler) takenOver(ctx context.Context, k *kind, s *split.TrafficSplit) ([]*unstructured.Unstructured, error) {
	if k.now.Load() == nil {
		return nil, nil
	}
	all, err := list(ctx, k, s.Namespace)
	if err != nil {
		return nil, err
	}
	var taken []*unstructured.Unstructured
	for i := range all {
		u := r.memory.newest(keyOf(k.gvk.Kind, all[i].GetNamespace(), all[i].GetName()), &all[i])
		if before := route.OriginalOf(u); before != nil && before.Split == s.Name {
			taken = append(taken, u)
		}
	}
	return taken, nil
}

func (r *reconciler) putBack(ctx context.Context, have *unstructured.Unstructured) error {
	key := keyOf(have.GetKind(), have.GetNamespace(), have.GetName())
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		u := have.DeepCopy()
		if err := r.live.Get(ctx, client.ObjectKeyFromObject(have), u); err != nil {
			return err
		}
		if route.OriginalOf(u) == nil {
			return nil
		}
		route.Restore(u)
		return r.client.Update(ctx, u, client.FieldOwner(Manager))
	})
	if client.IgnoreNotFound(err) == nil {
		r.guard.forget(key)
		r.memory.drop(key)
	}
	return client.IgnoreNotFound(err)
}
