package integration_test

import (
	"context"
	"encoding/json"
	"time"

	"github.com/serin-dev/serin/api/smi/split"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	kubeconfig "sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// The first case needs an API server without the Gateway API, so the order matters.
var _ = Describe("the bridge to the Gateway API", Ordered, Serial, func() {
	var (
		own    client.Client // the user's, with the kinds of the Gateway API
		bridge *bridge
		mesh   *implementation
		early  *split.TrafficSplit
		stage  *running // the stand-in for a mesh and a gateway
	)

	AfterAll(func() {
		if stage != nil {
			stage.stop()
		}
	})

	BeforeAll(func(ctx SpecContext) {
		DeferCleanup(uninstallGatewayAPI) // once the bridge has stopped: the last cleanup that is named runs first
		s := scheme()
		Expect(gatewayv1.Install(s)).To(Succeed())
		var err error
		own, err = client.New(plane.Config, client.Options{Scheme: s, FieldOwner: "kubectl"})
		Expect(err).NotTo(HaveOccurred())
		bridge = startBridge(context.Background()) //nolint:contextcheck // it outlives this node
		DeferCleanup(func() { bridge.stop() })
	})

	// place is a namespace with the apex and its two backends.
	place := func(ctx context.Context, how answering) string {
		GinkgoHelper()
		ns := freshNamespace(ctx)
		mesh.answer(ns, how)
		for _, name := range []string{"foobar", "foobar-v1", "foobar-v2"} {
			portService(ctx, ns, name, 8080)
		}
		return ns
	}
	read := func(ctx context.Context, ns, name string) (*gatewayv1.HTTPRoute, error) {
		route := &gatewayv1.HTTPRoute{}
		return route, own.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, route)
	}
	missing := func(ctx context.Context, ns, name string) bool {
		_, err := read(ctx, ns, name)
		return apierrors.IsNotFound(err)
	}
	edge := func(ctx context.Context, ns, class string) {
		GinkgoHelper()
		Expect(client.IgnoreAlreadyExists(own.Create(ctx, &gatewayv1.GatewayClass{
			ObjectMeta: metav1.ObjectMeta{Name: class}, Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayv1.GatewayController(class + ".io/gateway-controller")},
		}))).To(Succeed())
		Expect(own.Create(ctx, &gatewayv1.Gateway{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "edge"},
			Spec: gatewayv1.GatewaySpec{
				GatewayClassName: gatewayv1.ObjectName(class),
				Listeners:        []gatewayv1.Listener{{Name: "web", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
			},
		})).To(Succeed())
	}
	backends := func(route *gatewayv1.HTTPRoute, rule int) map[string]int32 {
		all := map[string]int32{}
		for _, ref := range route.Spec.Rules[rule].BackendRefs {
			all[string(ref.Name)] = *ref.Weight
		}
		return all
	}

	It("says that the Gateway API is not installed, and goes on when it is", func(ctx SpecContext) {
		ns := freshNamespace(ctx)
		for _, name := range []string{"foobar", "foobar-v1", "foobar-v2"} {
			portService(ctx, ns, name, 8080)
		}
		early = divided(ctx, ns, "shop", toGateway(), 90, 10)
		Eventually(landing).WithArguments(ctx, early).Should(waits(ContainSubstring("does not serve HTTPRoute of gateway.networking.k8s.io/v1")))
		installGatewayAPI(ctx, "httproutes", "gateways", "gatewayclasses")
		Eventually(landing).WithArguments(ctx, early).Should(waits(ContainSubstring(`Gateway "edge" in namespace "` + ns + `" does not exist`)))

		// The stand-in needs the kinds, so it starts here.
		s := scheme()
		Expect(gatewayv1.Install(s)).To(Succeed())
		mgr, err := ctrl.NewManager(plane.Config, ctrl.Options{
			Scheme: s, Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"},
			Controller: kubeconfig.Controller{SkipNameValidation: ptr.To(true)},
		})
		Expect(err).NotTo(HaveOccurred())
		mesh = &implementation{client: mgr.GetClient(), how: map[string]answering{ns: likeTraefik}}
		Expect(ctrl.NewControllerManagedBy(mgr).Named("mesh").For(&gatewayv1.HTTPRoute{}).Complete(mesh)).To(Succeed())
		stage = run(mgr)

		edge(ctx, ns, "traefik")
		Eventually(landing).WithArguments(ctx, early).Should(landed(90, 10))
		weigh(ctx, early, 50, 50)
		Eventually(landing).WithArguments(ctx, early).Should(landed(50, 50))
	})

	It("writes its route as its own, and leaves to others what is theirs", func(ctx SpecContext) {
		ns := place(ctx, likeTraefik)
		edge(ctx, ns, "traefik")
		s := divided(ctx, ns, "shop", toGateway(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(And(landed(90, 10), HaveField("Message", `carried out by HTTPRoute "shop"`)))
		route, err := read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())
		Expect(backends(route, 0)).To(Equal(map[string]int32{"foobar-v1": 90, "foobar-v2": 10}))
		Expect(route.Labels).To(HaveKeyWithValue("app.kubernetes.io/managed-by", "serin"))
		Expect(route.OwnerReferences).To(ConsistOf(And(HaveField("UID", s.UID), HaveField("Kind", "TrafficSplit"))))
		Expect(route.ManagedFields).To(ContainElement(And(HaveField("Manager", "serin-gateway"), HaveField("Operation", metav1.ManagedFieldsOperationApply))))

		before := route.DeepCopy()
		route.Annotations, route.Labels["team"] = map[string]string{"alb.example.com/zone": "a"}, "shop"
		Expect(own.Patch(ctx, route, client.MergeFrom(before))).To(Succeed())
		weigh(ctx, s, 75, 25)
		Eventually(landing).WithArguments(ctx, s).Should(landed(75, 25))
		route, err = read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())
		Expect(route.Annotations).To(HaveKeyWithValue("alb.example.com/zone", "a"))
		Expect(route.Labels).To(HaveKeyWithValue("team", "shop"))

		// A change by hand is put back.
		before = route.DeepCopy()
		route.Spec.Rules[0].BackendRefs[0].Weight = ptr.To(int32(1))
		Expect(own.Patch(ctx, route, client.MergeFrom(before))).To(Succeed())
		Eventually(func() (map[string]int32, error) {
			route, err := read(ctx, ns, "shop")
			return backends(route, 0), err
		}).Should(Equal(map[string]int32{"foobar-v1": 75, "foobar-v2": 25}))

		// The split asks no more.
		fresh := &split.TrafficSplit{}
		Expect(user.Get(ctx, client.ObjectKeyFromObject(s), fresh)).To(Succeed())
		patched := fresh.DeepCopy()
		delete(patched.Annotations, split.RouteAnnotation)
		Expect(user.Patch(ctx, patched, client.MergeFrom(fresh))).To(Succeed())
		Eventually(func() (map[string]string, error) {
			err := user.Get(ctx, client.ObjectKeyFromObject(s), fresh)
			return fresh.Annotations, err
		}).Should(BeEmpty())
		Expect(fresh.Finalizers).To(BeEmpty())
		route, err = read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())
		Expect(backends(route, 0)).To(Equal(map[string]int32{"foobar": 1}), "callers of the Gateway still reach the apex")
	})

	It("leaves its route at a Gateway to the apex when the split goes, and takes it on for the next", func(ctx SpecContext) {
		ns := place(ctx, likeTraefik)
		edge(ctx, ns, "traefik")
		s := divided(ctx, ns, "shop", toGateway(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
		before, err := read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())

		Expect(user.Delete(ctx, s)).To(Succeed())
		Eventually(func() bool { return apierrors.IsNotFound(user.Get(ctx, client.ObjectKeyFromObject(s), s)) }).Should(BeTrue())
		left, err := read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())
		Expect(left.UID).To(Equal(before.UID))
		Expect(left.OwnerReferences).To(BeEmpty(), "else it would be collected with the split")
		Expect(backends(left, 0)).To(Equal(map[string]int32{"foobar": 1}))
		Expect(left.Spec.ParentRefs).To(Equal(before.Spec.ParentRefs))

		next := divided(ctx, ns, "shop", toGateway(), 50, 50)
		Eventually(landing).WithArguments(ctx, next).Should(landed(50, 50))
		taken, err := read(ctx, ns, "shop")
		Expect(err).NotTo(HaveOccurred())
		Expect(taken.UID).To(Equal(before.UID))
		Expect(taken.OwnerReferences).To(ConsistOf(HaveField("UID", next.UID)))
		Expect(taken.Annotations).NotTo(HaveKey("gateway.serin.dev/left"))
	})

	It("deletes its routes with the split", func(ctx SpecContext) {
		ns := place(ctx, likeIstio)
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
		Expect(user.Delete(ctx, s)).To(Succeed())
		Eventually(missing).WithArguments(ctx, ns, "shop-8080").Should(BeTrue())
	})

	It("makes no request while nothing changes", func(ctx SpecContext) {
		ns := place(ctx, likeIstio)
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
		idle := len(bridge.about(ns + "/"))
		// Events about what the split names, in which nothing changes that matters, have it looked at again.
		for range 3 {
			for _, o := range []client.Object{s, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "foobar"}}} {
				Expect(user.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
				o.SetLabels(map[string]string{"touched": o.GetResourceVersion()})
				Expect(user.Update(ctx, o)).To(Succeed())
			}
		}
		other := place(ctx, likeIstio)
		marker := divided(ctx, other, "shop", toMesh(), 80, 20)
		Eventually(landing).WithArguments(ctx, marker).Should(landed(80, 20))
		Expect(bridge.about(ns + "/")[idle:]).To(BeEmpty())
	})

	It("waits for Linkerd, which never says of which generation it speaks", func(ctx SpecContext) {
		ns := place(ctx, likeLinkerd)
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(waits(ContainSubstring("does not say of which generation it speaks, so it counts 10 s after it was written")))
		Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
		route, err := read(ctx, ns, "shop-8080")
		Expect(err).NotTo(HaveOccurred())
		var at time.Time
		for _, entry := range route.ManagedFields {
			if entry.Manager == "serin-gateway" {
				at = entry.Time.Time
			}
		}
		Expect(time.Since(at)).To(BeNumerically(">=", 10*time.Second))
	})

	It("says what a controller that refuses says", func(ctx SpecContext) {
		ns := place(ctx, denying)
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(waits(Equal(`HTTPRoute "shop-8080" is refused by istio.io/gateway-controller for Service "foobar" port 8080: ` +
			"Accepted=False, NotAllowedByListeners: as it is")))
	})

	It("makes a route for each port of the apex, and removes that of a port that is gone", func(ctx SpecContext) {
		ns := freshNamespace(ctx)
		mesh.answer(ns, likeIstio)
		for _, name := range []string{"foobar", "foobar-v1"} {
			portService(ctx, ns, name, 8080, 9090)
		}
		portService(ctx, ns, "foobar-v2", 8080)
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		sentence := `Service "foobar-v2" has no port 9090, so it gets no request of that port`
		Eventually(landing).WithArguments(ctx, s).Should(And(landed(90, 10), HaveField("Message", HaveSuffix(sentence))))
		Expect(missing(ctx, ns, "shop-9090")).To(BeFalse())
		Eventually(func() ([]eventsv1.Event, error) {
			list := &eventsv1.EventList{}
			err := user.List(ctx, list, client.InNamespace(ns))
			return list.Items, err
		}).Should(ContainElement(And(HaveField("Reason", "PortMismatch"), HaveField("Note", sentence), HaveField("Regarding.UID", s.UID))))

		apex := &corev1.Service{}
		Expect(user.Get(ctx, client.ObjectKey{Namespace: ns, Name: "foobar"}, apex)).To(Succeed())
		apex.Spec.Ports = apex.Spec.Ports[:1]
		Expect(user.Update(ctx, apex)).To(Succeed())
		Eventually(missing).WithArguments(ctx, ns, "shop-9090").Should(BeTrue())
		Expect(missing(ctx, ns, "shop-8080")).To(BeFalse())
	})

	It("leaves a route of that name alone that belongs to someone else", func(ctx SpecContext) {
		ns := place(ctx, likeIstio)
		theirs := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop-8080"}, Spec: gatewayv1.HTTPRouteSpec{Hostnames: []gatewayv1.Hostname{"a.example"}}}
		Expect(own.Create(ctx, theirs)).To(Succeed())
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(waits(Equal(`HTTPRoute "shop-8080" belongs to someone else and was left alone`)))
		route, err := read(ctx, ns, "shop-8080")
		Expect(err).NotTo(HaveOccurred())
		Expect(route.Generation).To(BeEquivalentTo(1))
		Expect(own.Delete(ctx, theirs)).To(Succeed())
		Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
	})

	It("carries the older of two splits of one Service out", func(ctx SpecContext) {
		ns := place(ctx, likeIstio)
		first := divided(ctx, ns, "a", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, first).Should(landed(90, 10))
		second := divided(ctx, ns, "b", toMesh(), 50, 50)
		Eventually(landing).WithArguments(ctx, second).Should(waits(ContainSubstring(`TrafficSplit "a", which is older, divides Service "foobar" already`)))
		Expect(user.Delete(ctx, first)).To(Succeed())
		Eventually(landing).WithArguments(ctx, second).Should(landed(50, 50))
		Eventually(missing).WithArguments(ctx, ns, "a-8080").Should(BeTrue())
	})

	It("carries gRPC out when the API server serves GRPCRoutes, which may come later", func(ctx SpecContext) {
		ns := freshNamespace(ctx)
		for _, name := range []string{"foobar", "foobar-v1", "foobar-v2"} {
			Expect(user.Create(ctx, &corev1.Service{
				ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
				Spec:       corev1.ServiceSpec{Selector: map[string]string{"app": name}, Ports: []corev1.ServicePort{{Port: 9000, AppProtocol: ptr.To("kubernetes.io/h2c")}}},
			})).To(Succeed())
		}
		s := divided(ctx, ns, "shop", toMesh(), 90, 10)
		Eventually(landing).WithArguments(ctx, s).Should(waits(ContainSubstring("does not serve GRPCRoute")))
		installGatewayAPI(ctx, "grpcroutes")
		route := &gatewayv1.GRPCRoute{}
		Eventually(func() error { return own.Get(ctx, client.ObjectKey{Namespace: ns, Name: "shop-9000"}, route) }).Should(Succeed())
		Expect(route.Spec.Rules[0].BackendRefs).To(HaveLen(2))
		Expect(missing(ctx, ns, "shop-9000")).To(BeTrue())
	})

	Describe("a route of the user's own", func() {
		existing := split.RouteRequest{Existing: &split.RouteRef{Name: "mine"}}
		leads := func(name string, filter string) gatewayv1.HTTPRouteRule {
			rule := gatewayv1.HTTPRouteRule{BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: gatewayv1.BackendRef{
				BackendObjectReference: gatewayv1.BackendObjectReference{Name: gatewayv1.ObjectName(name), Port: ptr.To(int32(8080))},
			}}}}
			if filter != "" {
				rule.BackendRefs[0].Filters = []gatewayv1.HTTPRouteFilter{{
					Type:                  gatewayv1.HTTPRouteFilterRequestHeaderModifier,
					RequestHeaderModifier: &gatewayv1.HTTPHeaderFilter{Set: []gatewayv1.HTTPHeader{{Name: "x-from", Value: filter}}},
				}}
			}
			return rule
		}
		mine := func(ctx context.Context, ns string) *gatewayv1.HTTPRoute {
			GinkgoHelper()
			portService(ctx, ns, "other", 8080)
			route := &gatewayv1.HTTPRoute{
				ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "mine"},
				Spec: gatewayv1.HTTPRouteSpec{
					CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "edge"}}},
					Rules:           []gatewayv1.HTTPRouteRule{leads("other", ""), leads("foobar", "me")},
				},
			}
			Expect(own.Create(ctx, route)).To(Succeed())
			return route
		}
		spec := func(ctx context.Context, ns string) gatewayv1.HTTPRouteSpec {
			GinkgoHelper()
			route, err := read(ctx, ns, "mine")
			Expect(err).NotTo(HaveOccurred())
			return route.Spec
		}

		It("is taken over in the rules that lead to the apex, and put back when the split goes", func(ctx SpecContext) {
			ns := place(ctx, likeTraefik)
			edge(ctx, ns, "traefik")
			mine(ctx, ns)
			before := spec(ctx, ns)
			s := divided(ctx, ns, "shop", existing, 90, 10)
			Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
			route, err := read(ctx, ns, "mine")
			Expect(err).NotTo(HaveOccurred())
			Expect(route.Spec.Rules[0]).To(Equal(before.Rules[0]))
			Expect(backends(route, 1)).To(Equal(map[string]int32{"foobar-v1": 90, "foobar-v2": 10}))
			for _, ref := range route.Spec.Rules[1].BackendRefs {
				Expect(ref.Filters).To(Equal(before.Rules[1].BackendRefs[0].Filters))
			}
			weigh(ctx, s, 50, 50)
			Eventually(landing).WithArguments(ctx, s).Should(landed(50, 50))
			fresh := &split.TrafficSplit{}
			Expect(user.Get(ctx, client.ObjectKeyFromObject(s), fresh)).To(Succeed())
			Expect(fresh.Finalizers).To(ConsistOf("gateway.serin.dev/restore"))

			Expect(user.Delete(ctx, s)).To(Succeed())
			Eventually(func() bool { return apierrors.IsNotFound(user.Get(ctx, client.ObjectKeyFromObject(s), fresh)) }).Should(BeTrue())
			route, err = read(ctx, ns, "mine")
			Expect(err).NotTo(HaveOccurred())
			Expect(route.Spec).To(Equal(before))
			Expect(route.Annotations).To(BeEmpty())
		})

		It("is put back when the split asks for something else", func(ctx SpecContext) {
			ns := place(ctx, likeTraefik)
			edge(ctx, ns, "traefik")
			mine(ctx, ns)
			before := spec(ctx, ns)
			s := divided(ctx, ns, "shop", existing, 90, 10)
			Eventually(landing).WithArguments(ctx, s).Should(landed(90, 10))
			fresh := &split.TrafficSplit{}
			Expect(user.Get(ctx, client.ObjectKeyFromObject(s), fresh)).To(Succeed())
			text, err := json.Marshal(toGateway())
			Expect(err).NotTo(HaveOccurred())
			patched := fresh.DeepCopy()
			patched.Annotations[split.RouteAnnotation] = string(text)
			Expect(user.Patch(ctx, patched, client.MergeFrom(fresh))).To(Succeed())
			Eventually(landing).WithArguments(ctx, s).Should(HaveField("Message", `carried out by HTTPRoute "shop"`))
			Eventually(func() gatewayv1.HTTPRouteSpec { return spec(ctx, ns) }).Should(Equal(before))
			route, err := read(ctx, ns, "mine")
			Expect(err).NotTo(HaveOccurred())
			Expect(route.Annotations).To(BeEmpty())
		})

		It("is not fought over with a manager that reverts it", func(ctx SpecContext) {
			ns := place(ctx, likeTraefik)
			edge(ctx, ns, "traefik")
			mine(ctx, ns)
			before := spec(ctx, ns)
			s := divided(ctx, ns, "shop", existing, 90, 10)
			taken := func() (string, error) {
				route, err := read(ctx, ns, "mine")
				if err != nil {
					return "", err
				}
				return string(route.Spec.Rules[1].BackendRefs[0].Name), nil
			}
			for range 5 {
				Eventually(taken).Should(Equal("foobar-v1"))
				route, err := read(ctx, ns, "mine")
				Expect(err).NotTo(HaveOccurred())
				revert := route.DeepCopy()
				revert.Spec = before
				Expect(own.Patch(ctx, revert, client.MergeFrom(route), client.FieldOwner("argocd-controller"))).To(Succeed())
			}
			Eventually(landing).WithArguments(ctx, s).Should(waits(And(
				HavePrefix(`another manager (argocd-controller) reverts HTTPRoute "mine": 5 times so far, so it is tried again only in 1m0s`),
				ContainSubstring("ignoreDifferences"), ContainSubstring("kustomize.toolkit.fluxcd.io/ssa: IfNotPresent"))))
			Expect(taken()).To(Equal("foobar"))
			// A weight that was not tried before is tried at once.
			weigh(ctx, s, 100, 0)
			Eventually(landing).WithArguments(ctx, s).Should(landed(100, 0))
		})
	})
})
