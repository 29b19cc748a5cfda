package main_test

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = DescribeTable("watch ends with the rollout that it found in progress",
	func(ctx SpecContext, end func(*v1alpha1.CanaryStatus), want int, sentence string) {
		c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
		r := start(ctx, c.Namespace, "watch", "foobar")
		Eventually(r.out.String).Should(ContainSubstring("Progressing v1 -> v2 step 1/2 10%: testing v2 at 10%\n"))
		Consistently(r.code, "200ms").ShouldNot(Receive())
		become(ctx, c, end)
		Eventually(r.code).Should(Receive(Equal(want)))
		Expect(r.out.String() + r.errOut.String()).To(ContainSubstring(sentence))
	},
	Entry("promoted: 0", serving(two, ended(two, v1alpha1.OutcomePromoted)), 0, "v2 (shop:2) was promoted: because of the test\n"),
	Entry("rolled back: 1", rolledBack, 1, "v2 (shop:2) was rolled back: because of the test\n"),
	Entry("reverted: 2", serving(one, ended(two, v1alpha1.OutcomeReverted)), 2, "v2 (shop:2) was reverted: because of the test\n"),
)

var _ = It("watch ends with 2 when the Canary is deleted", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	r := start(ctx, c.Namespace, "watch", "foobar")
	Eventually(r.out.String).Should(ContainSubstring("Progressing"))
	Expect(api.Delete(ctx, c)).To(Succeed())
	Eventually(r.code).Should(Receive(Equal(2)))
})

var _ = It("watch waits for the next rollout when none runs, but not for longer than --timeout", func(ctx SpecContext) {
	c := made(ctx, "shop:1", serving(one))
	code, _, errOut := do(ctx, c.Namespace, "watch", "foobar", "--timeout", "3s") // time to look once, also where all is slow
	Expect(code).To(Equal(124))
	Expect(errOut).To(ContainSubstring("timed out after 3s waiting for the end of the rollout of foobar: no rollout runs"))
	r := start(ctx, c.Namespace, "watch", "foobar")
	Eventually(r.out.String).Should(ContainSubstring("Succeeded: v1 serves"))
	become(ctx, c, underTest(v1alpha1.PhaseProgressing))
	Eventually(r.out.String).Should(ContainSubstring("testing v2"))
	become(ctx, c, rolledBack)
	Eventually(r.code).Should(Receive(Equal(1)))
})

var _ = DescribeTable("wait ends when what it waits for is there, or cannot come any more",
	func(ctx SpecContext, goal string, end func(*v1alpha1.CanaryStatus), want int, sentence string) {
		c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
		r := start(ctx, c.Namespace, "wait", "foobar", "--for", goal, "--settle", "200ms")
		Consistently(r.code, "500ms").ShouldNot(Receive())
		become(ctx, c, end)
		Eventually(r.code).Should(Receive(Equal(want)))
		Expect(r.out.String() + r.errOut.String()).To(Equal(sentence))
	},
	Entry("promoted", "promoted", serving(two), 0, "canary.serin.dev/foobar promoted: v2 serves\n"),
	Entry("promoted, but rolled back", "promoted", rolledBack, 1,
		"canary.serin.dev/foobar is not promoted but rolledback: rolled back, v1 serves\n"),
	Entry("rolled back", "rolledback", rolledBack, 0, "canary.serin.dev/foobar rolledback: rolled back, v1 serves\n"),
	Entry("rolled back, but promoted", "rolledback", serving(two), 1, "canary.serin.dev/foobar is not rolledback but promoted: v2 serves\n"),
	Entry("paused", "paused", underTest(v1alpha1.PhasePaused), 0, "canary.serin.dev/foobar paused: testing v2 at 10%\n"),
)

var _ = It("wait does not take the state from before an apply for the one after it", func(ctx SpecContext) {
	c := made(ctx, "shop:1", serving(one))
	target := &appsv1.Deployment{}
	Eventually(func(g Gomega) {
		g.Expect(api.Get(ctx, client.ObjectKeyFromObject(c), target)).To(Succeed())
		target.Spec.Template.Spec.Containers[0].Image = two.Image
		g.Expect(api.Update(ctx, target)).To(Succeed())
	}).Should(Succeed())
	r := start(ctx, c.Namespace, "wait", "foobar", "--for=promoted", "--settle", "1ms")
	Consistently(r.code, "500ms").ShouldNot(Receive())
	become(ctx, c, underTest(v1alpha1.PhaseProgressing))
	Consistently(r.code, "200ms").ShouldNot(Receive())
	become(ctx, c, serving(two))
	Eventually(r.code).Should(Receive(Equal(0)))
})

var _ = It("wait says after the timeout what was missing, and 3 when nothing can be known", func(ctx SpecContext) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	code, _, errOut := do(ctx, c.Namespace, "wait", "foobar", "--for=promoted", "--settle", "1ms", "--timeout", "3s")
	Expect(code).To(Equal(124))
	Expect(errOut).To(Equal("timed out after 3s waiting for foobar to be promoted: testing v2 at 10%\n"))
	code, _, errOut = do(ctx, c.Namespace, "wait", "nobody", "--for=promoted")
	Expect(code).To(Equal(3))
	Expect(errOut).To(ContainSubstring(`there is no Canary "nobody"`))
	code, _, errOut = do(ctx, c.Namespace, "wait", "foobar", "--for=tea")
	Expect(code).To(Equal(3))
	Expect(errOut).To(ContainSubstring("--for=tea is nothing that can be waited for: use promoted, rolledback, paused"))
	code, out, _ := do(ctx, c.Namespace, "wait", "foobar", "--for=promoted", "--revision", one.Revision)
	Expect(code).To(Equal(0))
	Expect(out).To(Equal("canary.serin.dev/foobar promoted: v1 (shop:1) serves\n"))
}, SpecTimeout(time.Minute))

// Whoever may get a Canary and not list it would be told that it is gone.
var _ = DescribeTable("says what is missing to somebody who may get a Canary and not follow it", func(ctx SpecContext, args ...string) {
	c := made(ctx, "shop:2", underTest(v1alpha1.PhaseProgressing))
	Expect(api.Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "get"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"serin.dev"}, Resources: []string{"canaries"}, Verbs: []string{"get"}}},
	})).To(Succeed())
	Expect(api.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: "get"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "get"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "jane"}},
	})).To(Succeed())
	Eventually(func() string {
		_, _, errOut := do(ctx, c.Namespace, append(args, "--as", "jane")...) // until the API server knows of the role
		return errOut
	}).Should(ContainSubstring("Canaries cannot be read (forbidden)"))
	code, _, _ := do(ctx, c.Namespace, append(args, "--as", "jane")...)
	Expect(code).To(Equal(3))
},
	Entry("watch", "watch", "foobar"),
	Entry("wait", "wait", "foobar", "--for=promoted", "--timeout", "30s"),
	Entry("record", "record", "foobar"),
)
