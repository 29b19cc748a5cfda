package integration_test

import (
	"context"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
)

// slow gives a Canary steps that only a person leaves within a spec.
func slow(weights ...int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		steps(weights...)(c)
		for i := range c.Spec.Steps {
			c.Spec.Steps[i].Dwell = v1alpha1.Dur(time.Hour)
		}
	}
}

// tested is a shop whose v2 stands at the first of some steps that only a person leaves.
func tested(ctx context.Context, weight int32, changes ...func(*v1alpha1.Canary)) *shop {
	GinkgoHelper()
	s := openShop(ctx, changes...)
	s.release(ctx, "v2")
	s.await(ctx, phase(v1alpha1.PhaseProgressing), at(weight), HaveField("Status.Step.LandedAt", Not(BeNil())))
	return s
}

// tell gives a command about the revision under test, and waits until it was carried out.
func (s *shop) tell(ctx context.Context, id string, verb v1alpha1.Verb) {
	GinkgoHelper()
	revision := s.canary(ctx).Status.RolledBackRevision
	if c := s.canary(ctx).Status.Candidate; c != nil {
		revision = c.Revision
	}
	s.say(ctx, v1alpha1.Command{ID: id, Verb: verb, Revision: revision, By: "jane"})
	s.await(ctx, HaveField("Status.LastCommand", And(Not(BeNil()), HaveField("ID", id), HaveField("By", "jane"), HaveField("Refused", ""))))
}

