package canary

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Mirrors are the TrafficTargets that Serin makes for a candidate's ServiceAccount from those of stable's, if spec.access.mirror
// says so. Who owns what, and when:
//
//   - They are named after the TrafficTarget that they copy and the ServiceAccount that they are for, and not after the
//     version, because it is a ServiceAccount that they open: two versions that run as the same one share them.
//   - While a candidate is tested they are kept in step with stable's, removals included, and no weight rises before they are.
//   - After promotion they are left as they are: what they were copied from is about a ServiceAccount that may be gone soon, and
//     whoever cleans that up must not shut the version that serves. They may be edited, or replaced by the user's own.
//   - They go when no version of the Canary runs as their ServiceAccount any more, which is after its traffic was drained and
//     its Deployment deleted. While it is not known what some version runs as, none goes.
//   - When the Canary is deleted, those of the ServiceAccount that the target runs as are handed to the user; the rest goes.
//
// What a user wrote is never changed or removed.

// mirrored is what was observed of them.
type mirrored struct {
	served  string // the version in which TrafficTargets are served
	own     []access.TrafficTarget
	write   []access.TrafficTarget
	surplus []access.TrafficTarget
	taken   []string // names that belong to someone else
	unread  error    // why nothing was observed
}

// observeMirrors finds the Canary's mirrors, and what they lack.
func (r *Reconciler) observeMirrors(canary *v1alpha1.Canary, w *world) {
	if r.Grants == nil {
		return
	}
	targets, served, err := r.Grants.Targets(canary.Namespace)
	if err != nil {
		w.mirrors.unread = err // then Lacks says so too, and nothing rises
		return
	}
	w.mirrors.served = served
	for i := range targets {
		if ownedBy(&targets[i], canary) {
			w.mirrors.own = append(w.mirrors.own, targets[i])
		}
	}
	stable, candidate := w.rivals(canary)
	if !canary.Spec.Access.Mirror || stable == nil || candidate == nil || account(stable) == account(candidate) {
		return
	}
	w.mirrors.compare(canary, targets, account(stable), account(candidate))
	for _, name := range w.mirrors.taken {
		w.seen.Access.Missing = append(w.seen.Access.Missing, taken("TrafficTarget", name))
	}
	for i := range w.mirrors.write {
		m := &w.mirrors.write[i]
		w.seen.Access.Missing = append(w.seen.Access.Missing, fmt.Sprintf("TrafficTarget %q is not what TrafficTarget %q says yet, which it mirrors",
			m.Name, m.Annotations[v1alpha1.AnnotationMirrorOf]))
	}
}

// rivals are the Deployments of stable and the candidate while it matters who may call the candidate, nil where there is none.
// A candidate that has none yet is going to be made of the target.
func (w *world) rivals(canary *v1alpha1.Canary) (stable, candidate *appsv1.Deployment) {
	if !analysis.NeedsAccess(canary.Spec, canary.Status) || !canary.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	stable, candidate = w.deployments[canary.Status.Stable.Version], w.deployments[canary.Status.Candidate.Version]
	if candidate == nil {
		candidate = w.target
	}
	return stable, candidate
}

// compare says what is to be written and removed so that a ServiceAccount may be called like another one.
func (m *mirrored) compare(canary *v1alpha1.Canary, targets []access.TrafficTarget, from, to types.NamespacedName) {
	there := map[string]*access.TrafficTarget{}
	for i := range targets {
		there[targets[i].Name] = &targets[i]
	}
	wanted := map[string]bool{}
	for _, source := range sources(canary, targets, from) {
		want := mirrorOf(canary, source, to, origin(canary, source))
		if wanted[want.Name] { // two have the same origin: one is a mirror of what the other became
			want = mirrorOf(canary, source, to, source.Name)
		}
		wanted[want.Name] = true
		switch have := there[want.Name]; {
		case have == nil, ownedBy(have, canary) && !sameMirror(want, have):
			m.write = append(m.write, *want)
		case !ownedBy(have, canary):
			m.taken = append(m.taken, want.Name)
		}
	}
	for _, own := range m.own {
		if opens(&own) == to && !wanted[own.Name] {
			m.surplus = append(m.surplus, own)
		}
	}
}

