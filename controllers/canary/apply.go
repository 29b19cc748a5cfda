package canary

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// notOwnedError says that an object of a name that Serin needs belongs to someone else.
type notOwnedError struct{ kind, name string }

func (e *notOwnedError) Error() string { return taken(e.kind, e.name) }

// apply makes the world as planned. Whatever is so already costs no request. The split comes first, because taking weight
// from a bad version must not wait for anything; no part holds the others up.
func (r *Reconciler) apply(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	if plan.Status.Stable == nil {
		return r.shareApex(ctx, canary, w)
	}
	return errors.Join(
		r.applySplit(ctx, canary, w, plan),
		r.applyVersions(ctx, canary, w, plan),
		r.applyApex(ctx, canary, w, plan),
		r.applyTarget(ctx, w, plan),
		r.removeVersions(ctx, w, plan),
		r.applyMirrors(ctx, canary, w, plan),
	)
}

func (r *Reconciler) applySplit(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	if w.split != nil && !ownedBy(w.split, canary) {
		return &notOwnedError{"TrafficSplit", w.split.Name}
	}
	switch plan.Split {
	case analysis.Leave:
		return nil
	case analysis.Absent:
		if w.split == nil {
			return nil
		}
		if !w.split.DeletionTimestamp.IsZero() {
			return nil // the bridge keeps it until its route leads to the apex again
		}
		u := splitOf(w.splits)
		u.SetNamespace(w.split.Namespace)
		u.SetName(w.split.Name)
		return client.IgnoreNotFound(r.Client.Delete(ctx, u, client.Preconditions{UID: &w.split.UID}))
	case analysis.Present:
	}
	want := buildSplit(canary, w, plan)
	if w.splits == "" || (w.split != nil && sameSplit(want, w.split)) {
		return nil
	}
	u, err := publishedSplit(want, w.splits)
	switch {
	case err != nil:
		return err
	case w.split == nil:
		return r.claimRaw(ctx, "TrafficSplit", u)
	}
	// Weights that were decided on a split that has changed since are refused: whoever changed it knows better, or is looked at
	// again. So a write that was held up on its way, of a leader that is none any more, cannot undo what another one wrote.
	u.SetResourceVersion(w.split.ResourceVersion)
	return r.writeRaw(ctx, u, client.ForceOwnership)
}

func sameSplit(want, have *split.TrafficSplit) bool {
	return equality.Semantic.DeepEqual(want.Spec, have.Spec) &&
		equality.Semantic.DeepDerivative(want.Labels, have.Labels) &&
		equality.Semantic.DeepDerivative(want.Annotations, have.Annotations) &&
		want.Labels[v1alpha1.LabelDataPlane] == have.Labels[v1alpha1.LabelDataPlane] &&
		want.Annotations[split.RouteAnnotation] == have.Annotations[split.RouteAnnotation] // what another data plane left is taken away
}

func (r *Reconciler) applyVersions(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	var failed []error
	for _, v := range plan.Versions {
		failed = append(failed, r.applyDeployment(ctx, canary, w, v), r.applyVersionService(ctx, canary, w, v.Name))
	}
	return errors.Join(failed...)
}

// applyDeployment makes a version, or gives it its size. Nothing else of a version ever changes.
func (r *Reconciler) applyDeployment(ctx context.Context, canary *v1alpha1.Canary, w *world, v analysis.Version) error {
	made := w.target != nil && w.seen.Target.Revision == v.Revision && w.seen.Target.Problem == ""
	if have := w.deployments[v.Name]; have != nil {
		if made && r.lostConfigs(ctx, have) {
			return r.applyConfigs(ctx, canary, w, v.Name)
		}
		if ptr.Deref(have.Spec.Replicas, 1) == v.Replicas {
			return nil
		}
		size := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, v.Replicas)
		return r.Client.Patch(ctx, have.DeepCopy(), client.RawPatch(types.MergePatchType, size), client.FieldOwner(v1alpha1.FieldManager))
	}
	if !made || v.Role == analysis.RoleRetiring {
		return nil // what it ran is not asked for any more, and cannot be made again
	}
	if err := r.applyConfigs(ctx, canary, w, v.Name); err != nil {
		return err
	}
	return r.claim(ctx, "Deployment", buildDeployment(canary, w, v))
}

