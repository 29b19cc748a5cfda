package canary

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/canary/schedule"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// policy is a RolloutPolicy or a ClusterRolloutPolicy.
type policy struct {
	name      string // as people read it: RolloutPolicy "year-end"
	namespace string // whose Canaries it is for; empty for all
	spec      v1alpha1.RolloutPolicySpec
}

// policies are those that hold for a namespace.
func (r *Reconciler) policies(ctx context.Context, namespace string) ([]policy, error) {
	var all []policy
	own := &v1alpha1.RolloutPolicyList{}
	if err := r.Client.List(ctx, own, client.InNamespace(namespace)); err != nil {
		return nil, err
	}
	for i := range own.Items {
		all = append(all, policy{fmt.Sprintf("RolloutPolicy %q", own.Items[i].Name), namespace, own.Items[i].Spec})
	}
	cluster := &v1alpha1.ClusterRolloutPolicyList{}
	if err := r.Client.List(ctx, cluster); err != nil {
		return nil, err
	}
	for i := range cluster.Items {
		all = append(all, policy{fmt.Sprintf("ClusterRolloutPolicy %q", cluster.Items[i].Name), "", cluster.Items[i].Spec})
	}
	slices.SortFunc(all, func(a, b policy) int { return cmp.Compare(a.name, b.name) })
	return all, nil
}

// observeHolds gathers what may keep a rollout from going on.
func (r *Reconciler) observeHolds(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	now := r.Now()
	h := &w.seen.Holds
	h.Window, h.Changes = schedule.Opening(canary.Spec.Windows, now)
	for _, p := range w.policies {
		freeze, changes := frozen(p, now)
		h.Changes = sooner(h.Changes, changes)
		if freeze != nil && (h.Freeze == nil || outlasts(*freeze, *h.Freeze)) {
			h.Freeze = freeze
		}
	}
	for _, ref := range canary.Spec.DependsOn {
		d, err := r.dependency(ctx, canary, ref.Name)
		if err != nil {
			return err
		}
		h.Dependencies = append(h.Dependencies, d)
	}
	var err error
	h.Slots, err = r.slots(ctx, canary, w.policies)
	return err
}

// frozen says whether a policy freezes rollouts now, and when that changes by itself.
func frozen(p policy, now time.Time) (*analysis.Freeze, time.Time) {
	f := p.spec.Freeze
	switch {
	case f == nil, f.Until != nil && !now.Before(f.Until.Time):
		return nil, time.Time{}
	case f.From != nil && now.Before(f.From.Time):
		return nil, f.From.Time
	}
	freeze := &analysis.Freeze{Policy: p.name, Reason: f.Reason}
	if f.Until != nil {
		freeze.Until = f.Until.Time
	}
	return freeze, freeze.Until
}

// outlasts says whether a ends later than b.
func outlasts(a, b analysis.Freeze) bool {
	return !b.Until.IsZero() && (a.Until.IsZero() || a.Until.After(b.Until))
}

// sooner is the earlier of two instants; zero is none.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// dependency says how a Canary stands that must come first. It is ready when it serves, alone, what its target asks for now;
// its own conditions may not have heard of that yet.
func (r *Reconciler) dependency(ctx context.Context, canary *v1alpha1.Canary, name string) (analysis.Dependency, error) {
	d := analysis.Dependency{Name: name}
	other, err := get(ctx, r.Client, canary, name, &v1alpha1.Canary{})
	if err != nil || other == nil {
		return d, err
	}
	d.Found = true
	d.Cycle, err = r.leadsBack(ctx, other, canary.Name)
	if err != nil {
		return d, err
	}
	target, err := get(ctx, r.Client, canary, other.Spec.TargetRef.Name, &appsv1.Deployment{})
	if err != nil || target == nil {
		return d, err
	}
	set, err := r.Configs.Read(ctx, target.Namespace, config.Refs(&target.Spec.Template))
	if err != nil {
		return d, err
	}
	s := other.Status
	d.Ready = s.Phase == v1alpha1.PhaseSucceeded && s.Stable != nil && s.Stable.Revision == revision(target, set.Digests())
	return d, nil
}

// leadsBack says whether a Canary depends on another, directly or through others.
func (r *Reconciler) leadsBack(ctx context.Context, from *v1alpha1.Canary, to string) (bool, error) {
	seen, queue := map[string]bool{}, []*v1alpha1.Canary{from}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		for _, ref := range next.Spec.DependsOn {
			if ref.Name == to {
				return true, nil
			}
			if seen[ref.Name] {
				continue
			}
			seen[ref.Name] = true
			other, err := get(ctx, r.Client, from, ref.Name, &v1alpha1.Canary{})
			if err != nil {
				return false, err
			}
			if other != nil {
				queue = append(queue, other)
			}
		}
	}
	return false, nil
}

// limited says whether a policy limits the rollouts at a time.
func limited(policies []policy) bool {
	return slices.ContainsFunc(policies, func(p policy) bool { return p.spec.MaxRollouts != nil })
}

// slots is the limit that leaves the least room, nil if there is none.
func (r *Reconciler) slots(ctx context.Context, canary *v1alpha1.Canary, policies []policy) (*analysis.Slots, error) {
	var least *analysis.Slots
	for _, p := range policies {
		if p.spec.MaxRollouts == nil {
			continue
		}
		running, err := r.rollingOut(ctx, p.namespace, canary.UID)
		if err != nil {
			return nil, err
		}
		s := analysis.Slots{Policy: p.name, Limit: *p.spec.MaxRollouts, Running: running}
		if least == nil || s.Limit-s.Running < least.Limit-least.Running {
			least = &s
		}
	}
	return least, nil
}

// rollingOut counts the other Canaries that roll something out. The cache may be behind what this process wrote last, and what
// it wrote last may not be noted yet when the cache has it already: the newer of the two counts.
func (r *Reconciler) rollingOut(ctx context.Context, namespace string, except types.UID) (int32, error) {
	list := &v1alpha1.CanaryList{}
	if err := r.Client.List(ctx, list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		return 0, err
	}
	var running int32
	for i := range list.Items {
		c := &list.Items[i]
		rolling := c.Status.Candidate != nil
		if r.behind(c) {
			last, _ := r.written.Load(c.UID)
			rolling = last.(written).rolling
		}
		if rolling && c.UID != except {
			running++
		}
	}
	return running, nil
}

// waitsForOthers says whether a Canary waits for another one: for its turn, or for a dependency.
func waitsForOthers(s *v1alpha1.CanaryStatus) bool {
	c := s.Condition(v1alpha1.ConditionReconciling)
	return c != nil && c.Status == v1alpha1.ConditionTrue &&
		(c.Reason == v1alpha1.ReasonQueued || c.Reason == v1alpha1.ReasonWaitingForDependency)
}
