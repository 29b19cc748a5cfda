package integration_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// waitsFor matches a Canary whose rollout waits for a reason.
func waitsFor(reason, text string) OmegaMatcher {
	return And(
		HaveField("Status.Candidate", BeNil()), says(text),
		HaveField("Status.Conditions", ContainElement(And(HaveField("Type", v1alpha1.ConditionReconciling), HaveField("Reason", reason)))),
		condition(v1alpha1.ConditionReady, metav1.ConditionFalse, text),
	)
}

// put makes a policy and takes it away after the spec.
func put(ctx context.Context, policy client.Object) {
	GinkgoHelper()
	Expect(user.Create(ctx, policy)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = user.Delete(ctx, policy) })
}

var _ = Describe("a freeze", func() {
	freeze := v1alpha1.RolloutPolicySpec{Freeze: &v1alpha1.Freeze{Reason: "year end"}}

	It("of a namespace lets no release start there, until it is deleted", func(ctx SpecContext) {
		s, elsewhere := openShop(ctx), openShop(ctx)
		other := shopIn(s.namespace, "barfoo")
		other.push(ctx)
		other.add(ctx, slow(10))
		other.await(ctx, serves("v1"))
		other.release(ctx, "v2")
		other.await(ctx, phase(v1alpha1.PhaseProgressing), at(10))
		policy := &v1alpha1.RolloutPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "books"}, Spec: freeze}
		put(ctx, policy)
		// When the other says so, the controller knows of the policy: a release may reach it sooner than what was made before.
		other.await(ctx, says(`RolloutPolicy "books" freezes rollouts: year end`))
		s.release(ctx, "v2")
		elsewhere.release(ctx, "v2")
		s.await(ctx, waitsFor(v1alpha1.ReasonFrozen, `RolloutPolicy "books" freezes rollouts: year end`))
		elsewhere.await(ctx, serves("v2"))
		Expect(s.exists(ctx, "foobar-v2", &appsv1.Deployment{})).To(BeFalse())
		Expect(user.Delete(ctx, policy)).To(Succeed())
		s.await(ctx, serves("v2"))
	})

	It("of the cluster holds the weight of a rollout that runs, and lets it be aborted", Serial, func(ctx SpecContext) {
		s := tested(ctx, 10, slow(10))
		put(ctx, &v1alpha1.ClusterRolloutPolicy{ObjectMeta: metav1.ObjectMeta{Name: "year-end"}, Spec: freeze})
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(10), says(`ClusterRolloutPolicy "year-end" freezes rollouts: year end`))
		s.tell(ctx, "1", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
	})

	It("that ends before it begins is refused by the API server", func(ctx SpecContext) {
		now := time.Now()
		Expect(user.Create(ctx, &v1alpha1.RolloutPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: freshNamespace(ctx), Name: "books"},
			Spec: v1alpha1.RolloutPolicySpec{Freeze: &v1alpha1.Freeze{
				Reason: "year end", From: ptr.To(metav1.NewTime(now)), Until: ptr.To(metav1.NewTime(now.Add(-time.Hour))),
			}},
		})).To(MatchError(ContainSubstring("spec.freeze.until must be later than spec.freeze.from")))
	})
})

var _ = It("lets one rollout after the other through where a policy allows one at a time", func(ctx SpecContext) {
	namespace := freshNamespace(ctx)
	put(ctx, &v1alpha1.RolloutPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "one-by-one"},
		Spec:       v1alpha1.RolloutPolicySpec{MaxRollouts: ptr.To[int32](1)},
	})
	var shops []*shop
	for i := range 5 {
		s := shopIn(namespace, fmt.Sprintf("shop-%d", i))
		s.push(ctx)
		s.add(ctx)
		shops = append(shops, s)
	}
	for _, s := range shops {
		s.await(ctx, serves("v1"))
	}
	canaries := recordOf[*v1alpha1.Canary](ctx, namespace, &v1alpha1.CanaryList{})
	for _, s := range shops {
		s.release(ctx, "v2")
	}
	for _, s := range shops {
		s.await(ctx, serves("v2"))
	}
	canaries.catchUp(ctx)
	running, most := map[string]bool{}, 0
	var messages []string
	for _, state := range canaries.all() {
		messages = append(messages, state.object.Status.Message)
		running[state.object.Name] = state.object.Status.Candidate != nil
		n := 0
		for _, is := range running {
			if is {
				n++
			}
		}
		most = max(most, n)
	}
	Expect(most).To(Equal(1))
	Expect(messages).To(ContainElement(ContainSubstring(`1 of the 1 rollouts run that RolloutPolicy "one-by-one" allows at a time`)))
	var spans [][2]time.Time
	for _, s := range shops {
		h := s.canary(ctx).Status.History[0]
		spans = append(spans, [2]time.Time{h.StartedAt.Time, h.EndedAt.Time})
	}
	slices.SortFunc(spans, func(a, b [2]time.Time) int { return a[0].Compare(b[0]) })
	for i := range spans[1:] {
		Expect(spans[i+1][0]).To(BeTemporally("~", spans[i][1], 5*time.Second), "who waits is told, and need not look")
	}
})

