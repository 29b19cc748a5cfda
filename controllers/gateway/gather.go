package gateway

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway/route"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// gather reads everything that a split names. All of it is in memory.
func (r *reconciler) gather(ctx context.Context, s *split.TrafficSplit, request split.RouteRequest) (route.Input, error) {
	in := route.Input{Split: s, Request: request, Services: map[string]*corev1.Service{}, Groups: map[string]*specs.HTTPRouteGroup{}}
	names := []string{s.Spec.Service}
	for _, b := range s.Spec.Backends {
		names = append(names, b.Service)
	}
	for _, name := range names {
		service := &corev1.Service{}
		err := r.client.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: name}, service)
		if err == nil {
			in.Services[name] = service
		} else if !apierrors.IsNotFound(err) {
			return in, err
		}
	}
	for _, m := range s.Spec.Matches {
		group := &specs.HTTPRouteGroup{}
		found, err := get(ctx, r.kinds.groups, s.Namespace, m.Name, group)
		if err != nil {
			return in, err
		}
		if found {
			in.Groups[m.Name] = group
		}
	}
	mesh, err := r.meshControllers(ctx, s)
	if err != nil {
		return in, err
	}
	for _, ref := range request.ParentRefs {
		controllers := mesh
		if !route.IsService(ref) {
			controller, _, err := r.controllerOf(ctx, cmp.Or(ref.Namespace, s.Namespace), ref.Name)
			if err != nil {
				return in, err
			}
			controllers = []string{}
			if controller != "" {
				controllers = []string{controller}
			}
		}
		in.Controllers = append(in.Controllers, controllers)
	}
	return in, nil
}

// controllerOf is the controllerName of a Gateway's class, or the sentence that says why there is none.
func (r *reconciler) controllerOf(ctx context.Context, namespace, name string) (controller, problem string, err error) {
	gateway := &gatewayv1.Gateway{}
	found, err := get(ctx, r.kinds.gateways, namespace, name, gateway)
	if err != nil || !found {
		return "", fmt.Sprintf("Gateway %q in namespace %q does not exist", name, namespace), err
	}
	class := &gatewayv1.GatewayClass{}
	found, err = get(ctx, r.kinds.classes, "", string(gateway.Spec.GatewayClassName), class)
	if err != nil || !found {
		return "", fmt.Sprintf("GatewayClass %q of Gateway %q does not exist", gateway.Spec.GatewayClassName, name), err
	}
	return string(class.Spec.ControllerName), "", nil
}

// meshControllers are those that answer for the apex as a parent, by the status of the routes that there are.
func (r *reconciler) meshControllers(ctx context.Context, s *split.TrafficSplit) ([]string, error) {
	own, err := r.own(ctx, s)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, u := range own {
		common, status := partsOf(u)
		for _, ref := range common.ParentRefs {
			if ptr.Deref(ref.Kind, "Gateway") == "Service" {
				names = append(names, route.Written{Namespace: u.GetNamespace(), Status: status.Parents}.ControllersOf(ref)...)
			}
		}
	}
	return names, nil
}

// partsOf reads of a route of either kind what both have. What is not understood of it is as if it were not there.
func partsOf(u *unstructured.Unstructured) (gatewayv1.CommonRouteSpec, gatewayv1.RouteStatus) {
	var parts struct {
		Spec   gatewayv1.CommonRouteSpec `json:"spec"`
		Status gatewayv1.RouteStatus     `json:"status"`
	}
	_ = runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &parts)
	return parts.Spec, parts.Status
}

// written is a route as it is judged.
func (r *reconciler) written(ctx context.Context, u *unstructured.Unstructured) (route.Written, error) {
	common, status := partsOf(u)
	w := route.Written{
		Kind: u.GetKind(), Namespace: u.GetNamespace(), Name: u.GetName(), Generation: u.GetGeneration(), At: writtenAt(u), Status: status.Parents,
	}
	for _, ref := range common.ParentRefs {
		expected := route.Expected{Ref: ref}
		if ptr.Deref(ref.Kind, "Gateway") == "Gateway" {
			namespace := string(ptr.Deref(ref.Namespace, gatewayv1.Namespace(u.GetNamespace())))
			controller, problem, err := r.controllerOf(ctx, namespace, string(ref.Name))
			if err != nil {
				return w, err
			}
			expected.Controllers, expected.Problem = []string{controller}, problem
		}
		w.Parents = append(w.Parents, expected)
	}
	return w, nil
}

// writtenAt is when the bridge last changed a route; it is in the object, so it outlives a restart.
func writtenAt(u *unstructured.Unstructured) time.Time {
	var at time.Time
	for _, entry := range u.GetManagedFields() {
		if entry.Manager == Manager && entry.Subresource == "" && entry.Time != nil && entry.Time.After(at) {
			at = entry.Time.Time
		}
	}
	return at
}
