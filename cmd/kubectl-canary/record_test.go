package main_test

import (
	"context"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// judged lets so many windows of 10 seconds be judged, of which the status remembers the last 10.
func judged(windows int, status func(*v1alpha1.CanaryStatus)) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) {
		status(s)
		s.Evidence = &v1alpha1.EvidenceStatus{Weight: 10, Windows: int32(windows), Judged: int32(windows), Odds: "1:2"}
		for i := max(windows-10, 0); i < windows; i++ {
			s.Evidence.Recent = append(s.Evidence.Recent, v1alpha1.WindowRecord{
				EndedAt: v1alpha1.At(time.Unix(int64(1010+10*i), 0)), Window: v1alpha1.Dur(10 * time.Second), Weight: 10, Next: 50,
				Candidate: v1alpha1.WindowCounts{Requests: "10", Failures: "0", Slow: "0"},
				Stable:    v1alpha1.WindowCounts{Requests: "90.5", Failures: "1", Slow: "0"},
			})
		}
	}
}

const firstLine = `{"endedAt":"1970-01-01T00:16:50.000000Z","seconds":10,"weight":10,"next":50,` +
	`"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":90.5,"failures":1,"slow":0}}` + "\n"

var running = underTest(v1alpha1.PhaseProgressing)

var _ = DescribeTable("record writes each window once, until the rollout ends",
	func(ctx SpecContext, end func(*v1alpha1.CanaryStatus), want int, how string) {
		c := made(ctx, "shop:2", judged(1, running))
		r := start(ctx, c.Namespace, "record", "foobar")
		Eventually(r.out.String).Should(Equal(firstLine))
		become(ctx, c, judged(2, running))
		Eventually(func() int { return strings.Count(r.out.String(), "\n") }).Should(Equal(2))
		become(ctx, c, func(s *v1alpha1.CanaryStatus) { s.Message = "nothing new" })
		Consistently(r.code, "200ms").ShouldNot(Receive())
		become(ctx, c, judged(4, end))
		Eventually(r.code).Should(Receive(Equal(want)))
		Expect(r.errOut.String()).To(Equal("recorded 4 windows of v2: " + how + "\n"))
		Expect(r.out.String()).To(HavePrefix(firstLine))
		Expect(strings.Split(strings.TrimSpace(r.out.String()), "\n")).To(HaveLen(4))
	},
	Entry("promoted: 0", serving(two, ended(two, v1alpha1.OutcomePromoted)), 0, "promoted"),
	Entry("rolled back: 1", rolledBack, 1, "rolled back"),
	Entry("reverted: 2", serving(one, ended(two, v1alpha1.OutcomeReverted)), 2, "reverted"),
)

var _ = It("record ends with 2 when the Canary is deleted", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(1, running))
	r := start(ctx, c.Namespace, "record", "foobar")
	Eventually(r.out.String).Should(Equal(firstLine))
	Expect(api.Delete(ctx, c)).To(Succeed())
	Eventually(r.code).Should(Receive(Equal(2)))
	Expect(r.errOut.String()).To(Equal("recorded 1 window of v2: the Canary was deleted\n"))
})

var _ = It("record says how many windows came and went unseen", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(12, running))
	r := start(ctx, c.Namespace, "record", "foobar")
	Eventually(r.errOut.String).Should(Equal("2 windows of v2 came and went unseen: a status remembers the last 10\n"))
	become(ctx, c, judged(35, rolledBack))
	Eventually(r.code).Should(Receive(Equal(1)))
	Expect(r.errOut.String()).To(HaveSuffix("13 windows of v2 came and went unseen: a status remembers the last 10\n" +
		"recorded 20 of 35 windows of v2: rolled back\n"))
})

var _ = It("record ends with what was written when it is interrupted", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(3, running))
	interrupted, interrupt := context.WithCancel(ctx)
	r := start(interrupted, c.Namespace, "record", "foobar")
	Eventually(func() int { return strings.Count(r.out.String(), "\n") }).Should(Equal(3))
	interrupt()
	Eventually(r.code).Should(Receive(Equal(130)))
	Expect(r.errOut.String()).To(Equal("recorded 3 windows of v2: interrupted before its end\n"))
})

var _ = It("record writes the newest rollout if none runs, and waits for the next one if nothing is left of any", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(2, serving(two, ended(two, v1alpha1.OutcomePromoted))))
	code, out, errOut := do(ctx, c.Namespace, "record", "foobar")
	Expect(code).To(Equal(0))
	Expect(out).To(HavePrefix(firstLine))
	Expect(errOut).To(Equal("recorded 2 windows of v2: promoted\n"))
	become(ctx, c, func(s *v1alpha1.CanaryStatus) { s.Evidence = nil })
	r := start(ctx, c.Namespace, "record", "foobar")
	Eventually(r.errOut.String).Should(Equal("no rollout of foobar runs; waiting for the next one\n"))
	Consistently(r.code, "300ms").ShouldNot(Receive())
	become(ctx, c, judged(1, running))
	Eventually(r.out.String).Should(Equal(firstLine))
	become(ctx, c, judged(1, rolledBack))
	Eventually(r.code).Should(Receive(Equal(1)))
})

var _ = It("record does not take the rollout from before an apply for the one after it", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(1, serving(one, ended(one, v1alpha1.OutcomePromoted))))
	r := start(ctx, c.Namespace, "record", "foobar")
	Consistently(r.code, "300ms").ShouldNot(Receive())
	Expect(r.out.String()).To(BeEmpty())
	become(ctx, c, judged(1, running))
	Eventually(r.out.String).Should(Equal(firstLine))
	become(ctx, c, judged(1, rolledBack))
	Eventually(r.code).Should(Receive(Equal(1)))
})

var _ = It("record leaves out what a person broke, and refuses a Canary that keeps no windows", func(ctx SpecContext) {
	c := made(ctx, "shop:2", judged(2, running))
	become(ctx, c, func(s *v1alpha1.CanaryStatus) { s.Evidence.Recent[1].Candidate.Failures = "eleven" })
	r := start(ctx, c.Namespace, "record", "foobar")
	Eventually(r.errOut.String).Should(Equal("the window that ended at 00:17:00 is left out: \"eleven\" is no number\n"))
	become(ctx, c, judged(2, rolledBack))
	Eventually(r.code).Should(Receive(Equal(1)))
	Expect(r.out.String()).To(Equal(firstLine))
	Expect(r.errOut.String()).To(HaveSuffix("recorded 1 of 2 windows of v2: rolled back\n"))

	become(ctx, c, running)
	c.Spec.Analysis.Judge = v1alpha1.JudgeThreshold
	Expect(api.Update(ctx, c)).To(Succeed())
	code, out, errOut := do(ctx, c.Namespace, "record", "foobar")
	Expect(code).To(Equal(3))
	Expect(out).To(BeEmpty())
	Expect(errOut).To(Equal("error: foobar is judged by Threshold, and only the Evidence judge remembers windows: see spec.analysis.judge\n"))
	code, _, errOut = do(ctx, c.Namespace, "record", "nobody")
	Expect(code).To(Equal(3))
	Expect(errOut).To(ContainSubstring(`there is no Canary "nobody"`))
})
