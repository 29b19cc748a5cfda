package integration_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ports are an apex's: two lead to named ports of the pods, one to a number.
func ports(apex *corev1.Service) {
	apex.Spec.Type = corev1.ServiceTypeNodePort
	apex.Spec.Ports = []corev1.ServicePort{
		{Name: "http", Port: 80, TargetPort: intstr.FromString("http")},
		{Name: "grpc", Port: 9090, TargetPort: intstr.FromString("grpc")},
		{Name: "admin", Port: 8081, TargetPort: intstr.FromInt32(9901)},
	}
	apex.Labels, apex.Annotations = map[string]string{"team": "birds"}, map[string]string{"example.com/note": "keep me"}
}

var _ = Describe("adoption", func() {
	It("leads an apex that was there before away from the target's pods only when v1 has its endpoints, and keeps all else of it", func(ctx SpecContext) {
		s := newShop(ctx)
		apex := apexOf(s.namespace, ports)
		Expect(apply(ctx, apex, "git")).To(Succeed())
		before := get(ctx, s, "foobar", &corev1.Service{})
		s.push(ctx)
		endpoints := recordOf[*discoveryv1.EndpointSlice](ctx, s.namespace, &discoveryv1.EndpointSliceList{})
		services := recordOf[*corev1.Service](ctx, s.namespace, &corev1.ServiceList{})
		s.add(ctx, func(c *v1alpha1.Canary) { c.Spec.Service.TakeOver = true })
		s.handOver(ctx, apex)
		s.await(ctx, serves("v1"))

		after := get(ctx, s, "foobar", &corev1.Service{})
		Expect(after.Spec.Selector).To(Equal(map[string]string{v1alpha1.SelectorProxied: v1alpha1.DataPlaneProxy}))
		Expect(after.UID).To(Equal(before.UID))
		Expect(after.Spec.ClusterIP).To(Equal(before.Spec.ClusterIP))
		Expect(after.Spec.Ports).To(Equal(before.Spec.Ports), "with their node ports")
		Expect(after.Labels).To(Equal(before.Labels))
		Expect(after.Annotations).To(HaveKeyWithValue("example.com/note", "keep me"))
		Expect(after.OwnerReferences).To(BeEmpty(), "it stays when the Canary goes")

		led := first(func() []*corev1.Service { return services.of("foobar") }, func(s *corev1.Service) bool {
			return !maps.Equal(s.Spec.Selector, before.Spec.Selector)
		})
		ready := first(slicesOf(endpoints, "foobar-v1"), func(e *discoveryv1.EndpointSlice) bool {
			return len(e.Endpoints) == 1 && ptr.Deref(e.Endpoints[0].Conditions.Ready, false)
		})
		proxied := first(slicesOf(endpoints, "foobar"), func(e *discoveryv1.EndpointSlice) bool {
			return e.Labels[discoveryv1.LabelManagedBy] == v1alpha1.EndpointSliceManager
		})
		Expect(revisionOf(ready)).To(BeNumerically("<", revisionOf(led)), "v1 had its endpoints first")
		Expect(revisionOf(proxied)).To(BeNumerically("<", revisionOf(led)), "and the proxies were behind the apex")
	})

	It("makes what is owned by the Canary, marked, and gives all traffic to v1", func(ctx SpecContext) {
		s := openShop(ctx)
		uid := s.canary(ctx).UID
		for _, object := range []client.Object{
			s.deployment(ctx, "foobar-v1"), s.split(ctx),
			get(ctx, s, "foobar-v1", &corev1.Service{}), get(ctx, s, "foobar", &corev1.Service{}),
		} {
			Expect(object.GetOwnerReferences()).To(ConsistOf(And(
				HaveField("UID", uid), HaveField("Kind", "Canary"), HaveField("Controller", HaveValue(BeTrue())))))
			Expect(object.GetLabels()).To(And(
				HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedBy), HaveKeyWithValue(v1alpha1.LabelCanary, "foobar")))
			Expect(managers(object)).To(ContainElement(v1alpha1.FieldManager))
		}
		Expect(s.split(ctx).Spec).To(Equal(split.TrafficSplitSpec{Service: "foobar", Backends: []split.Backend{{Service: "foobar-v1", Weight: 100}}}))
		pods := &corev1.PodList{}
		Expect(user.List(ctx, pods, client.InNamespace(s.namespace), client.MatchingLabels{"app": "foobar", "version": "v1", v1alpha1.LabelVersion: "v1"})).To(Succeed())
		Expect(pods.Items).To(HaveLen(1), "the user's own label still selects them")
		Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero())
	})

	It("puts back the selector of an apex that it made, when somebody changes it", func(ctx SpecContext) {
		s := openShop(ctx)
		apex := get(ctx, s, "foobar", &corev1.Service{})
		before := apex.DeepCopy()
		apex.Spec.Selector = map[string]string{"app": "elsewhere"}
		Expect(user.Patch(ctx, apex, client.MergeFrom(before))).To(Succeed())
		Eventually(get[*corev1.Service]).WithContext(ctx).WithArguments(s, "foobar", &corev1.Service{}).Should(
			HaveField("Spec.Selector", before.Spec.Selector))
	})

	It("does not fight over the selector of an apex that was the user's, and says who has it", func(ctx SpecContext) {
		s := newShop(ctx)
		apex := apexOf(s.namespace)
		Expect(apply(ctx, apex, "git")).To(Succeed())
		s.push(ctx)
		s.add(ctx, func(c *v1alpha1.Canary) { c.Spec.Service.TakeOver = true })
		s.handOver(ctx, apex)
		s.await(ctx, serves("v1"))
		taken := get(ctx, s, "foobar", &corev1.Service{})
		Expect(taken.Spec.Selector).To(HaveKey(v1alpha1.SelectorProxied))
		before := taken.DeepCopy()
		taken.Spec.Selector = map[string]string{"app": "elsewhere"}
		Expect(user.Patch(ctx, taken, client.MergeFrom(before))).To(Succeed())
		// For a moment it says that kubectl alone owns it; then Serin holds the same value, and says what lasts.
		s.await(ctx, HaveField("Status.Conditions", ContainElement(HaveField("Message", ContainSubstring("cannot be taken over while kubectl owns its selector")))))
		Expect(get(ctx, s, "foobar", &corev1.Service{}).Spec.Selector).To(Equal(map[string]string{"app": "elsewhere"}))
	})

	It("puts back a TrafficSplit that somebody changed, and never takes it for a wish", func(ctx SpecContext) {
		s := openShop(ctx, pausedAt(10))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused), at(10))
		s.splits(ctx, "foobar-v1=90 foobar-v2=10")
		changed := s.split(ctx)
		changed.Spec.Backends[0].Weight, changed.Spec.Backends[1].Weight = 0, 100
		Expect(user.Update(ctx, changed)).To(Succeed())
		s.splits(ctx, "foobar-v1=90 foobar-v2=10")
		Expect(s.canary(ctx)).To(And(phase(v1alpha1.PhasePaused), at(10)))
	})

	It("gives each version's Service every port of the apex once, with the names of the pods' ports", func(ctx SpecContext) {
		s := newShop(ctx)
		s.push(ctx, func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Ports = []corev1.ContainerPort{
				{Name: "http", ContainerPort: 8080}, {Name: "grpc", ContainerPort: 50051}, {Name: "grpc-udp", ContainerPort: 50051, Protocol: corev1.ProtocolUDP},
			}
		})
		apex := apexOf(s.namespace, ports)
		Expect(apply(ctx, apex, "git")).To(Succeed())
		s.add(ctx, pausedAt(50), func(c *v1alpha1.Canary) { c.Spec.Service.TakeOver = true })
		s.handOver(ctx, apex)
		s.await(ctx, serves("v1"))
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhasePaused))
		for _, version := range []string{"foobar-v1", "foobar-v2"} {
			service := get(ctx, s, version, &corev1.Service{})
			Expect(service.Spec.Type).To(Equal(corev1.ServiceTypeClusterIP))
			Expect(service.Spec.Ports).To(HaveExactElements(
				And(HaveField("Name", "http"), HaveField("Port", BeEquivalentTo(80)), HaveField("TargetPort", intstr.FromString("http")), HaveField("NodePort", BeZero())),
				And(HaveField("Name", "grpc"), HaveField("Port", BeEquivalentTo(9090)), HaveField("TargetPort", intstr.FromString("grpc")), HaveField("NodePort", BeZero())),
				And(HaveField("Name", "admin"), HaveField("Port", BeEquivalentTo(8081)), HaveField("TargetPort", intstr.FromInt32(9901)), HaveField("NodePort", BeZero())),
			))
		}
		made := first(slicesOf(recordOf[*discoveryv1.EndpointSlice](ctx, s.namespace, &discoveryv1.EndpointSliceList{}), "foobar-v2"), func(e *discoveryv1.EndpointSlice) bool {
			return len(e.Ports) == 3
		})
		Expect(made.Endpoints).To(HaveLen(1), "Kubernetes finds all three in the pods")
	})
})

