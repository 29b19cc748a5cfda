package integration_test

import (
	"context"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

var _ = DescribeTable("the API server refuses a bad spec with one clear sentence",
	func(ctx SpecContext, spoil func(*v1alpha1.Canary), sentence string) {
		namespace := freshNamespace(ctx)
		err := user.Create(ctx, gen.Canary(namespace, "foobar", func(c *v1alpha1.Canary) {
			c.Spec.ProgressDeadline = v1alpha1.Dur(time.Minute)
			spoil(c)
		}))
		Expect(err).To(MatchError(ContainSubstring(sentence)))
		Expect(user.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "foobar"}, &v1alpha1.Canary{})).NotTo(Succeed())
	},
	Entry("falling weights", steps(50, 20), "each weight must be greater than the one before it"),
	Entry("the same weight twice", steps(5, 5), "each weight must be greater than the one before it"),
	Entry("weight 0", steps(0), "a step's weight must be from 1 to 100 percent"),
	Entry("weight 101", steps(101), "a step's weight must be from 1 to 100 percent"),
	Entry("no steps", func(c *v1alpha1.Canary) { c.Spec.Steps = []v1alpha1.Step{} }, "at least one step is needed"),
	Entry("an interval of 1500ms", interval(1500*time.Millisecond), "spec.analysis.interval must be in whole seconds"),
	Entry("a timeout shorter than the interval", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Interval, c.Spec.Analysis.Timeout = v1alpha1.Dur(time.Minute), v1alpha1.Dur(time.Second)
	}, "spec.analysis.timeout must not be shorter than spec.analysis.interval"),
	Entry("a p99 of 0s", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Latency = &v1alpha1.LatencyCheck{}
	}, "spec.analysis.latency.p99 must be at least 1ms"),
	Entry("a success rate of 101", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.SuccessRate = &v1alpha1.SuccessRateCheck{Min: "101"}
	}, "spec.analysis.successRate.min"),
	Entry("a baseline ratio under 1", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "0.5"}
	}, "spec.analysis.baseline.maxRatio must be at least 1"),
	Entry("a false rollback rate of one half", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.FalseRollbackRate = "0.5"
	}, "spec.analysis.falseRollbackRate must be from 0.000001 to 0.2"),
	Entry("a miss rate of 0", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.MissRate = "0.0"
	}, "spec.analysis.missRate must be from 0.000001 to 0.2"),
	Entry("a check without a query", ownCheck(v1alpha1.CustomCheck{Name: "queue"}), "a check needs exactly one of share and gauge"),
	Entry("a share without a bound", ownCheck(v1alpha1.CustomCheck{Name: "queue", Share: &v1alpha1.ShareCheck{Numerator: "a", Denominator: "b"}}),
		"a share needs exactly one of max and min"),
	Entry("a gauge without a bound", ownCheck(v1alpha1.CustomCheck{Name: "queue", Gauge: &v1alpha1.GaugeCheck{Query: "a"}}),
		"a gauge needs max, min or both"),
	Entry("a check with the name of Serin's own", ownCheck(v1alpha1.CustomCheck{Name: "baseline", Gauge: &v1alpha1.GaugeCheck{Query: "a", Max: "1"}}),
		"success-rate, latency-p99 and baseline are the names of Serin's own checks"),
	Entry("a dry run of a check that is not there", func(c *v1alpha1.Canary) {
		c.Spec.Analysis.DryRun = []string{"latency"}
	}, "spec.analysis.dryRun names a check that does not exist"),
	Entry("mirrored TrafficTargets that mean nothing", func(c *v1alpha1.Canary) {
		c.Spec.Access = v1alpha1.AccessSpec{Mode: v1alpha1.AccessOff, Mirror: true}
	}, "spec.access.mirror needs spec.access.mode Audit or Enforce"),
	Entry("a Gateway for the bundled proxy", traffic(v1alpha1.TrafficSpec{
		Provider: v1alpha1.ProviderProxy, GatewayRefs: []v1alpha1.GatewayRef{{Name: "web"}},
	}), "spec.traffic.gatewayRefs needs spec.traffic.provider Auto or Gateway"),
	Entry("a route for a mesh that reads TrafficSplits", traffic(v1alpha1.TrafficSpec{
		Provider: v1alpha1.ProviderSplit, RouteRef: &v1alpha1.RouteRef{Name: "shop"},
	}), "spec.traffic.routeRef needs spec.traffic.provider Auto or Gateway"),
	Entry("a route of the user's with a Gateway beside it", traffic(v1alpha1.TrafficSpec{
		RouteRef: &v1alpha1.RouteRef{Name: "shop"}, GatewayRefs: []v1alpha1.GatewayRef{{Name: "web"}},
	}), "spec.traffic.routeRef is a route that you made, with parents and hostnames of its own"),
	Entry("hostnames without a Gateway", traffic(v1alpha1.TrafficSpec{
		Provider: v1alpha1.ProviderGateway, Hostnames: []string{"shop.example.com"},
	}), "spec.traffic.hostnames needs spec.traffic.gatewayRefs of kind Gateway"),
	Entry("hostnames of a Service", traffic(v1alpha1.TrafficSpec{
		GatewayRefs: []v1alpha1.GatewayRef{{Kind: "Service", Name: "foobar"}}, Hostnames: []string{"shop.example.com"},
	}), "spec.traffic.hostnames needs spec.traffic.gatewayRefs of kind Gateway"),
	Entry("a listener of a Service", traffic(v1alpha1.TrafficSpec{
		GatewayRefs: []v1alpha1.GatewayRef{{Kind: "Service", Name: "foobar", SectionName: "http"}},
	}), "sectionName is a listener of a Gateway; a Service has ports"),
	Entry("a Gateway of a foreign group", traffic(v1alpha1.TrafficSpec{
		GatewayRefs: []v1alpha1.GatewayRef{{Group: ptr.To("example.com"), Name: "web"}},
	}), "the group of a Gateway is gateway.networking.k8s.io"),
	Entry("a notification without a service", func(c *v1alpha1.Canary) {
		c.Spec.Notifications = []v1alpha1.Notification{{}}
	}, "a notification needs exactly one service: slack, teams, discord, googleChat or webhook"),
)

