package integration_test

import (
	"context"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// enforces has a Canary deny what no TrafficTarget allows.
func enforces(mode v1alpha1.AccessMode) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Access.Mode = mode }
}

// allow is a TrafficTarget by which web may call a ServiceAccount as a TCPRoute says.
func allow(namespace, name, account, route string) *access.TrafficTarget {
	return &access.TrafficTarget{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: access.TrafficTargetSpec{
			Destination: access.Subject{Kind: "ServiceAccount", Name: account},
			Sources:     []access.Subject{{Kind: "ServiceAccount", Name: "web"}},
			Rules:       []access.Rule{{Kind: "TCPRoute", Name: route}},
		},
	}
}

func route(namespace, name string) *specs.TCPRoute {
	return &specs.TCPRoute{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       specs.TCPRouteSpec{Matches: specs.TCPMatch{Ports: []int32{8080}}},
	}
}

// runsAs has the target's pods run as a ServiceAccount.
func runsAs(account string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Spec.ServiceAccountName = account }
}

// called is a shop whose v1 runs as foobar and is called by the Deployment web, which a TrafficTarget allows.
func called(ctx context.Context, changes ...func(*v1alpha1.Canary)) *shop {
	GinkgoHelper()
	s := newShop(ctx)
	for _, name := range []string{"foobar", "next", "web"} {
		Expect(user.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}})).To(Succeed())
	}
	Expect(user.Create(ctx, gen.Deployment(s.namespace, "web", image("web"), gen.On(nodeName), runsAs("web")))).To(Succeed())
	Expect(user.Create(ctx, route(s.namespace, "http"))).To(Succeed())
	Expect(user.Create(ctx, allow(s.namespace, "web-foobar", "foobar", "http"))).To(Succeed())
	network.call(s.namespace, "foobar-v1", "web")
	s.push(ctx, runsAs("foobar"))
	s.add(ctx, changes...)
	s.await(ctx, serves("v1"))
	return s
}

// becomes releases another image that runs as another ServiceAccount.
func (s *shop) becomes(ctx context.Context, account, tag string) {
	GinkgoHelper()
	s.push(ctx, runsAs(account), func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = image(tag) })
}

var _ = Describe("access in a rollout", func() {
	lacks := func(s *shop) string {
		return strings.ReplaceAll("no TrafficTarget in namespace NS allows NS/web to call NS/next on port 8080, "+
			"as TrafficTarget NS/web-foobar allows it for NS/foobar", "NS", s.namespace)
	}

	It("gives the candidate no request before every caller of stable may call it, and goes on by itself", func(ctx SpecContext) {
		s := called(ctx, enforces(v1alpha1.AccessEnforce))
		weights := recordSplits(ctx, s)
		s.becomes(ctx, "next", "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(0), says("v2 stays at 0%: "+lacks(s)),
			condition(v1alpha1.ConditionAccessReady, metav1.ConditionFalse, lacks(s)))
		s.say(ctx, v1alpha1.Command{ID: "1", Verb: v1alpha1.VerbPromoteFull, By: "jane"})
		s.await(ctx, at(0), HaveField("Status.LastCommand", HaveField("Refused", lacks(s))))
		weights.expect("foobar-v1=100")
		Expect(user.Create(ctx, allow(s.namespace, "web-next", "next", "http"))).To(Succeed())
		s.await(ctx, serves("v2"), condition(v1alpha1.ConditionAccessReady, metav1.ConditionTrue, "the bundled proxy denies what no TrafficTarget allows"))
	})

	It("holds the weight while nobody can say who calls stable, and lets it be aborted", func(ctx SpecContext) {
		s := called(ctx, enforces(v1alpha1.AccessEnforce))
		network.call(s.namespace, "foobar-v1", "")
		s.becomes(ctx, "next", "v2")
		const why = "it is not known who calls v1 and what they may ask: TrafficMetrics are unavailable: no proxy answers"
		s.await(ctx, at(0), says(why), condition(v1alpha1.ConditionAccessReady, metav1.ConditionFalse, why))
		s.tell(ctx, "1", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
	})

	It("only says so in Audit", func(ctx SpecContext) {
		s := called(ctx, enforces(v1alpha1.AccessAudit), pausedAt(50))
		s.becomes(ctx, "next", "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50), condition(v1alpha1.ConditionAccessReady, metav1.ConditionFalse,
			lacks(s)+"; spec.access.mode Audit holds nothing for it"))
	})

	It("asks nobody where both versions run as one ServiceAccount", func(ctx SpecContext) {
		s := called(ctx, enforces(v1alpha1.AccessEnforce))
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		Expect(network.asked(s.namespace)).To(BeZero())
	})
})

