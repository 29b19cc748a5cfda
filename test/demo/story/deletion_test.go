package story

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestDeletionRestoresTheTargetWithoutLosingARequest adopts a Deployment under traffic, puts a hand-edited TrafficSplit back,
// deletes the Canary in the middle of a rollout, and goes on calling the apex.
func TestDeletionRestoresTheTargetWithoutLosingARequest(t *testing.T) {
	w := startWorld(t)
	teller := newTeller(t, w)
	releases := Releases()
	must(t, within(t.Context(), releases[0], teller.begin))

	putBack(t, w)
	must(t, w.release(t.Context(), "v2"))
	must(t, teller.until(t.Context(), func(c *v1alpha1.Canary) bool {
		return c.Status.Candidate != nil && c.Status.Candidate.Weight >= 25
	}))
	canary := &v1alpha1.Canary{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: target}}
	must(t, w.user.Delete(t.Context(), canary))
	must(t, gone(t.Context(), w, canary))
	must(t, gone(t.Context(), w, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "foobar-v1"}}))
	must(t, gone(t.Context(), w, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: "foobar-v2"}}))
	must(t, poll(t.Context(), time.Minute, func() (bool, error) {
		pods := &corev1.PodList{}
		err := w.user.List(t.Context(), pods, client.InNamespace(shop), client.HasLabels{v1alpha1.LabelVersion})
		return len(pods.Items) == 0, err
	}))

	teller.web.Mark("after")
	must(t, poll(t.Context(), time.Minute, func() (bool, error) {
		total := teller.web.Snapshot()
		return total.Chapters[len(total.Chapters)-1].Releases.Sum().Sent() >= 400, nil
	}))
	teller.noneLost(t)
	restored(t, w)
	total := teller.web.Snapshot()
	after := total.Chapters[len(total.Chapters)-1].Releases
	if after["v2"].OK == 0 || after["v1"].Sent() > 0 {
		t.Errorf("after the deletion the target's own pods (v2) should answer, got v1 %d and v2 %d",
			after["v1"].Sent(), after["v2"].Sent())
	}
}

// putBack edits the TrafficSplit by hand and waits until the record of intent stands again.
func putBack(t *testing.T, w *World) {
	t.Helper()
	s := &split.TrafficSplit{}
	at := client.ObjectKey{Namespace: shop, Name: target}
	must(t, w.user.Get(t.Context(), at, s))
	edited := s.DeepCopy()
	edited.Spec.Backends = []split.Backend{{Service: "foobar-v1", Weight: 42}}
	must(t, w.user.Update(t.Context(), edited, client.FieldOwner("someone")))
	must(t, poll(t.Context(), 30*time.Second, func() (bool, error) {
		found := &split.TrafficSplit{}
		err := w.user.Get(t.Context(), at, found)
		return len(found.Spec.Backends) == 1 && found.Spec.Backends[0] == s.Spec.Backends[0], err
	}))
}

// restored checks what a Canary leaves behind: the target at its size, and an apex that leads to it and belongs to nobody.
func restored(t *testing.T, w *World) {
	t.Helper()
	deployment := &appsv1.Deployment{}
	must(t, w.user.Get(t.Context(), client.ObjectKey{Namespace: shop, Name: target}, deployment))
	if ptr.Deref(deployment.Spec.Replicas, 0) != 3 || deployment.Status.ReadyReplicas != 3 {
		t.Errorf("the target asks for %d pods and has %d ready, want 3", *deployment.Spec.Replicas, deployment.Status.ReadyReplicas)
	}
	apex := &corev1.Service{}
	must(t, w.user.Get(t.Context(), client.ObjectKey{Namespace: shop, Name: target}, apex))
	if len(apex.OwnerReferences) > 0 || apex.Spec.Selector["app"] != target {
		t.Errorf("the apex should lead to the target and belong to nobody: owners %v, selector %v", apex.OwnerReferences, apex.Spec.Selector)
	}
	splits := &split.TrafficSplitList{}
	must(t, w.user.List(t.Context(), splits, client.InNamespace(shop)))
	if len(splits.Items) > 0 {
		t.Errorf("%d TrafficSplits are left", len(splits.Items))
	}
}

func gone(ctx context.Context, w *World, object client.Object) error {
	err := poll(ctx, chapterTimeout, func() (bool, error) {
		err := w.user.Get(ctx, client.ObjectKeyFromObject(object), object)
		return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
	})
	if err != nil {
		return errors.Join(err, errors.New(object.GetName()+" is still there"))
	}
	return nil
}