func steps(weights ...int32) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) {
		c.Spec.Steps = nil
		for _, w := range weights {
			c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: w})
		}
	}
}

func traffic(spec v1alpha1.TrafficSpec) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Traffic = spec }
}

func ownCheck(check v1alpha1.CustomCheck) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Analysis.Checks = []v1alpha1.CustomCheck{check} }
}

func interval(d time.Duration) func(*v1alpha1.Canary) {
	return func(c *v1alpha1.Canary) { c.Spec.Analysis.Interval = v1alpha1.Dur(d) }
}

// A zero Duration is left out of what Go writes, so this manifest is written as a user would.
var _ = It("refuses an interval of 0s with one clear sentence", func(ctx SpecContext) {
	manifest := &unstructured.Unstructured{}
	Expect(yaml.Unmarshal([]byte(`
apiVersion: serin.dev/v1alpha1
kind: Canary
metadata: {name: foobar, namespace: `+freshNamespace(ctx)+`}
spec:
  targetRef: {name: foobar}
  steps: [{weight: 5}]
  analysis: {interval: 0s}
`), manifest)).To(Succeed())
	Expect(user.Create(ctx, manifest)).To(MatchError(ContainSubstring("spec.analysis.interval must be from 1s to 5m")))
})

var _ = Describe("a Canary that cannot go on", func() {
	It("says that the target does not exist, and makes nothing", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		c := gen.Canary(namespace, "foobar")
		Expect(user.Create(ctx, c)).To(Succeed())
		expectStalled(ctx, c, v1alpha1.ReasonTargetNotFound, `Deployment "foobar" does not exist in this namespace`)
		expectNothingMade(ctx, namespace)
	})

	It("leaves a TrafficSplit of its name alone that belongs to someone else", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		theirs := &split.TrafficSplit{
			TypeMeta:   metav1.TypeMeta{APIVersion: split.GroupVersion.String(), Kind: "TrafficSplit"},
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "foobar"},
			Spec:       split.TrafficSplitSpec{Service: "other", Backends: []split.Backend{{Service: "other-v1", Weight: 1}}},
		}
		Expect(user.Create(ctx, theirs)).To(Succeed())
		Expect(user.Create(ctx, gen.Deployment(namespace, "foobar", "demo/foobar:v1"))).To(Succeed())
		c := gen.Canary(namespace, "foobar")
		Expect(user.Create(ctx, c)).To(Succeed())
		expectStalled(ctx, c, v1alpha1.ReasonNameTaken, `TrafficSplit "foobar" belongs to someone else and was left alone`)
		found := &split.TrafficSplit{}
		Expect(user.Get(ctx, client.ObjectKeyFromObject(theirs), found)).To(Succeed())
		Expect(found.ResourceVersion).To(Equal(theirs.ResourceVersion))
		Expect(deployments(ctx, namespace)).To(ConsistOf("foobar"))
	})

	It("leaves a Deployment of a version's name alone that belongs to someone else", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		Expect(user.Create(ctx, gen.Deployment(namespace, "foobar-v1", "theirs:1"))).To(Succeed())
		Expect(user.Create(ctx, gen.Deployment(namespace, "foobar", "demo/foobar:v1"))).To(Succeed())
		c := gen.Canary(namespace, "foobar")
		Expect(user.Create(ctx, c)).To(Succeed())
		expectStalled(ctx, c, v1alpha1.ReasonNameTaken, `Deployment "foobar-v1" belongs to someone else and was left alone`)
	})

	It("refuses the younger of two Canaries for one Deployment", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		first := gen.Canary(namespace, "a-first", func(c *v1alpha1.Canary) { c.Spec.TargetRef.Name = "foobar" })
		Expect(user.Create(ctx, first)).To(Succeed())
		second := gen.Canary(namespace, "b-second", func(c *v1alpha1.Canary) { c.Spec.TargetRef.Name = "foobar" })
		Expect(user.Create(ctx, second)).To(Succeed())
		Expect(user.Create(ctx, gen.Deployment(namespace, "foobar", "demo/foobar:v1"))).To(Succeed())
		expectStalled(ctx, second, v1alpha1.ReasonNameTaken, `Canary "a-first" came first for Deployment "foobar"`)
	})

	It("does not touch an apex that was there before, and says how to hand it over", func(ctx SpecContext) {
		namespace := freshNamespace(ctx)
		apex := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "foobar"},
			Spec: corev1.ServiceSpec{
				Selector: map[string]string{"app": "foobar"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
			},
		}
		Expect(user.Create(ctx, apex)).To(Succeed())
		Expect(user.Create(ctx, gen.Deployment(namespace, "foobar", "demo/foobar:v1"))).To(Succeed())
		c := gen.Canary(namespace, "foobar")
		Expect(user.Create(ctx, c)).To(Succeed())
		expectStalled(ctx, c, v1alpha1.ReasonApexNotOwned, "set spec.service.takeOver, or delete the Service")
		found := &corev1.Service{}
		Expect(user.Get(ctx, client.ObjectKeyFromObject(apex), found)).To(Succeed())
		Expect(found.ResourceVersion).To(Equal(apex.ResourceVersion))
		expectNothingMade(ctx, namespace)
	})
})