var _ = Describe("a Canary that depends on another", func() {
	dependsOn := func(names ...string) func(*v1alpha1.Canary) {
		return func(c *v1alpha1.Canary) {
			for _, name := range names {
				c.Spec.DependsOn = append(c.Spec.DependsOn, v1alpha1.CanaryReference{Name: name})
			}
		}
	}

	It("starts when the other runs what its target asks for", func(ctx SpecContext) {
		api := openShop(ctx, pausedAt(50))
		web := shopIn(api.namespace, "web")
		web.push(ctx)
		web.add(ctx, dependsOn("foobar"))
		web.await(ctx, serves("v1"))
		api.release(ctx, "v2")
		web.release(ctx, "v2")
		web.await(ctx, waitsFor(v1alpha1.ReasonWaitingForDependency, `Canary "foobar" of spec.dependsOn does not run what its target asks for yet`))
		api.await(ctx, phase(v1alpha1.PhasePaused))
		Expect(web.exists(ctx, "web-v2", &appsv1.Deployment{})).To(BeFalse())
		api.tell(ctx, "1", v1alpha1.VerbApprove)
		web.await(ctx, serves("v2"))
		first, second := api.canary(ctx).Status.History[0], web.canary(ctx).Status.History[0]
		Expect(second.StartedAt.Time).To(BeTemporally(">=", first.EndedAt.Time))
		Expect(second.StartedAt.Time).To(BeTemporally("~", first.EndedAt.Time, 5*time.Second), "it is told, and need not look")
	})

	It("names one that does not exist, and one that waits for it in turn", func(ctx SpecContext) {
		s := openShop(ctx, dependsOn("barfoo"))
		s.release(ctx, "v2")
		s.await(ctx, waitsFor(v1alpha1.ReasonWaitingForDependency, `Canary "barfoo" of spec.dependsOn does not exist`))
		other := shopIn(s.namespace, "barfoo")
		other.push(ctx)
		other.add(ctx, dependsOn("foobar"))
		s.seen(ctx)
		s.await(ctx, waitsFor(v1alpha1.ReasonWaitingForDependency, `Canary "barfoo" of spec.dependsOn waits for this one in turn: take one of the two out`))
		s.change(ctx, func(c *v1alpha1.Canary) { c.Spec.DependsOn = nil })
		s.await(ctx, serves("v2"))
	})
})

var _ = Describe("a Canary with windows", func() {
	window := func(schedule string) func(*v1alpha1.Canary) {
		return func(c *v1alpha1.Canary) { c.Spec.Windows = []v1alpha1.Window{{Schedule: schedule}} }
	}

	It("starts nothing while none is open, and goes on when one is opened", func(ctx SpecContext) {
		opens := time.Now().UTC().Add(12 * time.Hour)
		s := openShop(ctx, window(fmt.Sprintf("0 %d * * *", opens.Hour())))
		s.release(ctx, "v2")
		s.await(ctx, waitsFor(v1alpha1.ReasonWindowClosed, "no window of spec.windows is open before "+opens.Format("2006-01-02 15:")+"00 UTC"))
		Expect(s.exists(ctx, "foobar-v2", &appsv1.Deployment{})).To(BeFalse())
		s.change(ctx, window("* * * * *"))
		s.await(ctx, serves("v2"))
	})

	It("says in one sentence what is wrong with a schedule, and opens nothing", func(ctx SpecContext) {
		s := openShop(ctx, window("61 * * * *"))
		s.release(ctx, "v2")
		s.await(ctx, waitsFor(v1alpha1.ReasonWindowClosed, `spec.windows[0].schedule "61 * * * *" cannot be read`))
	})

	DescribeTable("is refused by the API server", func(ctx SpecContext, w v1alpha1.Window, sentence string) {
		c := shopIn(freshNamespace(ctx), "foobar")
		Expect(user.Create(ctx, &v1alpha1.Canary{
			ObjectMeta: metav1.ObjectMeta{Namespace: c.namespace, Name: c.name},
			Spec: v1alpha1.CanarySpec{
				TargetRef: v1alpha1.TargetReference{Name: c.name}, Steps: []v1alpha1.Step{{Weight: 5}}, Windows: []v1alpha1.Window{w},
			},
		})).To(MatchError(ContainSubstring(sentence)))
	},
		Entry("when one lasts 30 seconds", v1alpha1.Window{Schedule: "* * * * *", Duration: v1alpha1.Dur(30 * time.Second)}, "a window's duration must be from 1m to 168h"),
		Entry("when a schedule has six fields", v1alpha1.Window{Schedule: "0 * * * * *"}, "spec.windows[0].schedule"),
	)
})
