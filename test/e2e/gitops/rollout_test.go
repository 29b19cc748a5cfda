//go:build e2e

package gitops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("What Flux says of a rollout", Ordered, func() {
	It("is Ready when the first version serves, and not before", func(ctx SpecContext) {
		start := now(ctx)
		Expect(world.Apply(ctx, people)).To(Succeed())
		revision := git.commit(ctx, "The shop", map[string]string{
			"kustomization.yaml": file("shop/kustomization.yaml"),
			"deployment.yaml":    deployment("v1"),
			"canary.yaml":        file("shop/canary.yaml"),
		})
		Expect(world.Apply(ctx, file("flux/shop.yaml", "https://git.example.com/shop.git", git.URL))).To(Succeed())
		done := flux.until(ctx, start, "Ready", ready(revision))
		serving := canary.until(ctx, start, "v1", when(serves("v1")))
		Expect(version(done)).To(BeNumerically(">", version(serving)))
		Expect(healths(canary.since(start))).To(Equal([]string{"Progressing", "Healthy"}))
		call(ctx)
	}, SpecTimeout(patience))

	It("waits for a good commit, and is Ready after the promotion", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "v2", map[string]string{"deployment.yaml": deployment("v2")})
		begun := canary.until(ctx, start, "a candidate", when(tests("v2")))
		promoted := canary.until(ctx, start, "the promotion", when(serves("v2")))
		done := flux.until(ctx, start, "Ready", ready(revision))
		Expect(version(done)).To(BeNumerically(">", version(promoted)), "Ready before the promotion")
		Expect(typed(promoted).Status.Condition(v1alpha1.ConditionPromoted).Status).To(Equal(v1alpha1.ConditionTrue))

		By("saying meanwhile that it waits")
		for _, o := range flux.since(moment(version(begun))) {
			if version(o) > version(promoted) {
				break
			}
			Expect(said(o, "Ready").Status).NotTo(Equal("True"), "%s", text(said(o, "Ready")))
		}
		waiting := flux.until(ctx, start, "the wait", func(o *unstructured.Unstructured) bool {
			return said(o, "Healthy").Status == "Unknown" && strings.Contains(said(o, "Healthy").Message, revision)
		})
		Expect(said(waiting, "Reconciling")).To(Equal(condition{
			"Reconciling", "True", "Progressing", "Running health checks for revision " + revision + " with a timeout of 30m0s",
		}))
		observed := target.until(ctx, start, "its observation", observed("v2"))
		AddReportEntry("writes in order", fmt.Sprintf("Flux begins to ask at %s, Kubernetes has observed the Deployment at %s, Serin at %s",
			waiting.GetResourceVersion(), observed.GetResourceVersion(), begun.GetResourceVersion()))

		By("which Argo CD shows as well")
		Expect(healths(canary.since(moment(version(begun))))).To(Equal([]string{"Progressing", "Healthy"}))
	}, SpecTimeout(patience))

	It("is not Ready after a bad commit, long before its timeout", func(ctx SpecContext) {
		start := now(ctx)
		revision := git.commit(ctx, "v3", map[string]string{"deployment.yaml": deployment("v3")})
		begun := canary.until(ctx, start, "a candidate", when(tests("v3")))
		back := canary.until(ctx, start, "the rollback", when(rolledBack))
		failed := flux.until(ctx, start, "the failure", unhealthy(revision))
		Expect(version(failed)).To(BeNumerically(">", version(back)))
		Expect(flux.since(start)).NotTo(ContainElement(Satisfy(ready(revision))))

		By("naming the Canary")
		Expect(said(failed, "Ready").Message).To(ContainSubstring(
			"failed early due to stalled resources: [Canary/shop/foobar status: 'Failed']"))

		By("which says why, in its condition, in an Event, and in Argo CD")
		why := said(back, "Stalled")
		Expect(why.Status).To(Equal("True"))
		Expect(why.Message).To(MatchRegexp(`^rolled back, v2 \(demo/foobar:v2\) serves: ` + evidence))
		Expect(argoCD(back)).To(Equal(health{"Degraded", why.Reason + ": " + why.Message}))
		Expect(healths(canary.since(moment(version(begun))))).To(Equal([]string{"Progressing", "Degraded"}))
		Expect(notes(ctx)).To(ContainElement(MatchRegexp(evidence)))
	}, SpecTimeout(patience))

	It("is Ready again after the revert, without a new pod", func(ctx SpecContext) {
		start, before := now(ctx), pods(ctx)
		revision := git.revert(ctx)
		reverted := canary.until(ctx, start, "stable", when(serves("v2")))
		flux.until(ctx, start, "Ready", ready(revision))
		Expect(argoCD(reverted).Status).To(Equal("Healthy"))
		Expect(pods(ctx)).To(HaveEach(BeElementOf(before)))
		Expect(canary.since(start)).To(HaveEach(Satisfy(when(func(c *v1alpha1.Canary) bool { return c.Status.Candidate == nil }))))
		noneLost()
	}, SpecTimeout(patience))

	describeOwners()

	AfterAll(func() {
		hangUp()
		if callers != nil {
			noneLost()
		}
	})
})

// evidence is the sentence that rolls v3 back.
const evidence = `v3 fails [0-9.]+% of its requests \(stable [0-9.]+%\), limit 1%: evidence [0-9]+:1 after [0-9]+ requests`

// observed is that Kubernetes has looked at a Deployment that runs a release.
func observed(release string) func(*unstructured.Unstructured) bool {
	return func(o *unstructured.Unstructured) bool {
		n, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration")
		return n == o.GetGeneration() && strings.Contains(text(o.Object["spec"]), image(release))
	}
}

// tests is that a release is the candidate.
func tests(release string) func(*v1alpha1.Canary) bool {
	return func(c *v1alpha1.Canary) bool {
		return c.Status.Candidate != nil && c.Status.Candidate.Image == image(release)
	}
}

func rolledBack(c *v1alpha1.Canary) bool { return c.Status.Phase == v1alpha1.PhaseRolledBack }

// pods are the names of the versions' pods.
func pods(ctx context.Context) []string {
	GinkgoHelper()
	list := &corev1.PodList{}
	Expect(world.Client().List(ctx, list, client.InNamespace("shop"), client.HasLabels{v1alpha1.LabelVersion})).To(Succeed())
	var names []string
	for _, pod := range list.Items {
		names = append(names, pod.Name)
	}
	slices.Sort(names)
	return names
}

// notes are what the Events about the Canary say.
func notes(ctx context.Context) []string {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(world.Client().List(ctx, list, client.InNamespace("shop"))).To(Succeed())
	var all []string
	for _, event := range list.Items {
		if event.Regarding.Kind == "Canary" {
			all = append(all, event.Note)
		}
	}
	return all
}
