package integration_test

import (
	"context"
	"encoding/json"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// These specs install and remove the CRD of HTTPRoutes, which every Canary of the cluster sees, so they run alone.
var _ = Describe("a data plane that comes and goes", Serial, func() {
	It("waits for the CRD of HTTPRoutes, then asks a bridge for the route, and raises no weight before it answered", func(ctx SpecContext) {
		s := newShop(ctx)
		s.push(ctx)
		s.add(ctx, pausedAt(50), traffic(v1alpha1.TrafficSpec{
			Provider: v1alpha1.ProviderAuto, GatewayRefs: []v1alpha1.GatewayRef{{Name: "web", SectionName: "http"}}, Hostnames: []string{"shop.example.com"},
		}))
		s.await(ctx, says("HTTPRoutes cannot be written, because no CRD httproutes.gateway.networking.k8s.io is served"),
			condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, ""))
		Expect(s.exists(ctx, "foobar", &split.TrafficSplit{})).To(BeFalse())

		installHTTPRoutes(ctx)
		s.await(ctx, condition(v1alpha1.ConditionTrafficLanded, metav1.ConditionFalse, ""), HaveField("Status.Traffic", HaveValue(Equal(
			v1alpha1.TrafficStatus{Provider: v1alpha1.ProviderGateway, Reason: `spec.traffic.gatewayRefs names Gateway "web"`},
		))))
		Eventually(func() bool { return s.exists(ctx, "foobar", &split.TrafficSplit{}) }).Should(BeTrue())
		s.splits(ctx, "foobar-v1=100")
		Expect(s.request(ctx)).To(Equal(&split.RouteRequest{
			ParentRefs: []split.ParentRef{{Group: "gateway.networking.k8s.io", Kind: "Gateway", Name: "web", SectionName: "http"}},
			Hostnames:  []string{"shop.example.com"},
		}))
		Expect(s.split(ctx).Labels).NotTo(HaveKey(v1alpha1.LabelDataPlane))

		s.land(ctx, split.Landing{Message: `Gateway "web" does not exist`})
		s.await(ctx, phase(v1alpha1.PhaseInitializing), condition(v1alpha1.ConditionTrafficLanded, metav1.ConditionFalse, `Gateway "web" does not exist`))
		s.land(ctx, split.Landing{Weights: map[string]int64{"foobar-v1": 100}})
		s.await(ctx, serves("v1"))

		s.release(ctx, "v2")
		s.splits(ctx, "foobar-v1=50 foobar-v2=50")
		s.await(ctx, at(50), HaveField("Status.Step.LandedAt", BeNil())) // the answer of before is to another split
		s.land(ctx, split.Landing{Weights: map[string]int64{"foobar-v1": 50, "foobar-v2": 50}})
		s.await(ctx, at(50), HaveField("Status.Step.LandedAt", Not(BeNil())))
	})

	It("drives the apex of a mesh by the Gateway API when its namespace is in one, and leads the apex to stable before", func(ctx SpecContext) {
		s := openShop(ctx)
		s.await(ctx, HaveField("Status.Traffic.Provider", v1alpha1.ProviderProxy))
		installHTTPRoutes(ctx)
		s.mark(ctx, map[string]string{"istio-injection": "enabled"})
		s.await(ctx, HaveField("Status.Traffic", HaveValue(Equal(v1alpha1.TrafficStatus{
			Provider: v1alpha1.ProviderGateway, Reason: "HTTPRoutes are served and the pods are in Istio (namespace label istio-injection=enabled)",
		}))))
		Eventually(func() *split.RouteRequest { return s.request(ctx) }).Should(Equal(&split.RouteRequest{
			ParentRefs: []split.ParentRef{{Kind: "Service", Name: "foobar"}},
		}))
		Expect(s.split(ctx).Labels).NotTo(HaveKey(v1alpha1.LabelDataPlane))
		Expect(get(ctx, s, "foobar", &corev1.Service{}).Spec.Selector).To(HaveKeyWithValue(v1alpha1.LabelVersion, "v1"))
	})
})

// request is what the TrafficSplit asks of a bridge, nil while it asks nothing.
func (s *shop) request(ctx context.Context) *split.RouteRequest {
	GinkgoHelper()
	request, err := s.split(ctx).RouteRequest()
	Expect(err).NotTo(HaveOccurred())
	return request
}

// land answers for a bridge to the TrafficSplit as it is.
func (s *shop) land(ctx context.Context, landing split.Landing) {
	GinkgoHelper()
	current := s.split(ctx)
	answer := current.Answer()
	answer.Weights, answer.Message = landing.Weights, landing.Message
	text, err := json.Marshal(answer)
	Expect(err).NotTo(HaveOccurred())
	patched := current.DeepCopy()
	patched.Annotations[split.LandingAnnotation] = string(text)
	Expect(user.Patch(ctx, patched, client.MergeFrom(current), client.FieldOwner("bridge"))).To(Succeed())
}

// mark labels the shop's namespace.
func (s *shop) mark(ctx context.Context, labels map[string]string) {
	GinkgoHelper()
	namespace := &corev1.Namespace{}
	Expect(user.Get(ctx, client.ObjectKey{Name: s.namespace}, namespace)).To(Succeed())
	before := namespace.DeepCopy()
	for k, v := range labels {
		namespace.Labels[k] = v
	}
	Expect(user.Patch(ctx, namespace, client.MergeFrom(before))).To(Succeed())
}

// installHTTPRoutes makes a CRD of HTTPRoutes, as far as its being served goes, and removes it after the spec.
func installHTTPRoutes(ctx context.Context) {
	GinkgoHelper()
	crd := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{
			"name":        "httproutes.gateway.networking.k8s.io",
			"annotations": map[string]any{"api-approved.kubernetes.io": "https://github.com/kubernetes-sigs/gateway-api/pull/1923"},
		},
		"spec": map[string]any{
			"group": "gateway.networking.k8s.io", "scope": "Namespaced",
			"names": map[string]any{"kind": "HTTPRoute", "listKind": "HTTPRouteList", "plural": "httproutes", "singular": "httproute"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}}
	Expect(user.Create(ctx, crd)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		Expect(user.Delete(ctx, crd)).To(Succeed())
		Eventually(func() error { return user.Get(ctx, client.ObjectKeyFromObject(crd), crd) }).Should(MatchError(ContainSubstring("not found")))
	})
}