// sources are the TrafficTargets that are about a ServiceAccount, the user's own first. One that is not understood grants nothing,
// and so there is nothing to copy.
func sources(canary *v1alpha1.Canary, targets []access.TrafficTarget, of types.NamespacedName) []*access.TrafficTarget {
	var all []*access.TrafficTarget
	for i := range targets {
		if opens(&targets[i]) == of && len(targets[i].Spec.Problems) == 0 {
			all = append(all, &targets[i])
		}
	}
	rank := map[bool]int{false: 0, true: 1}
	slices.SortFunc(all, func(a, b *access.TrafficTarget) int {
		return cmp.Or(cmp.Compare(rank[ownedBy(a, canary)], rank[ownedBy(b, canary)]), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// opens is the ServiceAccount that a TrafficTarget is about, nobody if it is about something else.
func opens(t *access.TrafficTarget) types.NamespacedName {
	d := t.Spec.Destination
	if d.Kind != "ServiceAccount" {
		return types.NamespacedName{}
	}
	return types.NamespacedName{Namespace: cmp.Or(d.Namespace, t.Namespace), Name: d.Name}
}

// origin is the name of what the user wrote, however many ServiceAccounts it was mirrored for since.
func origin(canary *v1alpha1.Canary, t *access.TrafficTarget) string {
	if name := t.Annotations[v1alpha1.AnnotationMirrorOf]; name != "" && ownedBy(t, canary) {
		return name
	}
	return t.Name
}

// mirrorOf is a TrafficTarget for another ServiceAccount.
func mirrorOf(canary *v1alpha1.Canary, source *access.TrafficTarget, to types.NamespacedName, named string) *access.TrafficTarget {
	m := &access.TrafficTarget{ObjectMeta: meta(canary, config.CopyName(named, to.Name)), Spec: *source.Spec.DeepCopy()}
	m.Annotations = map[string]string{v1alpha1.AnnotationMirrorOf: named}
	m.Spec.Destination.Name = to.Name
	return m
}

func sameMirror(want, have *access.TrafficTarget) bool {
	return equality.Semantic.DeepEqual(want.Spec, have.Spec) &&
		equality.Semantic.DeepDerivative(want.Labels, have.Labels) &&
		equality.Semantic.DeepDerivative(want.Annotations, have.Annotations)
}

// applyMirrors writes the mirrors that are missing, and removes those that nobody needs. Names that belong to someone else are
// left alone; AccessReady tells of them.
func (r *Reconciler) applyMirrors(ctx context.Context, canary *v1alpha1.Canary, w *world, plan analysis.Plan) error {
	var failed []error
	for i := range w.mirrors.write {
		failed = append(failed, r.writeMirror(ctx, w, &w.mirrors.write[i]))
	}
	for _, m := range append(w.mirrors.unused(canary, w, plan), w.mirrors.surplus...) {
		u := w.mirrors.reference(&m)
		failed = append(failed, client.IgnoreNotFound(r.Client.Delete(ctx, u, client.Preconditions{UID: &m.UID})))
	}
	return errors.Join(failed...)
}

// writeMirror applies one. Without force where there was none: one of that name that someone else made meanwhile is refused.
func (r *Reconciler) writeMirror(ctx context.Context, w *world, m *access.TrafficTarget) error {
	content, err := m.Published(w.mirrors.served)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	unstructured.RemoveNestedField(u.Object, "metadata", "creationTimestamp")
	if slices.ContainsFunc(w.mirrors.own, func(own access.TrafficTarget) bool { return own.Name == m.Name }) {
		return r.writeRaw(ctx, u, client.ForceOwnership)
	}
	return r.claimRaw(ctx, "TrafficTarget", u)
}

// unused are the mirrors for ServiceAccounts that no version runs as, nor is going to.
func (m *mirrored) unused(canary *v1alpha1.Canary, w *world, plan analysis.Plan) []access.TrafficTarget {
	used := map[types.NamespacedName]bool{}
	for _, d := range w.deployments {
		used[account(d)] = true
	}
	for _, v := range plan.Versions {
		if w.deployments[v.Name] == nil && v.Role != analysis.RoleCandidate {
			return nil
		}
	}
	if c := plan.Status.Candidate; w.target != nil && (c != nil || !canary.DeletionTimestamp.IsZero()) {
		used[account(w.target)] = true
	}
	return slices.DeleteFunc(slices.Clone(m.own), func(t access.TrafficTarget) bool { return used[opens(&t)] })
}

// leaveMirrors hands the mirrors that the target needs to the user, before the Canary goes and takes with it what is its own.
func (r *Reconciler) leaveMirrors(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	if w.mirrors.unread != nil && canary.Spec.Access.Mirror {
		return w.mirrors.unread
	}
	var failed []error
	for i := range w.mirrors.own {
		m := &w.mirrors.own[i]
		if w.target == nil || opens(m) != account(w.target) {
			continue
		}
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
			"uid": m.UID, "ownerReferences": nil,
			"labels":      map[string]any{v1alpha1.LabelManagedBy: nil, v1alpha1.LabelCanary: nil},
			"annotations": map[string]any{v1alpha1.AnnotationMirrorOf: nil},
		}})
		if err != nil {
			return err
		}
		err = r.Client.Patch(ctx, w.mirrors.reference(m), client.RawPatch(types.MergePatchType, patch), client.FieldOwner(v1alpha1.FieldManager))
		failed = append(failed, client.IgnoreNotFound(err))
	}
	return errors.Join(failed...)
}

// reference is a mirror in the version that is served.
func (m *mirrored) reference(t *access.TrafficTarget) *unstructured.Unstructured {
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(schema.GroupVersionKind{Group: access.GroupVersion.Group, Version: m.served, Kind: "TrafficTarget"})
	u.SetNamespace(t.Namespace)
	u.SetName(t.Name)
	return u
}

// mirrorsSeen is how long after mirrors were written whoever reads TrafficTargets has seen them, as a rule.
const mirrorsSeen = 500 * time.Millisecond

// wait shortens a wait where mirrors were just written, which no event tells of.
func (m *mirrored) wait(planned time.Duration) time.Duration {
	if len(m.write) > 0 && (planned == 0 || planned > mirrorsSeen) {
		return mirrorsSeen
	}
	return planned
}