// first waits for the first of some states that is as asked.
func first[T any](states func() []T, is func(T) bool) T {
	GinkgoHelper()
	var found T
	Eventually(func() bool {
		all := states()
		i := slices.IndexFunc(all, is)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}).Should(BeTrue(), func() string { return fmt.Sprintf("none of %d states", len(states())) })
	return found
}

// slicesOf are the states of the EndpointSlices of a Service that lead somewhere.
func slicesOf(r *record[*discoveryv1.EndpointSlice], service string) func() []*discoveryv1.EndpointSlice {
	return func() []*discoveryv1.EndpointSlice {
		var found []*discoveryv1.EndpointSlice
		for _, state := range r.all() {
			if state.object.Labels[discoveryv1.LabelServiceName] == service && len(state.object.Endpoints) > 0 {
				found = append(found, state.object)
			}
		}
		return found
	}
}

// revisionOf is where a state stands in the order of everything that was ever written.
func revisionOf(object client.Object) uint64 {
	GinkgoHelper()
	n, err := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	Expect(err).NotTo(HaveOccurred())
	return n
}

// managers are the field managers of an object.
func managers(object client.Object) []string {
	var names []string
	for _, entry := range object.GetManagedFields() {
		names = append(names, entry.Manager)
	}
	return names
}

