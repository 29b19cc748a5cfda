package integration_test

import (
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
)

var _ = Describe("two controllers at a time, without leader election", func() {
	It("follow the plan all the same, and use no version number twice", Serial, func(ctx SpecContext) {
		second := startController()
		DeferCleanup(second.stop)
		s := openShop(ctx, sized(4), climb(1, 10, 50))
		splits := recordSplits(ctx, s)
		made := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		seen := recordOf[*v1alpha1.Canary](ctx, s.namespace, &v1alpha1.CanaryList{})
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		s.release(ctx, "v3")
		s.await(ctx, serves("v3"))
		Eventually(s.exists).WithContext(ctx).WithArguments("foobar-v2", &appsv1.Deployment{}).Should(BeFalse())
		splits.expect(
			"foobar-v1=100", "foobar-v1=99 foobar-v2=1", "foobar-v1=90 foobar-v2=10", "foobar-v1=50 foobar-v2=50",
			"foobar-v2=100", "foobar-v2=99 foobar-v3=1", "foobar-v2=90 foobar-v3=10",
			"foobar-v2=50 foobar-v3=50", "foobar-v3=100",
		)
		made.catchUp(ctx)
		Expect(slices.Sorted(slices.Values(made.names()))).To(Equal([]string{"foobar", "foobar-v1", "foobar-v2", "foobar-v3"}))
		uids := map[string]string{}
		for _, state := range made.all() {
			uid := string(state.object.UID)
			Expect(uids).To(Or(Not(HaveKey(state.object.Name)), HaveKeyWithValue(state.object.Name, uid)), "no version was made twice")
			uids[state.object.Name] = uid
		}
		seen.catchUp(ctx)
		last := int32(0)
		for _, c := range seen.of("foobar") {
			Expect(c.Status.LastVersion).To(BeNumerically(">=", last))
			last = c.Status.LastVersion
		}
		Expect(last).To(BeEquivalentTo(3))
		Expect(s.canary(ctx).Status.History).To(HaveExactElements(HaveField("Version", "v3"), HaveField("Version", "v2")))
	})
})