var _ = Describe("mirrored TrafficTargets", func() {
	mirrors := func(c *v1alpha1.Canary) {
		c.Spec.Access = v1alpha1.AccessSpec{Mode: v1alpha1.AccessEnforce, Mirror: true}
	}
	target := func(ctx context.Context, s *shop, name string) *access.TrafficTarget {
		GinkgoHelper()
		return get(ctx, s, name, &access.TrafficTarget{})
	}
	names := func(ctx context.Context, s *shop) []string {
		GinkgoHelper()
		list := &access.TrafficTargetList{}
		Expect(user.List(ctx, list, client.InNamespace(s.namespace))).To(Succeed())
		var all []string
		for _, t := range list.Items {
			all = append(all, t.Name)
		}
		return all
	}

	It("are there before the first request, in step with stable's while it is tested, and stay when it serves", func(ctx SpecContext) {
		s := called(ctx, mirrors, pausedAt(50))
		Expect(names(ctx, s)).To(ConsistOf("web-foobar"))
		s.becomes(ctx, "next", "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		mirror := target(ctx, s, "web-foobar-next")
		Expect(mirror.Spec.Destination.Name).To(Equal("next"))
		Expect(mirror.OwnerReferences).To(ConsistOf(HaveField("UID", s.canary(ctx).UID)))
		Expect(mirror.CreationTimestamp.After(s.canary(ctx).Status.Step.LandedAt.Time)).To(BeFalse())

		original := target(ctx, s, "web-foobar")
		before := original.DeepCopy()
		original.Spec.Sources = append(original.Spec.Sources, access.Subject{Kind: "ServiceAccount", Name: "mobile"})
		Expect(user.Patch(ctx, original, client.MergeFrom(before))).To(Succeed())
		Eventually(target).WithArguments(ctx, s, "web-foobar-next").Should(HaveField("Spec.Sources", HaveLen(2)))

		s.tell(ctx, "1", v1alpha1.VerbApprove)
		s.await(ctx, serves("v2"))
		Eventually(s.exists).WithArguments(ctx, "foobar-v1", &appsv1.Deployment{}).Should(BeFalse())
		Expect(user.Delete(ctx, original)).To(Succeed())

		// The next one rolls back: what was made for it goes with it, and what v2 needs stays.
		network.call(s.namespace, "foobar-v2", "web")
		s.becomes(ctx, "foobar", "v3")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		Expect(names(ctx, s)).To(ConsistOf("web-foobar-next", "web-foobar-foobar"))
		s.tell(ctx, "2", v1alpha1.VerbAbort)
		s.await(ctx, phase(v1alpha1.PhaseRolledBack))
		Eventually(names).WithArguments(ctx, s).Should(ConsistOf("web-foobar-next"))
		Expect(s.exists(ctx, "foobar-v3", &appsv1.Deployment{})).To(BeFalse())
	})

	It("are left to the user when the Canary goes and the target needs them", func(ctx SpecContext) {
		s := called(ctx, mirrors)
		s.becomes(ctx, "next", "v2")
		s.await(ctx, serves("v2"))
		Expect(user.Delete(ctx, s.canary(ctx))).To(Succeed())
		Eventually(s.exists).WithArguments(ctx, s.name, &v1alpha1.Canary{}).Should(BeFalse())
		mirror := target(ctx, s, "web-foobar-next")
		Expect(mirror.OwnerReferences).To(BeEmpty())
		Expect(mirror.Labels).To(BeEmpty())
	})

	It("of a name that belongs to someone else are refused, and the candidate waits", func(ctx SpecContext) {
		s := called(ctx, mirrors)
		mine := allow(s.namespace, "web-foobar-next", "database", "http")
		Expect(user.Create(ctx, mine)).To(Succeed())
		s.becomes(ctx, "next", "v2")
		s.await(ctx, at(0), says(`TrafficTarget "web-foobar-next" belongs to someone else and was left alone`))
		Expect(target(ctx, s, mine.Name).Spec).To(Equal(mine.Spec))
		Expect(user.Delete(ctx, mine)).To(Succeed())
		s.await(ctx, serves("v2"))
	})
})

var _ = Describe("an access object", func() {
	// told are the Events about an object, as "Type Reason: note".
	told := func(ctx context.Context, object client.Object) []string {
		GinkgoHelper()
		list := &eventsv1.EventList{}
		Expect(user.List(ctx, list, client.InNamespace(object.GetNamespace()))).To(Succeed())
		var all []string
		for _, e := range list.Items {
			if e.Regarding.UID == object.GetUID() {
				Expect(e.Series).To(BeNil(), "it was told again: %s", e.Note)
				all = append(all, e.Type+" "+e.Reason+": "+e.Note)
			}
		}
		return all
	}
	is := func(status metav1.ConditionStatus, message string) OmegaMatcher {
		return HaveField("Status.Conditions", ConsistOf(And(
			HaveField("Type", "Accepted"), HaveField("Status", status), HaveField("Message", message), HaveField("ObservedGeneration", int64(1)),
		)))
	}
	read := func(ctx context.Context, object *access.TrafficTarget) *access.TrafficTarget {
		GinkgoHelper()
		fresh := &access.TrafficTarget{}
		Expect(user.Get(ctx, client.ObjectKeyFromObject(object), fresh)).To(Succeed())
		return fresh
	}

	It("with a problem says so once, on itself and in an Event, until the problem is gone", Serial, func(ctx SpecContext) {
		ns := freshNamespace(ctx)
		bad, good := allow(ns, "bad", "foobar", "absent"), allow(ns, "good", "foobar", "http")
		for _, object := range []client.Object{route(ns, "http"), bad, good} {
			Expect(user.Create(ctx, object)).To(Succeed())
		}
		problem := "its rule names TCPRoute " + ns + "/absent, which does not exist"
		Eventually(read).WithArguments(ctx, bad).Should(is(metav1.ConditionFalse, problem))
		Eventually(told).WithArguments(ctx, bad).Should(ConsistOf("Warning RouteNotFound: " + problem))

		controller.stop() // another process takes over, and has nothing new to tell
		controller = startController()
		other := allow(ns, "other", "foobar", "gone")
		Expect(user.Create(ctx, other)).To(Succeed())
		Eventually(read).WithArguments(ctx, other).Should(HaveField("Status.Conditions", HaveLen(1)))
		Expect(told(ctx, bad)).To(HaveLen(1))
		Expect(read(ctx, good).Status.Conditions).To(BeEmpty())

		Expect(user.Create(ctx, route(ns, "absent"))).To(Succeed())
		Eventually(read).WithArguments(ctx, bad).Should(is(metav1.ConditionTrue, "all of it is understood"))
		Eventually(told).WithArguments(ctx, bad).Should(ConsistOf(
			"Warning RouteNotFound: "+problem, "Normal Accepted: no problem is left; before: "+problem))
		Expect(read(ctx, bad).Generation).To(BeEquivalentTo(1))
		Expect(told(ctx, good)).To(BeEmpty())
	})

	It("of the form of v1alpha1 gets the same", func(ctx SpecContext) {
		ns := freshNamespace(ctx)
		for _, u := range documents("../../api/smi/access/testdata/v1alpha1.yaml") {
			u.SetNamespace(ns)
			Expect(user.Create(ctx, u)).To(Succeed())
			Eventually(func() ([]any, error) {
				err := user.Get(ctx, client.ObjectKeyFromObject(u), u)
				status, _ := u.Object["status"].(map[string]any)
				conditions, _ := status["conditions"].([]any)
				return conditions, err
			}).WithTimeout(10 * time.Second).Should(ConsistOf(HaveKeyWithValue("reason", "NamespaceMismatch")))
			Expect(u.Object).To(HaveKey("destination"))
		}
	})
})
