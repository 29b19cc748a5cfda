package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// callersWindow is the least time span in which whoever called stable counts as its caller, so that one who calls every few
// seconds is not missed by a short spec.analysis.interval.
const callersWindow = time.Minute

// Grants says what TrafficTargets let callers do. Who compiles TrafficTargets is no business of this package.
type Grants interface {
	// Lacks says in a sentence each what a caller may ask of stable and could not ask of the candidate, sorted; all of them are
	// ServiceAccounts. Ports are pairs of pod ports that answer the same calls, stable's first. The error is a sentence about
	// why that is not known.
	Lacks(stable, candidate types.NamespacedName, callers []types.NamespacedName, ports [][2]int32) ([]string, error)
	// Targets are the TrafficTargets of a namespace, which must not be changed, and the version in which they are served; none if
	// the cluster does not serve them.
	Targets(namespace string) ([]access.TrafficTarget, string, error)
}

// observeAccess finds out whether those who call stable may call the candidate. Where both run as the same ServiceAccount they
// may, and nobody is asked; where stable's Deployment is gone, nobody calls it.
func (r *Reconciler) observeAccess(ctx context.Context, canary *v1alpha1.Canary, w *world) {
	if !analysis.NeedsAccess(canary.Spec, canary.Status) {
		return
	}
	w.seen.Access.Version = canary.Status.Candidate.Version
	stable, candidate := w.rivals(canary)
	if stable == nil || candidate == nil || account(stable) == account(candidate) {
		return
	}
	missing, err := r.lacks(ctx, canary, w.ports(), stable, candidate)
	if err != nil {
		w.seen.Access.Problem = err.Error()
	}
	w.seen.Access.Missing = append(w.seen.Access.Missing, missing...)
}

func (r *Reconciler) lacks(
	ctx context.Context, canary *v1alpha1.Canary, ports []corev1.ServicePort, stable, candidate *appsv1.Deployment,
) ([]string, error) {
	if r.Grants == nil {
		return nil, errNoGrants
	}
	callers, err := r.callers(ctx, canary, stable)
	if err != nil || len(callers) == 0 {
		return nil, err
	}
	pairs, err := portPairs(ports, stable, candidate)
	if err != nil {
		return nil, err
	}
	return r.Grants.Lacks(account(stable), account(candidate), callers, pairs)
}

// errNoGrants says that the controller was told to leave TrafficTargets alone.
var errNoGrants = errors.New("this controller was started with --access=false, so it reads no TrafficTargets")

// callers are the ServiceAccounts of the Deployments that sent requests to a version in the newest window, sorted.
func (r *Reconciler) callers(ctx context.Context, canary *v1alpha1.Canary, version *appsv1.Deployment) ([]types.NamespacedName, error) {
	list, err := r.Metrics.list(ctx, question{
		namespace: canary.Namespace, edgesOf: version.Name, window: max(canary.Spec.Analysis.Interval.Of(), callersWindow),
	})
	if err != nil {
		return nil, err
	}
	var callers []types.NamespacedName
	for _, deployment := range callersIn(list) {
		caller := &appsv1.Deployment{}
		if err := r.Client.Get(ctx, deployment, caller, client.UnsafeDisableDeepCopy); err != nil {
			return nil, fmt.Errorf("the ServiceAccount of Deployment %s, which called, is not known: %w", deployment, err)
		}
		callers = append(callers, account(caller))
	}
	slices.SortFunc(callers, func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(callers), nil
}

// callersIn are the Deployments from which requests came. An edge whose counts cannot be read is one that had some.
func callersIn(list *metrics.TrafficMetricsList) []types.NamespacedName {
	var all []types.NamespacedName
	for i := range list.Items {
		item := &list.Items[i]
		succeeded, known := item.Count(metrics.SuccessCount)
		failed, counted := item.Count(metrics.FailureCount)
		idle := known && counted && succeeded+failed == 0
		if item.Edge.Direction == "from" && item.Edge.Resource.Name != "" && !idle {
			all = append(all, types.NamespacedName{Namespace: item.Edge.Resource.Namespace, Name: item.Edge.Resource.Name})
		}
	}
	return all
}

// account is the ServiceAccount that a Deployment's pods run as.
func account(d *appsv1.Deployment) types.NamespacedName {
	return types.NamespacedName{Namespace: d.Namespace, Name: cmp.Or(d.Spec.Template.Spec.ServiceAccountName, "default")}
}

// portPairs are the pod ports of stable and the candidate to which each port of the apex leads.
func portPairs(ports []corev1.ServicePort, stable, candidate *appsv1.Deployment) ([][2]int32, error) {
	var pairs [][2]int32
	for _, p := range ports {
		if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
			continue
		}
		from, here := podPort(p, stable)
		to, there := podPort(p, candidate)
		if here && there {
			pairs = append(pairs, [2]int32{from, to})
		}
	}
	if len(pairs) == 0 {
		return nil, errors.New("no port of the apex leads to a port of both versions")
	}
	return pairs, nil
}

// podPort is the pod port to which a Service's port leads, false if the pods have none of that name.
func podPort(p corev1.ServicePort, d *appsv1.Deployment) (int32, bool) {
	switch {
	case p.TargetPort.Type == intstr.Int && p.TargetPort.IntVal != 0:
		return p.TargetPort.IntVal, true
	case p.TargetPort.Type == intstr.Int || p.TargetPort.StrVal == "":
		return p.Port, true
	}
	for _, container := range d.Spec.Template.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name == p.TargetPort.StrVal && (port.Protocol == "" || port.Protocol == corev1.ProtocolTCP) {
				return port.ContainerPort, true
			}
		}
	}
	return 0, false
}
