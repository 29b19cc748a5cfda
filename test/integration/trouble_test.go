package integration_test

import (
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("a candidate whose pods are in trouble", func() {
	DescribeTable("is rolled back at once, names the pod, and leaves stable as it is",
		func(ctx SpecContext, tag, why string) {
			s := openShop(ctx, sized(3), climb(50)) // The progress deadline is 10m.
			stable := s.deployment(ctx, "foobar-v1")
			splits := recordSplits(ctx, s)
			made := recordOf[*corev1.Pod](ctx, s.namespace, &corev1.PodList{})
			s.release(ctx, tag)
			s.await(ctx, phase(v1alpha1.PhaseRolledBack), says(why))

			message := s.canary(ctx).Status.Message
			made.catchUp(ctx)
			Expect(made.names()).To(ContainElement(Satisfy(func(pod string) bool {
				return strings.Contains(message, "pod "+pod+" is in ")
			})), "%s names none of the pods that were there", message)
			splits.catchUp(ctx)
			Expect(splits.weights()).NotTo(ContainElement(ContainSubstring("=50")), "it never had a request")
			after := s.deployment(ctx, "foobar-v1")
			Expect(after.Generation).To(Equal(stable.Generation))
			Expect(after.Spec.Replicas).To(HaveValue(BeEquivalentTo(3)))
			Expect(s.endpoints(ctx, "foobar-v1")).To(Equal(3))
			Eventually(s.events).WithContext(ctx).Should(ContainElement(And(HavePrefix("PodsFailing: "), ContainSubstring(why))))
			Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v2", &appsv1.Deployment{}).Should(BeFalse())
		},
		Entry("because they crash", crashing, "is in CrashLoopBackOff (container app exited with 137 (OOMKilled), 3 restarts)"),
		Entry("because their image cannot be pulled", missing, `is in ImagePullBackOff (Back-off pulling image "demo/foobar:missing")`),
	)

	It("is rolled back from a pause as well, when they begin to crash at its weight", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), pausedAt(50))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		list := &corev1.PodList{}
		Expect(user.List(ctx, list, client.InNamespace(s.namespace), client.MatchingLabels{v1alpha1.LabelVersion: "v2"})).To(Succeed())
		Expect(list.Items).To(HaveLen(1))
		pod := &list.Items[0]
		before := pod.DeepCopy()
		c := &pod.Status.ContainerStatuses[0]
		c.Ready, c.RestartCount = false, 1
		c.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}
		Expect(user.Status().Patch(ctx, pod, client.MergeFrom(before))).To(Succeed())
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says("pod "+pod.Name+" is in CrashLoopBackOff (container app exited with 1, 1 restart)"))
		Expect(written(s.split(ctx))).To(HavePrefix("foobar-v1=100"))
	})

	It("is waited for when they only take their time, and named when the deadline has passed", func(ctx SpecContext) {
		s := openShop(ctx, func(c *v1alpha1.Canary) { c.Spec.ProgressDeadline = v1alpha1.Dur(2 * time.Second) })
		release := node.hold(s.namespace, image("v2"))
		defer release()
		seen := recordOf[*v1alpha1.Canary](ctx, s.namespace, &v1alpha1.CanaryList{})
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says("v2 had 0 of 1 endpoint ready for "))
		_, late, _ := strings.Cut(s.canary(ctx).Status.Message, "ready for ")
		Expect(time.ParseDuration(late)).To(BeNumerically(">=", 2*time.Second))
		seen.catchUp(ctx)
		Expect(seen.of("foobar")).To(ContainElement(And(
			phase(v1alpha1.PhaseProgressing), says("waiting for the pods of v2: 0 of 1 endpoint ready"))))
		Expect(s.canary(ctx).Status.History[0].Reason).To(Equal(v1alpha1.ReasonProgressDeadline))
	})
})
