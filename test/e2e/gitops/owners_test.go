//go:build e2e

package gitops

import (
	"context"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rounds is how often Flux applies everything while nobody may write.
const rounds = 5

// describeOwners goes on where the story of the rollouts ends: v2 serves.
func describeOwners() {
	It("leaves everything alone while Git does not change", func(ctx SpecContext) {
		settled(ctx, 0)
		quiet(ctx, target, apex, canary)
	}, SpecTimeout(patience))

	It("does not fight with Serin when Git sets replicas", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "Two replicas", map[string]string{
			"deployment.yaml": deployment("v2", "spec:\n  selector:", "spec:\n  replicas: 2\n  selector:"),
		})
		flux.until(ctx, start, "Ready", ready(revision))
		told := canary.until(ctx, start, "the remedy", asks)
		Expect(said(told, "Ready")).To(HaveField("Message", HaveSuffix(`2 pods of Deployment "foobar" get no traffic, because `+
			"kustomize-controller owns its spec.replicas: take spec.replicas out of what kustomize-controller applies, "+
			"so that Serin can scale it to 0")))
		Expect(argoCD(told)).To(Equal(health{"Healthy", said(told, "Ready").Message}))
		settled(ctx, 2)
		quiet(ctx, target, canary)
		Expect(sizes(target.since(start))).To(Equal([]int64{2}), "one write, by Flux")

		By("taking the field out of Git again")
		start = now(ctx)
		revision = git.revert(ctx)
		flux.until(ctx, start, "Ready", ready(revision))
		Eventually(ctx, func() []int64 { return sizes(target.since(start)) }).Should(HaveExactElements(BeNumerically("<=", 2), BeEquivalentTo(0)))
		letGo(ctx, start)
	}, SpecTimeout(patience))

	It("is let go by Flux only together with another change, if the field had its default", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "One replica", map[string]string{
			"deployment.yaml": deployment("v2", "spec:\n  selector:", "spec:\n  replicas: 1\n  selector:"),
		})
		flux.until(ctx, start, "Ready", ready(revision))
		canary.until(ctx, start, "the remedy", asks)
		settled(ctx, 1)

		start = now(ctx)
		revision = git.revert(ctx)
		flux.until(ctx, start, "Ready", ready(revision))
		quiet(ctx, target, canary)
		Expect(target.since(start)).To(BeEmpty(), "Flux applies a commit that changes no value, after all: README.md says it does not")

		revision = git.commit(ctx, "An annotation", map[string]string{"deployment.yaml": deployment("v2",
			"metadata: {name: foobar}\n", "metadata: {name: foobar, annotations: {example.com/replicas: are left to Serin}}\n")})
		flux.until(ctx, start, "Ready", ready(revision))
		letGo(ctx, start)
	}, SpecTimeout(patience))

	It("gives the target back when Git drops the Canary", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "Without Serin", map[string]string{
			"kustomization.yaml": file("shop/kustomization.yaml", "- canary.yaml\n", ""), "canary.yaml": "",
		})
		flux.until(ctx, start, "Ready", ready(revision))
		Eventually(ctx, func(g Gomega) {
			err := world.Client().Get(ctx, client.ObjectKey{Namespace: "shop", Name: "foobar"}, &v1alpha1.Canary{})
			g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
			g.Expect(pods(ctx)).To(BeEmpty())
		}).Should(Succeed())
		callers.Mark("after")
		answered(ctx, 2*rate)
		d := &appsv1.Deployment{}
		Expect(world.Client().Get(ctx, client.ObjectKey{Namespace: "shop", Name: "foobar"}, d)).To(Succeed())
		Expect(d.Status.ReadyReplicas).To(BeEquivalentTo(3))
		noneLost()
		quiet(ctx, target, apex)
	}, SpecTimeout(patience))

	It("does not fight with Serin when Git has the apex", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "Serin, with a Service in Git", map[string]string{
			"kustomization.yaml": file("shop/kustomization.yaml", "- canary.yaml\n", "- canary.yaml\n- service.yaml\n"),
			"canary.yaml":        file("shop/canary.yaml", "  replicas: 3\n", "  replicas: 3\n  service: {takeOver: true}\n"),
			"service.yaml": file("shop/service.yaml",
				"  annotations: {example.com/selector: is left to Serin}\n", "", "spec:\n", "spec:\n  selector: {app: foobar}\n"),
		})
		told := canary.until(ctx, start, "the remedy", func(o *unstructured.Unstructured) bool {
			c := said(o, "Stalled")
			return c.Status == "True" && c.Reason == v1alpha1.ReasonApexNotOwned && strings.Contains(c.Message, "Serin holds the same selector")
		})
		Expect(said(told, "Stalled").Message).To(ContainSubstring("kustomize-controller owns its selector"))
		Expect(argoCD(told).Status).To(Equal("Degraded"))
		flux.until(ctx, start, "the failure", unhealthy(revision))
		settled(ctx, 3)
		quiet(ctx, target, apex)

		By("handing the selector over")
		start = now(ctx)
		revision = git.commit(ctx, "The selector is Serin's", map[string]string{
			"service.yaml": file("shop/service.yaml"),
		})
		flux.until(ctx, start, "Ready", ready(revision))
		canary.until(ctx, start, "v2", when(serves("v2")))
		led := apex.until(ctx, start, "the proxies", func(o *unstructured.Unstructured) bool {
			selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
			return selector[v1alpha1.SelectorProxied] != ""
		})
		for _, o := range apex.since(start) {
			selector, _, _ := unstructured.NestedStringMap(o.Object, "spec", "selector")
			Expect(selector).NotTo(BeEmpty(), "the selector vanished before %s", led.GetResourceVersion())
		}
		settled(ctx, 0)
		quiet(ctx, target, apex, canary)
		noneLost()
	}, SpecTimeout(patience))
}

