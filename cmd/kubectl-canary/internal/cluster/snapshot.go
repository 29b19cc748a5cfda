package cluster

import (
	"context"
	"fmt"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Snapshot reads a Canary and all that belongs to it. Only the Canary itself must be there; what cannot be read is a note.
func (c *Client) Snapshot(ctx context.Context, name string) (view.Snapshot, error) {
	canary, err := c.Canary(ctx, name)
	if err != nil {
		return view.Snapshot{}, err
	}
	s := view.Snapshot{Canary: canary}
	belongs := client.MatchingLabels{v1alpha1.LabelCanary: name}
	deployments, pods := &appsv1.DeploymentList{}, &corev1.PodList{}
	target, traffic := &appsv1.Deployment{}, &split.TrafficSplit{}
	var notes [4]string
	together(
		func() {
			notes[0] = unread("Deployments", c.api.List(ctx, deployments, client.InNamespace(c.Namespace), belongs))
		},
		func() { notes[1] = unread("Pods", c.api.List(ctx, pods, client.InNamespace(c.Namespace), belongs)) },
		func() {
			if c.get(ctx, canary.Spec.TargetRef.Name, target) == nil {
				s.Target = target
			}
		},
		func() {
			err := c.splitsAPI(ctx).Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, traffic)
			if notes[2] = unread("TrafficSplits", client.IgnoreNotFound(err)); err == nil {
				s.Split = traffic
			}
		},
		func() { s.Policies, notes[3] = c.Policies(ctx, c.Namespace) },
	)
	s.Deployments, s.Pods = versioned(deployments.Items), pods.Items
	for _, note := range notes {
		if note != "" {
			s.Notes = append(s.Notes, note)
		}
	}
	return s, nil
}

func (c *Client) get(ctx context.Context, name string, into client.Object) error {
	return c.api.Get(ctx, client.ObjectKey{Namespace: c.Namespace, Name: name}, into)
}

// together does things at the same time.
func together(things ...func()) {
	var all sync.WaitGroup
	for _, do := range things {
		all.Go(do)
	}
	all.Wait()
}

// versioned leaves out what carries the Canary's label and is no version.
func versioned(all []appsv1.Deployment) []appsv1.Deployment {
	var of []appsv1.Deployment
	for _, d := range all {
		if d.Labels[v1alpha1.LabelVersion] != "" {
			of = append(of, d)
		}
	}
	return of
}

// unread says in a sentence what could not be read, "" if it could, or if the cluster does not have the kind.
func unread(kinds string, err error) string {
	switch {
	case err == nil || absent(err):
		return ""
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("%s cannot be read (forbidden) and are not shown", kinds)
	default:
		return fmt.Sprintf("%s cannot be read and are not shown: %v", kinds, err)
	}
}

// Policies reads the policies that apply to a namespace, "" for all, and counts the rollouts that run under a limit. What could
// not be read is said in a note.
func (c *Client) Policies(ctx context.Context, namespace string) ([]view.Policy, string) {
	var all []view.Policy
	cluster, local := &v1alpha1.ClusterRolloutPolicyList{}, &v1alpha1.RolloutPolicyList{}
	note := unread("ClusterRolloutPolicies", c.api.List(ctx, cluster))
	for _, p := range cluster.Items {
		all = append(all, view.Policy{Kind: "ClusterRolloutPolicy", Name: p.Name, Spec: p.Spec})
	}
	if more := unread("RolloutPolicies", c.api.List(ctx, local, client.InNamespace(namespace))); note == "" {
		note = more
	}
	for _, p := range local.Items {
		all = append(all, view.Policy{Kind: "RolloutPolicy", Namespace: p.Namespace, Name: p.Name, Spec: p.Spec})
	}
	c.countRunning(ctx, all)
	return all, note
}

// countRunning counts the rollouts under each limit; where it may not, the number stays unknown.
func (c *Client) countRunning(ctx context.Context, policies []view.Policy) {
	known := map[string]*int32{}
	for i, p := range policies {
		if p.Spec.MaxRollouts == nil {
			continue
		}
		if _, counted := known[p.Namespace]; !counted {
			known[p.Namespace] = c.running(ctx, p.Namespace)
		}
		policies[i].Running = known[p.Namespace]
	}
}

func (c *Client) running(ctx context.Context, namespace string) *int32 {
	list := &v1alpha1.CanaryList{}
	if err := c.api.List(ctx, list, client.InNamespace(namespace)); err != nil {
		return nil
	}
	n := int32(0)
	for i := range list.Items {
		if view.Runs(&list.Items[i]) {
			n++
		}
	}
	return ptr.To(n)
}
