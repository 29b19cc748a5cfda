package canary

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/controllers/canary/pods"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// world is what was read: as Decide sees it, and as the objects that apply needs. Objects that do not exist are nil.
type world struct {
	seen        analysis.Observed
	target      *appsv1.Deployment
	apex        *corev1.Service
	splits      string // the version in which TrafficSplits are written; empty while none is served
	split       *split.TrafficSplit
	deployments map[string]*appsv1.Deployment // by version
	configs     config.Set                    // what the target refers to
	mirrors     mirrored
	policies    []policy
	places      []place
}

// observe reads everything once. Caches answer all of it but TrafficMetrics.
func (r *Reconciler) observe(ctx context.Context, canary *v1alpha1.Canary, policies []policy) (*world, error) {
	w := &world{deployments: map[string]*appsv1.Deployment{}, policies: policies, places: r.places(canary, policies)}
	for _, p := range w.places {
		w.seen.Sinks = append(w.seen.Sinks, p.sink)
	}
	w.seen.Delivered = r.Receipts.of(canary.UID)
	w.seen.Name = canary.Name
	w.seen.Generation = canary.Generation
	w.seen.Deleting = !canary.DeletionTimestamp.IsZero()
	w.seen.Versions = map[string]analysis.Backend{}
	w.seen.Command = command(canary)
	w.seen.Answers = r.Hooks.Answers(canary.UID)
	for _, look := range []func(context.Context, *v1alpha1.Canary, *world) error{
		r.observeTarget, r.observeVersions, r.observeApex, r.observePlanes, r.observeSplit, r.observeNames, r.observeHolds,
	} {
		if err := look(ctx, canary, w); err != nil {
			return nil, err
		}
	}
	if analysis.NeedsMetrics(canary.Status) {
		r.observeTraffic(ctx, canary, w)
	}
	r.observeMirrors(canary, w)
	r.observeAccess(ctx, canary, w)
	return w, nil
}

// reader reads what belongs to a Canary from a cache, and past it while the Canary is deleted. What goes then does not come back
// at the next look, and a cache may still show a target whose pods were scaled away a moment ago, or an apex that did not lead to
// the versions yet.
func (r *Reconciler) reader(canary *v1alpha1.Canary, cached client.Reader) client.Reader {
	if !canary.DeletionTimestamp.IsZero() {
		return r.Live
	}
	return cached
}

func (r *Reconciler) observeTarget(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	target, err := get(ctx, r.reader(canary, r.Client), canary, canary.Spec.TargetRef.Name, &appsv1.Deployment{})
	if err != nil || target == nil || !target.DeletionTimestamp.IsZero() {
		return err
	}
	w.target = target
	set, problem := r.observeConfigs(ctx, target)
	w.configs = set
	w.seen.Target = analysis.Target{
		Found:         true,
		Revision:      revision(target, set.Digests()),
		Problem:       problem,
		Image:         image(target),
		Replicas:      ptr.Deref(target.Spec.Replicas, 1),
		Ready:         target.Status.ReadyReplicas,
		ReplicasOwner: replicasOwner(target),
	}
	return nil
}

func (r *Reconciler) observeVersions(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	list := &appsv1.DeploymentList{}
	err := r.reader(canary, r.Client).List(ctx, list, client.InNamespace(canary.Namespace), client.MatchingLabels{v1alpha1.LabelCanary: canary.Name})
	if err != nil {
		return err
	}
	for i := range list.Items {
		deployment := &list.Items[i]
		version := deployment.Labels[v1alpha1.LabelVersion]
		number, err := strconv.ParseInt(strings.TrimPrefix(version, "v"), 10, 32)
		if err != nil || !ownedBy(deployment, canary) {
			continue
		}
		endpoints, _, err := r.endpoints(ctx, canary, backendName(canary, version))
		if err != nil {
			return err
		}
		w.deployments[version] = deployment
		w.seen.HighestVersion = max(w.seen.HighestVersion, int32(number))
		w.seen.Versions[version] = analysis.Backend{
			Endpoints: endpoints, Replicas: ptr.Deref(deployment.Spec.Replicas, 1),
		}
	}
	return r.observePods(ctx, canary, w)
}

// observePods finds out what keeps the candidate's pods from running.
func (r *Reconciler) observePods(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	c := canary.Status.Candidate
	if c == nil {
		return nil
	}
	list := &corev1.PodList{}
	err := r.Client.List(ctx, list, client.InNamespace(canary.Namespace),
		client.MatchingLabels(versionSelector(canary, c.Version)), client.UnsafeDisableDeepCopy)
	if backend, ok := w.seen.Versions[c.Version]; ok {
		backend.Trouble = pods.Worst(list.Items)
		w.seen.Versions[c.Version] = backend
	}
	return err
}

// endpoints counts a Service's ready endpoints: those its selector gives it, and those that bundled proxies published.
func (r *Reconciler) endpoints(ctx context.Context, canary *v1alpha1.Canary, service string) (own, proxies int32, err error) {
	list := &discoveryv1.EndpointSliceList{}
	err = r.reader(canary, r.Client).List(ctx, list, client.InNamespace(canary.Namespace), client.MatchingLabels{discoveryv1.LabelServiceName: service})
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			switch {
			case !ptr.Deref(endpoint.Conditions.Ready, true):
			case slice.Labels[discoveryv1.LabelManagedBy] == v1alpha1.EndpointSliceManager:
				proxies++
			default:
				own++
			}
		}
	}
	return own, proxies, err
}