func (r *Reconciler) applyVersionService(ctx context.Context, canary *v1alpha1.Canary, w *world, version string) error {
	have, err := get(ctx, r.Client, canary, backendName(canary, version), &corev1.Service{})
	if err != nil {
		return err
	}
	if have != nil && !ownedBy(have, canary) {
		return &notOwnedError{"Service", have.Name}
	}
	ports := w.ports()
	if len(ports) == 0 {
		return nil // neither the apex nor the target says which; a Service that is there keeps its own
	}
	want := buildVersionService(canary, version, ports)
	if have != nil && equality.Semantic.DeepDerivative(want.Spec, have.Spec) && len(have.Spec.Ports) == len(ports) {
		return nil
	}
	return r.write(ctx, want, client.ForceOwnership)
}

// ports are the apex's, or the target's pods' while there is no apex.
func (w *world) ports() []corev1.ServicePort {
	switch {
	case w.apex != nil:
		return apexPorts(w.apex)
	case w.target != nil:
		return podPorts(w.target)
	default:
		return nil
	}
}

// applyTarget sizes the target, its only field that Serin ever writes. Without force: if someone else owns it, they keep it.
// Only a default that client-side apply never asked for is taken from it.
func (r *Reconciler) applyTarget(ctx context.Context, w *world, plan analysis.Plan) error {
	if plan.TargetReplicas == nil || w.target == nil || ptr.Deref(w.target.Spec.Replicas, 1) == *plan.TargetReplicas {
		return nil
	}
	u := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": w.target.Name, "namespace": w.target.Namespace},
		"spec":     map[string]any{"replicas": int64(*plan.TargetReplicas)},
	}}
	if w.seen.Target.ReplicasOwner == "" && otherOwner(w.target.ManagedFields, "spec", "replicas") != "" {
		return r.writeRaw(ctx, u, client.ForceOwnership)
	}
	return r.writeRaw(ctx, u)
}

// removeVersions deletes what the plan does not name. A version that the status does not know yet is never deleted, so that
// a status read too early cannot cost pods.
func (r *Reconciler) removeVersions(ctx context.Context, w *world, plan analysis.Plan) error {
	keep := map[string]bool{}
	for _, v := range plan.Versions {
		keep[v.Name] = true
	}
	var failed []error
	for version, deployment := range w.deployments {
		number, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 32)
		if keep[version] || err != nil || number > int64(plan.Status.LastVersion) {
			continue
		}
		if err := r.removeConfigs(ctx, deployment); err != nil {
			failed = append(failed, err)
			continue
		}
		service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: deployment.Namespace, Name: deployment.Name}}
		failed = append(failed,
			client.IgnoreNotFound(r.Client.Delete(ctx, service)),
			client.IgnoreNotFound(r.Client.Delete(ctx, deployment, client.PropagationPolicy(metav1.DeletePropagationBackground))))
	}
	return errors.Join(failed...)
}

// claim makes an object that was not there. Without force: one of that name that someone else made since the last look is
// refused.
func (r *Reconciler) claim(ctx context.Context, kind string, object client.Object) error {
	u, err := content(object)
	if err != nil {
		return err
	}
	return r.claimRaw(ctx, kind, u)
}

func (r *Reconciler) claimRaw(ctx context.Context, kind string, u *unstructured.Unstructured) error {
	err := r.writeRaw(ctx, u)
	if apierrors.IsConflict(err) {
		return &notOwnedError{kind, u.GetName()}
	}
	return err
}

// write applies an object as Serin's field manager.
func (r *Reconciler) write(ctx context.Context, object client.Object, options ...client.ApplyOption) error {
	u, err := content(object)
	if err != nil {
		return err
	}
	return r.writeRaw(ctx, u, options...)
}

// content is an object as it is applied.
func content(object client.Object) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: fields}
	unstructured.RemoveNestedField(u.Object, "status")
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	unstructured.RemoveNestedField(u.Object, "spec", "template", "metadata", "creationTimestamp")
	return u, nil
}

func (r *Reconciler) writeRaw(ctx context.Context, u *unstructured.Unstructured, options ...client.ApplyOption) error {
	options = append(options, client.FieldOwner(v1alpha1.FieldManager))
	return r.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(u), options...)
}
