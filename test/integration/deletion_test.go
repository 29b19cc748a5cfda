package integration_test

import (
	"context"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = DescribeTable("deleting a Canary gives the target and the apex back as they were, and leaves nothing of Serin's behind",
	func(ctx SpecContext, advance func(ctx context.Context, s *shop)) {
		s := newShop(ctx)
		s.make(ctx, "settings", "password")
		s.push(ctx, refersTo("settings", "password"))
		Expect(apply(ctx, apexOf(s.namespace), "git")).To(Succeed())
		apex := get(ctx, s, "foobar", &corev1.Service{})
		theirs := get(ctx, s, "settings", &corev1.ConfigMap{})
		takeOver := func(c *v1alpha1.Canary) { c.Spec.Service.TakeOver, c.Spec.Replicas = true, ptr.To[int32](2) }
		if advance == nil {
			defer node.hold(s.namespace, image("v1"))()
			s.add(ctx, takeOver)
			s.handOver(ctx, apexOf(s.namespace))
			s.await(ctx, phase(v1alpha1.PhaseInitializing))
		} else {
			s.add(ctx, slow(10, 50), takeOver)
			s.handOver(ctx, apexOf(s.namespace))
			s.await(ctx, serves("v1"))
			advance(ctx, s)
		}

		Expect(user.Delete(ctx, s.canary(ctx))).To(Succeed())
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar", &v1alpha1.Canary{}).Should(BeFalse())
		target := s.deployment(ctx, "foobar")
		if advance != nil {
			Expect(target.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)), "no fewer pods than the versions had")
			Expect(target.Status.ReadyReplicas).To(BeEquivalentTo(2), "they were ready before anything was removed")
		}
		after := get(ctx, s, "foobar", &corev1.Service{})
		Expect(after.Spec.Selector).To(Equal(map[string]string{"app": "foobar"}))
		Expect(after.Spec.ClusterIP).To(Equal(apex.Spec.ClusterIP))
		Expect(after.UID).To(Equal(apex.UID))
		Eventually(func(g Gomega) {
			marked := client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}
			for _, list := range []client.ObjectList{
				&appsv1.DeploymentList{}, &corev1.ServiceList{}, &split.TrafficSplitList{}, &corev1.ConfigMapList{}, &corev1.SecretList{},
			} {
				g.Expect(user.List(ctx, list, client.InNamespace(s.namespace), marked)).To(Succeed())
				g.Expect(list).To(HaveField("Items", BeEmpty()))
			}
		}).Should(Succeed())
		Expect(get(ctx, s, "settings", &corev1.ConfigMap{}).ResourceVersion).To(Equal(theirs.ResourceVersion), "the user's own objects are untouched")
	},
	Entry("while v1 starts", nil),
	Entry("while v1 serves alone", func(context.Context, *shop) {}),
	Entry("while v2 is tested", func(ctx context.Context, s *shop) {
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
	}),
	Entry("while v2 is paused", func(ctx context.Context, s *shop) {
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
		s.tell(ctx, "1", v1alpha1.VerbPause)
		s.await(ctx, phase(v1alpha1.PhasePaused))
	}),
	Entry("while v2 is promoted", func(ctx context.Context, s *shop) {
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
		s.change(ctx, func(c *v1alpha1.Canary) {
			c.Spec.Webhooks = []v1alpha1.Webhook{{Name: "gate", When: v1alpha1.BeforePromotion, URL: "http://127.0.0.1:1/"}}
		})
		s.tell(ctx, "1", v1alpha1.VerbPromoteFull)
		s.await(ctx, phase(v1alpha1.PhasePromoting), at(10))
	}),
	Entry("after v2 was promoted, while v1 retires", func(ctx context.Context, s *shop) {
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
		s.tell(ctx, "1", v1alpha1.VerbPromoteFull)
		s.await(ctx, serves("v2"))
	}),
	Entry("after v2 was rolled back", func(ctx context.Context, s *shop) {
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
		s.tell(ctx, "1", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
	}),
)

// handOver takes the selector of an apex out of Git as soon as the Canary asks for that, and waits until Serin leads it.
func (s *shop) handOver(ctx context.Context, apex *corev1.Service) {
	GinkgoHelper()
	s.await(ctx, condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, "take spec.selector out of what git applies"))
	apex.Spec.Selector = nil
	Expect(apply(ctx, apex, "git")).To(Succeed())
}

var _ = Describe("A Canary that is made again after it was deleted", func() {
	It("takes over the apex that the one before made and left, with its ports", func(ctx SpecContext) {
		s := openShop(ctx)
		ports := get(ctx, s, "foobar", &corev1.Service{}).Spec.Ports
		Expect(user.Delete(ctx, s.canary(ctx))).To(Succeed())
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar", &v1alpha1.Canary{}).Should(BeFalse())

		s.add(ctx, func(c *v1alpha1.Canary) { c.Spec.Service.TakeOver = true })
		s.await(ctx, serves("v1"))
		apex := get(ctx, s, "foobar", &corev1.Service{})
		Expect(apex.Spec.Ports).To(Equal(ports))
		Expect(apex.Spec.Selector).To(HaveKey(v1alpha1.SelectorProxied))
	})
})
