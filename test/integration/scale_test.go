package integration_test

import (
	"context"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// scale reads the Canary's scale as an autoscaler does.
func (s *shop) scale(ctx context.Context) *autoscalingv1.Scale {
	GinkgoHelper()
	scale := &autoscalingv1.Scale{}
	Expect(user.SubResource("scale").Get(ctx, s.canary(ctx), scale)).To(Succeed())
	return scale
}

// scaleTo writes it as an autoscaler does.
func (s *shop) scaleTo(ctx context.Context, replicas int32) {
	GinkgoHelper()
	Expect(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		scale := s.scale(ctx)
		scale.Spec.Replicas = replicas
		return user.SubResource("scale").Update(ctx, s.canary(ctx), client.WithSubResourceBody(scale))
	})).To(Succeed())
}

// selected counts the pods that a selector selects, by version.
func (s *shop) selected(ctx context.Context, selector string) map[string]int {
	GinkgoHelper()
	parsed, err := labels.Parse(selector)
	Expect(err).NotTo(HaveOccurred())
	list := &corev1.PodList{}
	Expect(user.List(ctx, list, client.InNamespace(s.namespace), client.MatchingLabelsSelector{Selector: parsed})).To(Succeed())
	found := map[string]int{}
	for _, pod := range list.Items {
		found[pod.Labels[v1alpha1.LabelVersion]]++
	}
	return found
}

var _ = Describe("an autoscaler that aims at the Canary", func() {
	It("sees the pods of every version, and sizes stable", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), pausedAt(50))
		Expect(s.scale(ctx).Spec.Replicas).To(BeEquivalentTo(2))
		s.scaleTo(ctx, 4)
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeEquivalentTo(4))
		Expect(s.canary(ctx).Spec.Replicas).To(HaveValue(BeEquivalentTo(4)))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		// The sizes are Serin's, and the pods, and what Deployments say of them, are Kubernetes', which takes its time.
		Eventually(s.scale).WithContext(ctx).Should(HaveField("Status.Replicas", BeEquivalentTo(6)))
		selector := s.scale(ctx).Status.Selector
		Eventually(s.selected).WithContext(ctx).WithArguments(selector).Should(Equal(map[string]int{"v1": 4, "v2": 2}))
		for _, version := range []string{"foobar-v1", "foobar-v2"} {
			Eventually(s.deployment).WithContext(ctx).WithArguments(version).Should(HaveField("Status.ReadyReplicas", BeNumerically(">", 0)))
		}
	})

	It("shrinks no version below its size at the start of a rollout, before the old one is gone", func(ctx SpecContext) {
		s := openShop(ctx, sized(4), pausedAt(50))
		made := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		s.scaleTo(ctx, 2)
		s.await(ctx, HaveField("Status.ObservedGeneration", s.canary(ctx).Generation))
		s.tell(ctx, "1", v1alpha1.VerbApprove)
		s.await(ctx, serves("v2"))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v2").Should(BeEquivalentTo(2), "then it gets its way")
		made.catchUp(ctx)
		for _, d := range made.of("foobar-v1") {
			Expect(d.Spec.Replicas).To(HaveValue(BeEquivalentTo(4)))
		}
		for _, d := range made.of("foobar-v2") {
			Expect(*d.Spec.Replicas).To(BeElementOf(int32(2), int32(4)))
		}
	})

	It("grows both versions by their own share while the weight stays", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), pausedAt(50))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		s.scaleTo(ctx, 8)
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeEquivalentTo(8))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v2").Should(BeEquivalentTo(4))
		s.splits(ctx, "foobar-v1=50 foobar-v2=50")
	})
})

var _ = It("keeps a rollout waiting that has 0 pods, and goes on when there are some", func(ctx SpecContext) {
	s := openShop(ctx, sized(2))
	s.scaleTo(ctx, 0)
	Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeZero())
	s.release(ctx, "v2")
	s.await(ctx, phase(v1alpha1.PhaseProgressing), says("v2 has 0 pods, as asked: nothing can be tested before there is one"))
	s.scaleTo(ctx, 2)
	s.await(ctx, serves("v2"))
	Expect(s.size(ctx, "foobar-v2")).To(BeEquivalentTo(2))
})

var _ = It("lets a PodDisruptionBudget on the user's labels count the pods of two versions", func(ctx SpecContext) {
	s := openShop(ctx, sized(4), pausedAt(50))
	Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero())
	budget := &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "foobar"},
		Spec: policyv1.PodDisruptionBudgetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "foobar"}}, MaxUnavailable: ptr.To(intstr.FromInt32(1)),
		},
	}
	Expect(user.Create(ctx, budget)).To(Succeed())
	counts := func(expected int32) {
		GinkgoHelper()
		Eventually(get[*policyv1.PodDisruptionBudget]).WithContext(ctx).WithArguments(s, "foobar", &policyv1.PodDisruptionBudget{}).Should(
			HaveField("Status", And(
				HaveField("ExpectedPods", expected), HaveField("CurrentHealthy", expected), HaveField("DisruptionsAllowed", BeEquivalentTo(1)),
				HaveField("Conditions", ConsistOf(And(HaveField("Type", policyv1.DisruptionAllowedCondition), HaveField("Reason", policyv1.SufficientPodsReason)))),
			)))
	}
	counts(4)
	s.release(ctx, "v2")
	s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
	counts(6)
	s.tell(ctx, "1", v1alpha1.VerbApprove)
	s.await(ctx, serves("v2"))
	counts(4)
})
