package integration_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("a release", func() {
	It("is given the pods for its first weight, and no request before they are ready", func(ctx SpecContext) {
		s := openShop(ctx, sized(4), pausedAt(20))
		release := node.hold(s.namespace, image("v2"))
		splits := recordSplits(ctx, s)
		s.release(ctx, "v2")
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v2").Should(BeEquivalentTo(1), "20% of 4 pods")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), says("waiting for the pods of v2: 0 of 1 endpoint ready"))
		Expect(s.endpoints(ctx, "foobar-v2")).To(BeZero())
		s.splits(ctx, "foobar-v1=100")
		release()
		s.await(ctx, phase(v1alpha1.PhasePaused), at(20))
		Expect(s.endpoints(ctx, "foobar-v2")).To(Equal(1))
		Expect(s.size(ctx, "foobar-v1")).To(BeEquivalentTo(4), "stable keeps its full size")
		splits.expect("foobar-v1=100", "foobar-v1=80 foobar-v2=20")
	})

	It("goes through exactly the weights of the plan, and only then takes the old version's pods", func(ctx SpecContext) {
		s := openShop(ctx, sized(4), climb(1, 2, 10, 80))
		splits := recordSplits(ctx, s)
		made := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v1", &appsv1.Deployment{}).Should(BeFalse())

		splits.expect(
			"foobar-v1=100", "foobar-v1=99 foobar-v2=1", "foobar-v1=98 foobar-v2=2",
			"foobar-v1=90 foobar-v2=10", "foobar-v1=20 foobar-v2=80", "foobar-v2=100",
		)
		made.catchUp(ctx)
		for _, d := range made.of("foobar-v1") {
			Expect(d.Spec.Replicas).To(HaveValue(BeEquivalentTo(4)), "stable keeps its full size until it goes")
		}
		var sizes []int32
		for _, d := range made.of("foobar-v2") {
			if n := *d.Spec.Replicas; len(sizes) == 0 || sizes[len(sizes)-1] != n {
				sizes = append(sizes, n)
			}
		}
		Expect(sizes).To(Equal([]int32{1, 4}), "1, 2 and 10 percent of 4 pods are one pod, 80 percent are four")
		Expect(s.exists(ctx, "foobar-v1", apexOf(s.namespace))).To(BeFalse())
		Expect(s.canary(ctx).Status.History).To(HaveExactElements(And(
			HaveField("Version", "v2"), HaveField("Outcome", v1alpha1.OutcomePromoted))))
	})

	It("leaves the old version its pods for scaleDownDelay, which takes its traffic back at once when Git goes back", func(ctx SpecContext) {
		s := openShop(ctx, climb(50), func(c *v1alpha1.Canary) { c.Spec.ScaleDownDelay = v1alpha1.Dur(time.Hour) })
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		before := s.deployment(ctx, "foobar-v1")
		Eventually(s.deployment).WithContext(ctx).WithArguments("foobar-v1").Should(HaveField("Status.ReadyReplicas", BeEquivalentTo(1)))
		splits := recordSplits(ctx, s)
		s.release(ctx, "v1")
		s.await(ctx, serves("v1"))
		Expect(s.deployment(ctx, "foobar-v1").UID).To(Equal(before.UID), "its pods were there all the time")
		splits.catchUp(ctx)
		Expect(splits.weights()).NotTo(ContainElement(ContainSubstring("=50")), "without steps")
		Expect(s.exists(ctx, "foobar-v3", &appsv1.Deployment{})).To(BeFalse())
	})

	It("takes a changed template and a changed size from one apply, and climbs its steps once", func(ctx SpecContext) {
		s := newShop(ctx)
		s.push(ctx, func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](2) })
		s.add(ctx, climb(50))
		s.await(ctx, serves("v1"))
		Expect(s.size(ctx, "foobar-v1")).To(BeEquivalentTo(2))
		splits := recordSplits(ctx, s)
		s.push(ctx, func(d *appsv1.Deployment) {
			d.Spec.Replicas = ptr.To[int32](3)
			d.Spec.Template.Spec.Containers[0].Image = image("v2")
		})
		s.await(ctx, serves("v2"))
		Expect(s.size(ctx, "foobar-v2")).To(BeEquivalentTo(3))
		splits.expect(
			"foobar-v1=100", "foobar-v1=50 foobar-v2=50", "foobar-v2=100",
		)
		Expect(s.canary(ctx).Status.LastVersion).To(BeEquivalentTo(2))
	})

	It("is rolled back in one write when its requests fail, and is not tried again", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), climb(50))
		v1 := s.deployment(ctx, "foobar-v1")
		network.fail(s.namespace, "foobar-v2")
		splits := recordSplits(ctx, s)
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseRolledBack),
			says("v2 fails 50% of its requests (stable 0%), limit 1%: 500 requests in 1s are enough"),
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, ""), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, "v2 fails 50% of its requests"))
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v2", &appsv1.Deployment{}).Should(BeFalse())
		splits.expect(
			"foobar-v1=100", "foobar-v1=50 foobar-v2=50", "foobar-v1=100",
		)
		Expect(s.deployment(ctx, "foobar-v1").Generation).To(Equal(v1.Generation), "stable was not touched")
		Eventually(s.events).WithContext(ctx).Should(ContainElement(HavePrefix("AnalysisFailed: rolling back v2 (demo/foobar:v2) to v1 (demo/foobar:v1), weight 50% -> 0%")))
	})

	It("is rolled back after failureThreshold failed windows in a row by the Threshold judge", func(ctx SpecContext) {
		s := openShop(ctx, climb(50), func(c *v1alpha1.Canary) {
			c.Spec.Analysis.Judge, c.Spec.Analysis.FailureThreshold = v1alpha1.JudgeThreshold, 2
		})
		network.fail(s.namespace, "foobar-v2")
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says("success rate 50.00% < 99% of v2 over 500 requests in 1s at step 1/1: 2 windows in a row failed, limit 2"))
		Expect(s.canary(ctx).Status.Evidence).To(BeNil())
	})

	It("keeps in status what the evidence is made of, exactly", func(ctx SpecContext) {
		s := openShop(ctx, climb(1, 10))
		seen := recordOf[*v1alpha1.Canary](ctx, s.namespace, &v1alpha1.CanaryList{})
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		seen.catchUp(ctx)
		evidence := s.canary(ctx).Status.Evidence
		Expect(evidence).NotTo(BeNil())
		Expect(len(evidence.Recent)).To(BeEquivalentTo(evidence.Judged), "fewer than 10 windows were needed")
		var state judge.State
		for _, w := range evidence.Recent {
			Expect(w.Candidate.Failures).To(Equal("0"))
			state, _ = analysis.JudgeOf(s.canary(ctx).Spec.Analysis).Judge(state, analysis.WindowOf(w, 0))
		}
		for i, m := range state.Memories {
			text, err := m.MarshalText()
			Expect(err).NotTo(HaveOccurred())
			Expect(evidence.Checks[i]).To(Equal(v1alpha1.EvidenceMemory{Name: m.Name, Memory: string(text)}))
		}
		var needed []int64
		for _, c := range seen.of("foobar") {
			if step := c.Status.Step; step != nil && step.Position == "1/2" && len(c.Status.Checks) > 0 {
				needed = append(needed, c.Status.Checks[0].Needed)
			}
		}
		Expect(needed[0]).To(BeNumerically(">", 0), "10 requests prove little")
		Expect(slices.IsSortedFunc(needed, func(a, b int64) int { return cmp.Compare(b, a) })).To(BeTrue(), "%v", needed)
	})

	It("is also what kubectl rollout restart asks for, and replaces the pods without a gap", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), climb(50))
		target := s.deployment(ctx, "foobar")
		before := target.DeepCopy()
		target.Spec.Template.Annotations = map[string]string{"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
		Expect(user.Patch(ctx, target, client.MergeFrom(before))).To(Succeed())
		s.await(ctx, serves("v2"))
		Expect(s.canary(ctx).Status.Stable.Image).To(Equal(image("v1")))
		Expect(s.deployment(ctx, "foobar-v2").Spec.Template.Annotations).To(HaveKey("kubectl.kubernetes.io/restartedAt"))
		Expect(s.endpoints(ctx, "foobar-v2")).To(Equal(2))
		s.push(ctx)
		s.seen(ctx)
		Expect(s.canary(ctx)).To(serves("v2"), "Git does not take the restart back")
	})

	It("keeps its weight while the target is deleted, and goes on when it is made again", func(ctx SpecContext) {
		s := openShop(ctx, pausedAt(50))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		Expect(user.Delete(ctx, s.deployment(ctx, "foobar"))).To(Succeed())
		s.await(ctx, condition(v1alpha1.ConditionReady, metav1.ConditionFalse, `Deployment "foobar" does not exist`))
		s.splits(ctx, "foobar-v1=50 foobar-v2=50")
		s.push(ctx)
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50), says("waiting for approval"))
		s.say(ctx, v1alpha1.Command{ID: "1", Verb: v1alpha1.VerbApprove})
		s.await(ctx, serves("v2"))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero(), "the new Deployment goes to 0 as the old one did")
	})

	It("leaves Ready True only while nothing is under test, for whoever compares observedGeneration", func(ctx SpecContext) {
		s := newShop(ctx)
		seen := recordOf[*v1alpha1.Canary](ctx, s.namespace, &v1alpha1.CanaryList{})
		s.push(ctx)
		s.add(ctx, climb(50))
		s.await(ctx, serves("v1"))
		release := node.hold(s.namespace, image("v2")) // It gets no weight before its step is another one.
		s.release(ctx, "v2")
		s.change(ctx, func(c *v1alpha1.Canary) { c.Spec.Steps[0].Weight = 40 })
		s.await(ctx, HaveField("Status.ObservedGeneration", s.canary(ctx).Generation))
		release()
		s.await(ctx, serves("v2"))
		seen.catchUp(ctx)
		ready := 0
		for _, c := range seen.of("foobar") {
			if is := c.Status.Condition(v1alpha1.ConditionReady); is != nil && is.Status == metav1.ConditionTrue && c.Status.ObservedGeneration == c.Generation {
				Expect(is.ObservedGeneration).To(Equal(c.Generation))
				Expect(c.Status.Candidate).To(BeNil())
				Expect(c.Status.Condition(v1alpha1.ConditionReconciling)).To(Or(BeNil(), HaveField("Status", metav1.ConditionFalse)))
				ready++
			}
		}
		Expect(ready).To(BeNumerically(">", 0))
		Eventually(s.events).WithContext(ctx).Should(ContainElement(ContainSubstring("weight 0% -> 40%")))
	})
})

var _ = It("keeps two Canaries of one namespace apart", func(ctx SpecContext) {
	s := openShop(ctx, pausedAt(50))
	other := shopIn(s.namespace, "barfoo")
	other.push(ctx)
	other.add(ctx)
	other.await(ctx, serves("v1"))
	s.release(ctx, "v2")
	s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
	other.release(ctx, "v2")
	other.await(ctx, serves("v2"))
	Expect(s.canary(ctx)).To(And(phase(v1alpha1.PhasePaused), at(50)))
})