// asks is that a Canary asks for the target's replicas.
func asks(o *unstructured.Unstructured) bool {
	return strings.Contains(said(o, "Ready").Message, "kustomize-controller owns its spec.replicas")
}

// letGo waits until a Canary asks for the target's replicas no more, and checks that they are 0 and that nobody fights over them.
func letGo(ctx context.Context, start moment) {
	GinkgoHelper()
	canary.until(ctx, start, "the end of the remedy", func(o *unstructured.Unstructured) bool {
		return said(o, "Ready").Status == "True" && !asks(o)
	})
	settled(ctx, 0)
	quiet(ctx, target, apex, canary)
	noneLost()
}

// quiet has Flux apply everything some times over, and checks that it led to no write of the objects at all.
func quiet(ctx context.Context, objects ...*history) {
	GinkgoHelper()
	start := now(ctx)
	for round := range rounds {
		at := fmt.Sprintf("%d %d", start, round)
		patch := client.RawPatch(types.MergePatchType, fmt.Appendf(nil,
			`{"metadata":{"annotations":{"reconcile.fluxcd.io/requestedAt":%q}}}`, at))
		o := &unstructured.Unstructured{}
		o.SetGroupVersionKind(kustomizationKind)
		o.SetNamespace("flux-system")
		o.SetName("shop")
		Expect(world.Client().Patch(ctx, o, patch)).To(Succeed())
		flux.until(ctx, start, "a sync", func(o *unstructured.Unstructured) bool {
			handled, _, _ := unstructured.NestedString(o.Object, "status", "lastHandledReconcileAt")
			return handled == at
		})
	}
	for _, h := range objects {
		Expect(h.since(start)).To(BeEmpty(), "%s was written", h.kind.Kind)
	}
}

// settled waits until nothing of an earlier rollout is left to be removed, and the target has that many pods, all ready.
func settled(ctx context.Context, pods int32) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		c := &v1alpha1.Canary{}
		g.Expect(world.Client().Get(ctx, client.ObjectKey{Namespace: "shop", Name: "foobar"}, c)).To(Succeed())
		g.Expect(c.Status.Retiring).To(BeEmpty())
		d := &appsv1.Deployment{}
		g.Expect(world.Client().Get(ctx, client.ObjectKey{Namespace: "shop", Name: "foobar"}, d)).To(Succeed())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect(*d.Spec.Replicas).To(Equal(pods))
		g.Expect(d.Status.Replicas).To(Equal(pods))
		g.Expect(d.Status.AvailableReplicas).To(Equal(pods))
		g.Expect(d.Status.TerminatingReplicas).To(HaveValue(BeZero()))
	}).Should(Succeed())
}

// answered waits for some more requests.
func answered(ctx context.Context, more uint64) {
	GinkgoHelper()
	before := callers.Snapshot().Total().Sum().Sent()
	Eventually(ctx, func() uint64 { return callers.Snapshot().Total().Sum().Sent() }).Should(BeNumerically(">=", before+more))
}

// sizes are the spec.replicas of versions, one after the other, without repetition.
func sizes(versions []*unstructured.Unstructured) []int64 {
	var all []int64
	for _, o := range versions {
		n, _, _ := unstructured.NestedInt64(o.Object, "spec", "replicas")
		if len(all) == 0 || all[len(all)-1] != n {
			all = append(all, n)
		}
	}
	return all
}