var _ = Describe("Git that applies the target again and again", func() {
	// reapply applies the target every 100 ms until the second function is called that it returns; the first counts how often.
	// Nothing of it is under way any more when that returns, so that it undoes nothing that comes after.
	reapply := func(ctx context.Context, s *shop) (times func() int64, stop func()) {
		target, end, done := s.target.DeepCopy(), make(chan struct{}), make(chan struct{})
		var n atomic.Int64
		go func() {
			defer close(done)
			tick := time.NewTicker(100 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					if apply(ctx, target, "git") == nil {
						n.Add(1)
					}
				case <-end:
					return
				case <-ctx.Done():
					return
				}
			}
		}()
		return n.Load, func() { close(end); <-done }
	}

	It("neither reverts anything nor makes more of it, while a rollout runs", func(ctx SpecContext) {
		s := openShop(ctx, sized(2), climb(10, 50), func(c *v1alpha1.Canary) { c.Spec.Steps[1].Approval = v1alpha1.ApprovalRequired })
		Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero())
		splits := recordSplits(ctx, s)
		s.release(ctx, "v2")
		generation := s.deployment(ctx, "foobar").Generation
		times, stop := reapply(ctx, s)
		s.await(ctx, phase(v1alpha1.PhasePaused), at(50))
		Eventually(times).Should(BeNumerically(">", 10))
		s.tell(ctx, "1", v1alpha1.VerbApprove)
		s.await(ctx, serves("v2"))
		stop()
		target := s.deployment(ctx, "foobar")
		Expect(target.Generation).To(Equal(generation), "nobody wrote anything into its spec")
		Expect(target.Spec.Replicas).To(HaveValue(BeZero()))
		Expect(s.canary(ctx).Status.LastVersion).To(BeEquivalentTo(2))
		splits.expect("foobar-v1=100", "foobar-v1=90 foobar-v2=10", "foobar-v1=50 foobar-v2=50", "foobar-v2=100")
	})

	It("with spec.replicas is not fought over, and told what to take out", func(ctx SpecContext) {
		s := newShop(ctx)
		s.push(ctx, func(d *appsv1.Deployment) { d.Spec.Replicas = ptr.To[int32](2) })
		s.add(ctx)
		s.await(ctx, serves("v1"))
		seen := recordOf[*appsv1.Deployment](ctx, s.namespace, &appsv1.DeploymentList{})
		s.release(ctx, "v2")
		_, stop := reapply(ctx, s)
		s.await(ctx, serves("v2"), condition(v1alpha1.ConditionReady, metav1.ConditionTrue,
			`2 pods of Deployment "foobar" get no traffic, because git owns its spec.replicas: take spec.replicas out of what git applies`))
		stop()
		seen.catchUp(ctx)
		for _, d := range seen.of("foobar") {
			Expect(d.Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
			Expect(managers(d)).NotTo(ContainElement(v1alpha1.FieldManager), "Serin writes nothing into it")
		}
		s.target.Spec.Replicas = nil
		s.push(ctx)
		Eventually(s.size).WithContext(ctx).WithArguments("foobar").Should(BeZero(), "as soon as Git lets it")
		Expect(s.size(ctx, "foobar-v2")).To(BeEquivalentTo(2))
	})
})
