//go:build e2e

package e2e

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// specTime is enough for one rollout on a machine that has little of its two cores left.
const specTime = 4 * time.Minute

var _ = Describe("A shop that was there before Serin", Ordered, func() {
	var s *shop

	BeforeAll(func(ctx SpecContext) { s = newShop(ctx, "life") }, NodeTimeout(specTime))

	It("is adopted with its Service while callers call", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v1"})
		s.service(ctx, "selector: {app: foobar}")
		s.callers = call(ctx, s.namespace, "web", s.url(), rate)
		s.noneLost(ctx) // before Serin
		s.canary(ctx, "service: {takeOver: true}")
		s.await(ctx, HaveField("Status.Message", ContainSubstring("take spec.selector out of what git applies")))
		s.service(ctx, "")
		s.await(ctx, serves("v1"))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero(), "pods of the target")
		s.noneLost(ctx)
	}, SpecTimeout(specTime))

	It("promotes a good release", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v2"})
		s.await(ctx, serves("v2"))
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v1").Should(BeZero(), "pods of v1")
		page := s.noneLost(ctx)
		Expect(page.Versions).To(And(HaveKey("v1"), HaveKey("v2")))
	}, SpecTimeout(specTime))

	It("rolls a release back that fails a fifth of its requests, and says why", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v3", "FAIL_PERCENT": "20"})
		s.await(ctx, rolledBack("v2", `v3 fails (1[4-9]|2[0-6])(\.\d+)?% of its requests \(stable 0%\), limit 1%: evidence \d+:1 after \d+ requests`))
		page := s.noneLost(ctx)
		Expect(page.byRelease()).To(BeNumerically(">", 0))
	}, SpecTimeout(specTime))

	It("is given back when the Canary is deleted", func(ctx SpecContext) {
		s.release(ctx, release{"VERSION": "v2"}) // the target would serve v3 otherwise, as it asks
		s.await(ctx, serves("v2"))
		// The apex's own selector fits the pods of every version, so one that was rolled back must be gone by then.
		Eventually(s.size).WithContext(ctx).WithArguments("foobar-v3").Should(BeZero())
		c, err := s.state(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(cluster.Delete(ctx, c)).To(Succeed())
		Eventually(s.gone).WithContext(ctx).Should(BeTrue())
		apex := &corev1.Service{}
		Expect(cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: "foobar"}, apex)).To(Succeed())
		Expect(apex.Spec.Selector).To(Equal(map[string]string{"app": "foobar"}))
		Expect(s.size(ctx, "foobar")).To(BeNumerically(">", 0))
		s.noneLost(ctx)
		Eventually(func(ctx context.Context) (ledger, error) {
			now, err := s.ledger(ctx)
			return now.since(s.told), err
		}).WithContext(ctx).Should(HaveField("Requests", BeNumerically(">", 3*rate)), "requests to the target alone")
		Expect(s.noneLost(ctx).Versions).To(HaveLen(1))
	}, SpecTimeout(specTime))
})

var _ = Describe("A shop on the bundled proxy", Ordered, func() {
	var s *shop

	BeforeAll(func(ctx SpecContext) { s = openShop(ctx, "bad") }, NodeTimeout(specTime))

	DescribeTable("rolls back, and says why", func(ctx SpecContext, r release, why string) {
		s.release(ctx, r)
		s.await(ctx, rolledBack("v1", why))
		page := s.noneLost(ctx)
		Expect(page.Versions).To(HaveKey("v1"))
	},
		Entry("a slow release", release{"VERSION": "v2", "SLOW_PERCENT": "30", "SLOW": "400ms"},
			`[\d.]+% of the requests to v2 are slower than 250ms \(stable [\d.]+%\), limit 1%`, SpecTimeout(specTime)),
		Entry("a release that crashes", release{"VERSION": "v3", "CRASH_AFTER": "100ms"}, `v3.*(crash|CrashLoopBackOff|exit code 1)`, SpecTimeout(specTime)),
		Entry("an image that is not there", release{"VERSION": "v4", "IMAGE": "registry.invalid/shop:v4"}, `v4.*registry\.invalid/shop:v4`, SpecTimeout(specTime)),
	)
})

// size is how many pods a Deployment has.
func (s *shop) size(ctx context.Context, name string) (int32, error) {
	d := &appsv1.Deployment{}
	err := cluster.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, d)
	if err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	return d.Status.Replicas, nil
}