func (r *Reconciler) observeApex(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	apex, err := get(ctx, r.reader(canary, r.Client), canary, apexName(canary), &corev1.Service{})
	if err != nil || apex == nil {
		return err
	}
	w.apex = apex
	endpoints, proxies, err := r.endpoints(ctx, canary, apex.Name)
	w.seen.Apex = analysis.Apex{
		Found: true, Foreign: foreign(canary, apex), Leads: leads(apex, w.target),
		ProxyEndpoints: proxies, PodEndpoints: endpoints,
	}
	return err
}

// foreign says why Serin may not change an apex's selector, "" if it may.
func foreign(canary *v1alpha1.Canary, apex *corev1.Service) string {
	if ownedBy(apex, canary) {
		return ""
	}
	if !canary.Spec.Service.TakeOver {
		return fmt.Sprintf("Service %q was here before the Canary and stays as it is, so callers reach every version's pods and "+
			"the bundled proxy is not in their path: set spec.service.takeOver, or delete the Service and let Serin make it", apex.Name)
	}
	owner := otherOwner(apex.ManagedFields, "spec", "selector")
	if owner != "" && !ownsField(apex.ManagedFields, "spec", "selector") {
		return fmt.Sprintf("Service %q is not Serin's to change: %s alone owns its selector", apex.Name, owner)
	}
	if owner != "" {
		return fmt.Sprintf("Service %q cannot be taken over while %s owns its selector, so callers reach every version's pods "+
			"and the bundled proxy is not in their path: take spec.selector out of what %s applies with "+
			"`kubectl apply --server-side`; Serin holds the same selector, so no request is lost", apex.Name, owner, owner)
	}
	return ""
}

// leads says where an apex's selector leads.
func leads(apex *corev1.Service, target *appsv1.Deployment) analysis.ApexLead {
	selector := apex.Spec.Selector
	switch {
	case selector[v1alpha1.SelectorProxied] != "":
		return analysis.LeadProxy
	case selector[v1alpha1.LabelCanary] != "":
		return analysis.LeadStable
	case target != nil && maps.Equal(selector, restoredSelector(apex, target)):
		return analysis.LeadTarget
	default:
		return analysis.LeadElsewhere
	}
}

// restoredSelector is the selector an apex gets back: the one it had, or the target's own labels for one that Serin made.
func restoredSelector(apex *corev1.Service, target *appsv1.Deployment) map[string]string {
	var original map[string]string
	if err := json.Unmarshal([]byte(apex.Annotations[v1alpha1.AnnotationSelector]), &original); err == nil && len(original) > 0 {
		return original
	}
	return target.Spec.Selector.MatchLabels
}

// observeNames finds what stands in the way: objects of a name that Serin needs, and another Canary that came first.
func (r *Reconciler) observeNames(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	if w.split != nil && !ownedBy(w.split, canary) {
		w.seen.Blocked = taken("TrafficSplit", w.split.Name)
		return nil
	}
	if s := canary.Status.Stable; s != nil && s.Revision == w.seen.Target.Revision {
		return r.observeRivals(ctx, canary, w)
	}
	next := backendName(canary, fmt.Sprintf("v%d", max(canary.Status.LastVersion, w.seen.HighestVersion)+1))
	for kind, into := range map[string]client.Object{"Deployment": &appsv1.Deployment{}, "Service": &corev1.Service{}} {
		object, err := get(ctx, r.Client, canary, next, into)
		if err != nil {
			return err
		}
		if object != nil && !ownedBy(object, canary) {
			w.seen.Blocked = taken(kind, next)
			return nil
		}
	}
	return r.observeRivals(ctx, canary, w)
}

func (r *Reconciler) observeRivals(ctx context.Context, canary *v1alpha1.Canary, w *world) error {
	for index, value := range map[string]string{byTarget: canary.Spec.TargetRef.Name, byApex: apexName(canary)} {
		list := &v1alpha1.CanaryList{}
		err := r.Client.List(ctx, list, client.InNamespace(canary.Namespace), client.MatchingFields{index: value}, client.UnsafeDisableDeepCopy)
		if err != nil {
			return err
		}
		for i := range list.Items {
			if other := &list.Items[i]; other.UID != canary.UID && older(other, canary) {
				w.seen.Blocked = fmt.Sprintf("Canary %q came first for Deployment %q or Service %q: delete one of the two",
					other.Name, other.Spec.TargetRef.Name, apexName(other))
				return nil
			}
		}
	}
	return nil
}

func older(a, b *v1alpha1.Canary) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}

func taken(kind, name string) string {
	return fmt.Sprintf("%s %q belongs to someone else and was left alone: rename or delete it, or rename the Canary", kind, name)
}

// command reads the newest command of a person. One that cannot be read is none: it is refused where it is written.
func command(canary *v1alpha1.Canary) *v1alpha1.Command {
	text, ok := canary.Annotations[v1alpha1.AnnotationCommand]
	if !ok {
		return nil
	}
	c := &v1alpha1.Command{}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil
	}
	return c
}

// get reads an object of the Canary's namespace; nil without an error means that there is none.
func get[T client.Object](ctx context.Context, c client.Reader, canary *v1alpha1.Canary, name string, into T) (T, error) {
	var none T
	if err := c.Get(ctx, key(canary, name), into); err != nil {
		return none, client.IgnoreNotFound(err)
	}
	return into, nil
}