var _ = Describe("a person's command", func() {
	It("to promote leaves exactly one step", func(ctx SpecContext) {
		s := tested(ctx, 10, sized(4), slow(10, 50, 90))
		splits := recordSplits(ctx, s)
		s.tell(ctx, "1", v1alpha1.VerbPromote)
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(50), HaveField("Status.Step.LandedAt", Not(BeNil())))
		Expect(s.size(ctx, "foobar-v2")).To(BeEquivalentTo(2))
		splits.expect("foobar-v1=90 foobar-v2=10", "foobar-v1=50 foobar-v2=50")
	})

	It("to promote in full waits for all pods, and then gives the candidate everything at once", func(ctx SpecContext) {
		s := tested(ctx, 10, sized(4), slow(10, 50, 90))
		splits := recordSplits(ctx, s)
		made := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		s.tell(ctx, "1", v1alpha1.VerbPromoteFull)
		s.await(ctx, serves("v2"))
		splits.expect("foobar-v1=90 foobar-v2=10", "foobar-v2=100")
		// Serin goes by the endpoints, which may come before the Deployment counts its pods.
		Eventually(func() int32 {
			sized := made.of("foobar-v2")
			return sized[len(sized)-1].Status.ReadyReplicas
		}).Should(BeEquivalentTo(4))
		Eventually(s.events).WithContext(ctx).Should(ContainElement(ContainSubstring("promote-full by jane")))
	})

	It("to abort takes all traffic in one write, from a step and from a promotion", func(ctx SpecContext) {
		s := tested(ctx, 10, sized(4), slow(10, 50), func(c *v1alpha1.Canary) { c.Spec.ScaleDownDelay = v1alpha1.Dur(time.Hour) })
		stable := s.deployment(ctx, "foobar-v1").Generation
		splits := recordSplits(ctx, s)
		release := node.hold(s.namespace, image("v2")) // The pods that the promotion asks for do not start.
		defer release()
		s.tell(ctx, "1", v1alpha1.VerbPromoteFull)
		s.await(ctx, phase(v1alpha1.PhasePromoting))
		s.tell(ctx, "2", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says("abort by jane"))
		splits.expect("foobar-v1=90 foobar-v2=10", "foobar-v1=100")
		Expect(s.deployment(ctx, "foobar-v1").Generation).To(Equal(stable), "stable was not touched")
		Expect(s.exists(ctx, "foobar-v2", &appsv1.Deployment{})).To(BeTrue(), "it stays up for scaleDownDelay")
	})

	It("to pause keeps the weight, and to resume goes on", func(ctx SpecContext) {
		s := tested(ctx, 10, slow(10))
		s.tell(ctx, "1", v1alpha1.VerbPause)
		s.await(ctx, phase(v1alpha1.PhasePaused), at(10), says("paused at 10% by a person"))
		s.change(ctx, func(c *v1alpha1.Canary) { c.Spec.Steps[0].Dwell = v1alpha1.Dur(time.Millisecond) })
		s.await(ctx, HaveField("Status.ObservedGeneration", s.canary(ctx).Generation), phase(v1alpha1.PhasePaused))
		s.tell(ctx, "2", v1alpha1.VerbResume)
		s.await(ctx, serves("v2"))
	})

	It("to retry starts the steps again with a version that was never used", func(ctx SpecContext) {
		s := tested(ctx, 10, slow(10))
		s.tell(ctx, "1", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
		s.tell(ctx, "2", v1alpha1.VerbRetry)
		s.await(ctx, phase(v1alpha1.PhaseProgressing), HaveField("Status.Candidate", HaveField("Version", "v3")), at(10))
		s.splits(ctx, "foobar-v1=90 foobar-v3=10")
	})

	It("is refused with an Event when it is about another revision, or does not fit", func(ctx SpecContext) {
		s := tested(ctx, 10, slow(10))
		revision := s.canary(ctx).Status.Candidate.Revision
		for id, c := range map[string]struct {
			command v1alpha1.Command
			why     string
		}{
			"1": {v1alpha1.Command{Verb: v1alpha1.VerbPromoteFull, Revision: "0123"}, "it is about revision 0123, not " + revision},
			"2": {v1alpha1.Command{Verb: v1alpha1.VerbRetry}, "retry does not fit phase Progressing"},
			"3": {v1alpha1.Command{Verb: "destroy"}, `"destroy" is no command`},
		} {
			c.command.ID = id
			s.say(ctx, c.command)
			s.await(ctx, HaveField("Status.LastCommand", And(Not(BeNil()), HaveField("ID", id), HaveField("Refused", ContainSubstring(c.why)))))
			Eventually(s.events).WithContext(ctx).Should(ContainElement(And(HavePrefix("CommandRefused: "), ContainSubstring(c.why))))
		}
		Expect(s.canary(ctx)).To(And(phase(v1alpha1.PhaseProgressing), at(10)))
	})

	It("is carried out once, also by another controller", Serial, func(ctx SpecContext) {
		s := tested(ctx, 10, slow(10, 50, 90))
		s.tell(ctx, "1", v1alpha1.VerbPromote)
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(50), HaveField("Status.Step.LandedAt", Not(BeNil())))
		carriedOut := s.canary(ctx).Status.LastCommand
		controller.stop()
		controller = startController()
		s.seen(ctx)
		Expect(s.canary(ctx)).To(And(phase(v1alpha1.PhaseProgressing), at(50)))
		Expect(s.canary(ctx).Status.LastCommand).To(Equal(carriedOut))
	})
})

var _ = It("does not try a rolled back revision again after a restart, or when Git applies it again", Serial, func(ctx SpecContext) {
	s := tested(ctx, 10, slow(10))
	s.tell(ctx, "1", v1alpha1.VerbAbort)
	s.await(ctx, phase(v1alpha1.PhaseRolledBack))
	controller.stop()
	controller = startController()
	s.push(ctx)
	s.seen(ctx)
	Expect(s.canary(ctx)).To(And(phase(v1alpha1.PhaseRolledBack), HaveField("Status.LastVersion", BeEquivalentTo(2))))
	s.release(ctx, "v3")
	s.await(ctx, phase(v1alpha1.PhaseProgressing), HaveField("Status.Candidate", HaveField("Version", "v3")))
})

// seen waits until the controller has looked at the Canary after now: it answers for a generation that is new.
func (s *shop) seen(ctx context.Context) {
	GinkgoHelper()
	s.change(ctx, func(c *v1alpha1.Canary) {
		c.Spec.ProgressDeadline = v1alpha1.Dur(c.Spec.ProgressDeadline.Of() + time.Second)
	})
	s.await(ctx, HaveField("Status.ObservedGeneration", s.canary(ctx).Generation))
}
