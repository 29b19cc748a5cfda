package canary

import (
	"context"
	"maps"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// applyApex leads the apex where the plan says. One that is absent is made; one that was here before is changed in its
// selector only, and only when nobody else owns that.
func (r *Reconciler) applyApex(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	if w.apex != nil && w.seen.Apex.Foreign != "" {
		return r.holdSelector(ctx, canary, w.apex)
	}
	selector := w.selector(canary, plan)
	if selector == nil {
		return nil
	}
	if w.apex != nil && !ownedBy(w.apex, canary) {
		return r.takeOver(ctx, w.apex, selector)
	}
	if w.apex != nil && maps.Equal(w.apex.Spec.Selector, selector) && !plan.Finished {
		return nil
	}
	ports := w.ports()
	if len(ports) == 0 {
		return nil
	}
	want := buildApex(canary, selector, ports)
	if plan.Finished {
		want.OwnerReferences, want.Labels = nil, nil // it stays when the Canary goes
	}
	return r.write(ctx, want, client.ForceOwnership)
}

// selector is the selector of the plan, nil where the apex is left as it is.
func (w *world) selector(canary *v1alpha1.Canary, plan analysis.Plan) map[string]string {
	lead := plan.Apex
	if plan.Finished && w.apex != nil && changed(canary, w.apex) {
		lead = analysis.LeadTarget
	}
	switch lead {
	case analysis.LeadStable:
		return versionSelector(canary, plan.Status.Stable.Version)
	case analysis.LeadProxy:
		return map[string]string{v1alpha1.SelectorProxied: v1alpha1.DataPlaneProxy}
	case analysis.LeadTarget:
		if w.target != nil && w.apex != nil {
			return restoredSelector(w.apex, w.target)
		}
	case analysis.LeadElsewhere:
	}
	return nil
}

// changed says whether Serin made an apex or ever changed its selector. Any other is not Serin's to restore.
func changed(canary *v1alpha1.Canary, apex *corev1.Service) bool {
	_, kept := apex.Annotations[v1alpha1.AnnotationSelector]
	return kept || ownedBy(apex, canary)
}

// takeOver changes the selector of an apex that was here before, and keeps the one it had.
func (r *Reconciler) takeOver(ctx context.Context, apex *corev1.Service, selector map[string]string) error {
	if maps.Equal(apex.Spec.Selector, selector) {
		return nil
	}
	original, kept := apex.Annotations[v1alpha1.AnnotationSelector]
	if !kept {
		text, err := selectorText(apex.Spec.Selector)
		if err != nil {
			return err
		}
		original = text
	}
	return r.writeSelector(ctx, apex, selector, original)
}

// shareApex prepares a takeover: nothing is made yet, because someone else still owns the apex's selector.
func (r *Reconciler) shareApex(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	wanted := w.seen.Target.Found && !w.seen.Deleting && w.seen.Blocked == ""
	if !wanted || w.apex == nil || w.seen.Apex.Foreign == "" {
		return nil
	}
	return r.holdSelector(ctx, canary, w.apex)
}

// holdSelector shares the ownership of a selector that someone else owns, with the value it has, so that it does not vanish
// when they hand it over.
func (r *Reconciler) holdSelector(ctx context.Context, canary *v1alpha1.Canary, apex *corev1.Service) error {
	if !canary.Spec.Service.TakeOver || ownsField(apex.ManagedFields, "spec", "selector") {
		return nil
	}
	text, err := selectorText(apex.Spec.Selector)
	if err != nil {
		return err
	}
	return r.writeSelector(ctx, apex, apex.Spec.Selector, text)
}

func (r *Reconciler) writeSelector(ctx context.Context, apex *corev1.Service, selector map[string]string, original string) error {
	spec := &corev1.Service{Spec: corev1.ServiceSpec{Selector: selector}}
	if ownsField(apex.ManagedFields, "spec", "ports") { // an earlier Canary made it: what is left out of an apply goes
		spec.Spec.Ports = apexPorts(apex)
	}
	fields, err := content(spec)
	if err != nil {
		return err
	}
	return r.writeRaw(ctx, &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service",
		"metadata": map[string]any{
			"name": apex.Name, "namespace": apex.Namespace,
			"annotations": map[string]any{v1alpha1.AnnotationSelector: original},
		},
		"spec": fields.Object["spec"],
	}})
}
