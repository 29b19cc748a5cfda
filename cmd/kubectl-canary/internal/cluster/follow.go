package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Parts say what is followed beside the Canary itself.
type Parts int

// What is followed.
const (
	// Itself: nothing beside it.
	Itself Parts = iota
	// Versions: the target and the Deployments of the versions.
	Versions
	// Everything: also pods, the TrafficSplit and the policies.
	Everything
)

// canaries is the plural of the kind without which nothing can be followed.
const canaries = "Canaries"

// Follow keeps a Feed of a Canary until the context ends. It lists and watches: it asks again when a watch expires, and until
// an API server that is away answers.
func (c *Client) Follow(ctx context.Context, canary *v1alpha1.Canary, parts Parts) *Feed {
	f := newFeed()
	name := canary.Name
	local := client.InNamespace(canary.Namespace)
	belongs := client.MatchingLabels{v1alpha1.LabelCanary: name}
	kinds := []kind{{c.api, canaries, &v1alpha1.Canary{}, &v1alpha1.CanaryList{}, f.canaries, []client.ListOption{local, called(name)}}}
	if parts >= Versions {
		kinds = append(kinds,
			kind{c.api, "Deployments", &appsv1.Deployment{}, &appsv1.DeploymentList{}, f.versions, []client.ListOption{local, belongs}},
			kind{c.api, "Deployments", &appsv1.Deployment{}, &appsv1.DeploymentList{}, f.targets,
				[]client.ListOption{local, called(canary.Spec.TargetRef.Name)}},
		)
	}
	if parts >= Everything {
		kinds = append(kinds,
			kind{c.api, "Pods", &corev1.Pod{}, &corev1.PodList{}, f.pods, []client.ListOption{local, belongs}},
			kind{c.splitsAPI(ctx), "TrafficSplits", &split.TrafficSplit{}, &split.TrafficSplitList{}, f.splits, []client.ListOption{local, called(name)}},
			kind{c.api, "RolloutPolicies", &v1alpha1.RolloutPolicy{}, &v1alpha1.RolloutPolicyList{}, f.policies, []client.ListOption{local}},
			kind{c.api, "ClusterRolloutPolicies", &v1alpha1.ClusterRolloutPolicy{}, &v1alpha1.ClusterRolloutPolicyList{}, f.clusterPolicies, nil},
		)
	}
	f.expect(len(kinds))
	for _, k := range kinds {
		go c.follow(ctx, f, k)
	}
	return f
}

func called(name string) client.MatchingFieldsSelector {
	return client.MatchingFieldsSelector{Selector: fields.OneTermEqualSelector(metav1.ObjectNameField, name)}
}

// kind is one kind of objects that is followed.
type kind struct {
	api     client.WithWatch
	plural  string
	object  client.Object
	list    client.ObjectList
	store   *store
	options []client.ListOption
}

// follow keeps one kind's store until the context ends, or until it turns out that the kind cannot be read.
func (c *Client) follow(ctx context.Context, f *Feed, k kind) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	heard := func(err error) {
		switch {
		case ctx.Err() != nil:
		case err == nil:
			f.reached(k.plural)
		case apierrors.IsForbidden(err) || apierrors.IsNotFound(err):
			f.cannotRead(k, unread(k.plural, err))
			stop()
		case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
		default:
			f.lost(k.plural, fmt.Sprintf("the API server is away, trying again: %v", err))
		}
	}
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, raw metav1.ListOptions) (runtime.Object, error) {
			list := k.list.DeepCopyObject().(client.ObjectList)
			err := k.api.List(ctx, list, append([]client.ListOption{&client.ListOptions{Raw: &raw}}, k.options...)...)
			heard(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, raw metav1.ListOptions) (watch.Interface, error) {
			list := k.list.DeepCopyObject().(client.ObjectList)
			w, err := k.api.Watch(ctx, list, append([]client.ListOption{&client.ListOptions{Raw: &raw}}, k.options...)...)
			heard(err)
			return w, err
		},
	}
	reflector := cache.NewReflectorWithOptions(lw, k.object, k.store, cache.ReflectorOptions{
		Name: "kubectl-canary", Backoff: &wait.Backoff{Duration: time.Second, Cap: 5 * time.Second, Steps: 3, Factor: 1.5, Jitter: 0.1},
	})
	reflector.RunWithContext(ctx)
}
