package main_test

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = DescribeTable("a command writes what it says, bound to the revision it finds",
	func(ctx SpecContext, state func(*v1alpha1.CanaryStatus), args []string, want v1alpha1.Command, printed string) {
		c := made(ctx, "shop:2", state)
		seen := answering(ctx, c, "")
		code, out, errOut := do(ctx, c.Namespace, append(args, "foobar")...)
		Expect(errOut).To(BeEmpty())
		Expect(code).To(Equal(0))
		Expect(out).To(Equal(printed))
		var got v1alpha1.Command
		Eventually(seen).Should(Receive(&got))
		Expect(got.ID).NotTo(BeEmpty())
		Expect(got.By).NotTo(BeEmpty(), "the API server says who asks")
		got.ID, got.By = "", ""
		Expect(got).To(Equal(want))
		Expect(api.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
		var managers []string
		for _, m := range c.ManagedFields {
			managers = append(managers, m.Manager)
		}
		Expect(managers).To(ContainElement("kubectl-canary"))
	},
	Entry("promote", underTest(v1alpha1.PhaseProgressing), []string{"promote"},
		v1alpha1.Command{Verb: v1alpha1.VerbPromote, Revision: two.Revision}, "canary.serin.dev/foobar promoted\n"),
	Entry("promote --full", underTest(v1alpha1.PhaseProgressing), []string{"promote", "--full", "--reason", "we are late"},
		v1alpha1.Command{Verb: v1alpha1.VerbPromoteFull, Revision: two.Revision, Reason: "we are late"},
		"canary.serin.dev/foobar promoted to all traffic\n"),
	Entry("abort", underTest(v1alpha1.PhasePromoting), []string{"abort"},
		v1alpha1.Command{Verb: v1alpha1.VerbAbort, Revision: two.Revision}, "canary.serin.dev/foobar aborted\n"),
	Entry("pause", underTest(v1alpha1.PhaseProgressing), []string{"pause"},
		v1alpha1.Command{Verb: v1alpha1.VerbPause, Revision: two.Revision}, "canary.serin.dev/foobar paused\n"),
	Entry("resume", underTest(v1alpha1.PhasePaused), []string{"resume"},
		v1alpha1.Command{Verb: v1alpha1.VerbResume, Revision: two.Revision}, "canary.serin.dev/foobar resumed\n"),
	Entry("approve with the beginning of a revision", underTest(v1alpha1.PhasePaused), []string{"approve", "--revision", "81aa"},
		v1alpha1.Command{Verb: v1alpha1.VerbApprove, Revision: two.Revision}, "canary.serin.dev/foobar approved\n"),
	Entry("retry", rolledBack, []string{"retry"},
		v1alpha1.Command{Verb: v1alpha1.VerbRetry, Revision: two.Revision}, "canary.serin.dev/foobar retried\n"),
)

var _ = DescribeTable("a command that does not fit is refused before it is written",
	func(ctx SpecContext, state func(*v1alpha1.CanaryStatus), args []string, sentence string) {
		c := made(ctx, "shop:2", state)
		code, out, errOut := do(ctx, c.Namespace, args...)
		Expect(code).To(Equal(1))
		Expect(out).To(BeEmpty())
		Expect(errOut).To(ContainSubstring(sentence))
		Expect(api.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
		Expect(c.Annotations).NotTo(HaveKey(v1alpha1.AnnotationCommand))
	},
	Entry("nothing is under test", serving(one), []string{"abort", "foobar"},
		"error: nothing to abort: no revision of foobar is under test (phase Succeeded)\n"),
	Entry("nothing is rolled back", underTest(v1alpha1.PhaseProgressing), []string{"retry", "foobar"},
		"error: nothing to retry: no revision of foobar is rolled back (phase Progressing)\n"),
	Entry("another revision", underTest(v1alpha1.PhaseProgressing), []string{"promote", "foobar", "--revision", "dead"},
		"error: promote is not written: it is about revision dead, and the one concerned is 81aa77c0 of v2\n"),
	Entry("no such Canary", serving(one), []string{"pause", "nobody"}, `error: there is no Canary "nobody" in namespace`),
	Entry("no name", serving(one), []string{"pause"}, "error: kubectl canary pause needs the name of one Canary"),
)

var _ = It("says why the controller refused, with exit code 1", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhasePaused))
	answering(ctx, c, "the step waits for approval: use approve")
	code, out, errOut := do(ctx, c.Namespace, "resume", "foobar")
	Expect(code).To(Equal(1))
	Expect(out).To(BeEmpty())
	Expect(errOut).To(Equal("error: resume of canary.serin.dev/foobar was refused: the step waits for approval: use approve\n"))
})

var _ = It("says that nobody answers, and leaves the command for when somebody does", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	code, _, errOut := do(ctx, c.Namespace, "pause", "foobar", "--timeout", "300ms")
	Expect(code).To(Equal(1))
	Expect(errOut).To(And(ContainSubstring("no controller answered pause within 300ms"), ContainSubstring("check that Serin's controller runs")))
	Expect(api.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
	Expect(c.Annotations[v1alpha1.AnnotationCommand]).To(ContainSubstring(`"verb":"pause"`))
})

var _ = It("does not wait with --no-wait, and does not take the place of an abort that waits", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	code, out, _ := do(ctx, c.Namespace, "abort", "foobar", "--no-wait")
	Expect(code).To(Equal(0))
	Expect(out).To(Equal("canary.serin.dev/foobar asked to abort\n"))
	code, _, errOut := do(ctx, c.Namespace, "approve", "foobar")
	Expect(code).To(Equal(1))
	Expect(errOut).To(ContainSubstring("waits for the controller, and abort wins"))
	Expect(api.Get(ctx, client.ObjectKeyFromObject(c), c)).To(Succeed())
	Expect(c.Annotations[v1alpha1.AnnotationCommand]).To(ContainSubstring(`"verb":"abort"`))
}, SpecTimeout(time.Minute))