// expectStalled waits until a Canary says why it cannot go on, in kstatus terms.
func expectStalled(ctx context.Context, c *v1alpha1.Canary, reason, sentence string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		found := &v1alpha1.Canary{}
		g.Expect(user.Get(ctx, client.ObjectKeyFromObject(c), found)).To(Succeed())
		stalled := found.Status.Condition(v1alpha1.ConditionStalled)
		g.Expect(stalled).NotTo(BeNil())
		g.Expect(stalled.Status).To(Equal(metav1.ConditionTrue))
		g.Expect(stalled.Reason).To(Equal(reason))
		g.Expect(stalled.Message).To(ContainSubstring(sentence))
		g.Expect(found.Status.Condition(v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
		g.Expect(found.Status.ObservedGeneration).To(Equal(found.Generation))
	}).Should(Succeed())
}

func deployments(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	list := &appsv1.DeploymentList{}
	Expect(user.List(ctx, list, client.InNamespace(namespace))).To(Succeed())
	var names []string
	for _, d := range list.Items {
		names = append(names, d.Name)
	}
	return names
}

// expectNothingMade looks for anything that carries Serin's mark.
func expectNothingMade(ctx context.Context, namespace string) {
	GinkgoHelper()
	marked := client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy}
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &corev1.ServiceList{}, &split.TrafficSplitList{}} {
		Expect(user.List(ctx, list, client.InNamespace(namespace), marked)).To(Succeed())
		Expect(list).To(HaveField("Items", BeEmpty()))
	}
}
