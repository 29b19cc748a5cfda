package story

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// apexOfTheShop is a Service as the shop keeps it in Git.
const apexOfTheShop = `
apiVersion: v1
kind: Service
metadata: {name: foobar, namespace: shop}
spec:
  ports: [{name: http, port: 8080, targetPort: http}]
  selector: {app: foobar}
`

// TestHandoverOfAnExistingApexLosesNoRequest starts with an apex that the shop's people apply. Serin leaves it alone until
// they take the selector out of what they apply, and takes it over then, all under traffic.
func TestHandoverOfAnExistingApexLosesNoRequest(t *testing.T) {
	w := startWorld(t)
	teller := newTeller(t, w)
	ctx := t.Context()
	must(t, w.apply(ctx, "20-shop.yaml"))
	must(t, w.secret(ctx))
	must(t, w.release(ctx, "v1"))
	must(t, w.applyText(ctx, apexOfTheShop))
	must(t, poll(ctx, chapterTimeout, func() (bool, error) { // or Kubernetes itself has nowhere to send the first requests
		slices := &discoveryv1.EndpointSliceList{}
		err := w.user.List(ctx, slices, client.InNamespace(shop), client.MatchingLabels{discoveryv1.LabelServiceName: target})
		ready := 0
		for _, slice := range slices.Items {
			for _, endpoint := range slice.Endpoints {
				if ptr.Deref(endpoint.Conditions.Ready, false) {
					ready++
				}
			}
		}
		return ready == 1, err
	}))
	must(t, teller.send(ctx, Releases()[0]))
	must(t, poll(ctx, chapterTimeout, func() (bool, error) { return teller.answered() >= 100, nil }))

	must(t, w.apply(ctx, "30-canary.yaml", "replicas: 3", "replicas: 3\n  service: {takeOver: true}"))
	must(t, teller.until(ctx, func(c *v1alpha1.Canary) bool {
		stalled := c.Status.Condition(v1alpha1.ConditionStalled)
		return stalled != nil && stalled.Reason == v1alpha1.ReasonApexNotOwned && strings.Contains(stalled.Message, "user owns its selector") &&
			strings.Contains(stalled.Message, "Serin holds the same selector")
	}))
	must(t, w.applyText(ctx, strings.Replace(apexOfTheShop, "  selector: {app: foobar}\n", "", 1)))
	handed := &corev1.Service{}
	must(t, w.user.Get(ctx, client.ObjectKey{Namespace: shop, Name: target}, handed))
	if len(handed.Spec.Selector) == 0 {
		t.Error("the selector vanished when its owner handed it over")
	}
	must(t, teller.until(ctx, func(c *v1alpha1.Canary) bool { return c.Status.Phase == v1alpha1.PhaseSucceeded }))
	must(t, poll(ctx, chapterTimeout, func() (bool, error) {
		d := &appsv1.Deployment{}
		err := w.user.Get(ctx, client.ObjectKey{Namespace: shop, Name: target}, d)
		return d.Spec.Replicas != nil && *d.Spec.Replicas == 0 && d.Status.Replicas == 0, err
	}))
	before := teller.answered()
	must(t, poll(ctx, chapterTimeout, func() (bool, error) { return teller.answered() >= before+200, nil }))
	teller.noneLost(t)

	apex := &corev1.Service{}
	must(t, w.user.Get(ctx, client.ObjectKey{Namespace: shop, Name: target}, apex))
	if apex.Spec.Selector[v1alpha1.SelectorProxied] == "" {
		t.Errorf("the apex should lead to the proxies, its selector is %v", apex.Spec.Selector)
	}
}

func (t *Teller) answered() uint64 { return t.web.Snapshot().Total().Sum().Sent() }
