package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// bridge is the bridge to the Gateway API, and what it asked the API server for.
type bridge struct {
	*running
	mu       sync.Mutex
	requests []string
}

// startBridge runs a bridge of its own in this process.
func startBridge(ctx context.Context) *bridge {
	GinkgoHelper()
	b := &bridge{}
	counted := rest.CopyConfig(plane.Config)
	counted.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{b, next} })
	mgr, err := ctrl.NewManager(counted, ctrl.Options{
		Scheme: scheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(gateway.Setup(ctx, mgr, gateway.Options{AbsentRetry: 100 * time.Millisecond, Log: logr.Discard()})).To(Succeed())
	b.running = run(mgr)
	return b
}

// counting notes every request.
type counting struct {
	of   *bridge
	next http.RoundTripper
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.of.mu.Lock()
	c.of.requests = append(c.of.requests, r.Method+" "+r.URL.Path)
	c.of.mu.Unlock()
	return c.next.RoundTrip(r)
}

// about are the requests so far that name something.
func (b *bridge) about(what string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for _, r := range b.requests {
		if strings.Contains(r, what) {
			all = append(all, r)
		}
	}
	return all
}

// installGatewayAPI installs CRDs of the Gateway API from the module.
func installGatewayAPI(ctx context.Context, plurals ...string) {
	GinkgoHelper()
	dir, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	Expect(err).NotTo(HaveOccurred())
	var paths []string
	for _, plural := range plurals {
		paths = append(paths, filepath.Join(strings.TrimSpace(string(dir)), "config/crd/standard/gateway.networking.k8s.io_"+plural+".yaml"))
	}
	_, err = envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true})
	Expect(err).NotTo(HaveOccurred())
}

// uninstallGatewayAPI takes them away again: other specs have an API server without them.
func uninstallGatewayAPI(ctx context.Context) {
	GinkgoHelper()
	for _, plural := range []string{"httproutes", "grpcroutes", "gateways", "gatewayclasses"} {
		crd := &unstructured.Unstructured{}
		crd.SetAPIVersion("apiextensions.k8s.io/v1")
		crd.SetKind("CustomResourceDefinition")
		crd.SetName(plural + "." + gatewayv1.GroupName)
		Expect(client.IgnoreNotFound(user.Delete(ctx, crd))).To(Succeed())
		Eventually(func() bool { return apierrors.IsNotFound(user.Get(ctx, client.ObjectKeyFromObject(crd), crd)) }).Should(BeTrue())
	}
}

// answering says how the stand-in answers for the routes of a namespace.
type answering int

const (
	silent answering = iota
	likeIstio
	likeLinkerd
	likeTraefik
	denying
)

// implementation stands in for what carries routes out: it answers as the real ones do, as docs/gateway-api.md says of them.
type implementation struct {
	client client.Client
	mu     sync.Mutex
	how    map[string]answering // by namespace
}

func (i *implementation) answer(namespace string, how answering) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.how[namespace] = how
}

func (i *implementation) Reconcile(ctx context.Context, of ctrl.Request) (ctrl.Result, error) {
	i.mu.Lock()
	how := i.how[of.Namespace]
	i.mu.Unlock()
	route := &gatewayv1.HTTPRoute{}
	if err := i.client.Get(ctx, of.NamespacedName, route); err != nil || how == silent {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	before := route.DeepCopy()
	route.Status.Parents = nil
	for _, ref := range route.Spec.ParentRefs {
		route.Status.Parents = append(route.Status.Parents, how.status(route, ref))
	}
	for p := range route.Status.Parents {
		for c := range route.Status.Parents[p].Conditions { // only what changes has a new time
			now := &route.Status.Parents[p].Conditions[c]
			now.LastTransitionTime = metav1.Now().Rfc3339Copy()
			if p < len(before.Status.Parents) && c < len(before.Status.Parents[p].Conditions) {
				now.LastTransitionTime = before.Status.Parents[p].Conditions[c].LastTransitionTime
			}
		}
	}
	return ctrl.Result{}, client.IgnoreNotFound(i.client.Status().Patch(ctx, route, client.MergeFrom(before)))
}

func (how answering) status(route *gatewayv1.HTTPRoute, ref gatewayv1.ParentReference) gatewayv1.RouteParentStatus {
	condition := func(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
		c := metav1.Condition{Type: kind, Status: status, Reason: reason, Message: "as it is", ObservedGeneration: route.Generation}
		if how == likeLinkerd {
			c.ObservedGeneration = 0
		}
		return c
	}
	s := gatewayv1.RouteParentStatus{ParentRef: ref, Conditions: []metav1.Condition{
		condition("Accepted", metav1.ConditionTrue, "Accepted"), condition("ResolvedRefs", metav1.ConditionTrue, "ResolvedRefs"),
	}}
	switch how {
	case likeLinkerd:
		s.ControllerName, s.ParentRef.Group = "linkerd.io/policy-controller", ptr.To(gatewayv1.Group("core"))
		s.ParentRef.Namespace = ptr.To(gatewayv1.Namespace(route.Namespace))
	case likeTraefik:
		s.ControllerName = "traefik.io/gateway-controller"
	case denying:
		s.ControllerName = "istio.io/gateway-controller"
		s.Conditions[0] = condition("Accepted", metav1.ConditionFalse, "NotAllowedByListeners")
	default:
		s.ControllerName = "istio.io/gateway-controller"
	}
	return s
}

// portService makes a Service with a port.
func portService(ctx context.Context, namespace, name string, ports ...int32) {
	GinkgoHelper()
	s := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	for _, port := range ports {
		s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "p" + string(rune('a'+len(s.Spec.Ports))), Port: port})
	}
	s.Spec.Selector = map[string]string{"app": name}
	Expect(user.Create(ctx, s)).To(Succeed())
}

// divided makes a TrafficSplit of Service foobar that asks for something.
func divided(ctx context.Context, namespace, name string, request split.RouteRequest, weights ...int64) *split.TrafficSplit {
	GinkgoHelper()
	text, err := json.Marshal(request)
	Expect(err).NotTo(HaveOccurred())
	s := &split.TrafficSplit{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Annotations: map[string]string{split.RouteAnnotation: string(text)}},
		Spec:       split.TrafficSplitSpec{Service: "foobar", Backends: []split.Backend{{Service: "foobar-v1", Weight: weights[0]}, {Service: "foobar-v2", Weight: weights[1]}}},
	}
	Expect(user.Create(ctx, s)).To(Succeed())
	return s
}

// weigh gives a split other weights.
func weigh(ctx context.Context, s *split.TrafficSplit, weights ...int64) {
	GinkgoHelper()
	patch := &split.TrafficSplit{}
	Expect(user.Get(ctx, client.ObjectKeyFromObject(s), patch)).To(Succeed())
	before := patch.DeepCopy()
	for i := range weights {
		patch.Spec.Backends[i].Weight = weights[i]
	}
	Expect(user.Patch(ctx, patch, client.MergeFrom(before))).To(Succeed())
}

// landing is what the bridge answered to a split as it is now.
func landing(ctx context.Context, s *split.TrafficSplit) (*split.Landing, error) {
	fresh := &split.TrafficSplit{}
	err := user.Get(ctx, client.ObjectKeyFromObject(s), fresh)
	if l := fresh.Landing(); err == nil && l != nil {
		return l, nil
	}
	return &split.Landing{}, err
}

// landed matches an answer with the weights, and shows all of one that has others.
func landed(weights ...int64) OmegaMatcher {
	want := map[string]int64{"foobar-v1": weights[0], "foobar-v2": weights[1]}
	return WithTransform(func(l *split.Landing) string { return fmt.Sprintf("%v: %s", l.Weights, l.Message) }, HavePrefix(fmt.Sprintf("%v: ", want)))
}

func waits(sentence OmegaMatcher) OmegaMatcher {
	return And(HaveField("Weights", BeEmpty()), HaveField("Message", sentence))
}

func toGateway() split.RouteRequest {
	return split.RouteRequest{ParentRefs: []split.ParentRef{{Group: gatewayv1.GroupName, Kind: "Gateway", Name: "edge"}}}
}

func toMesh() split.RouteRequest {
	return split.RouteRequest{ParentRefs: []split.ParentRef{{Kind: "Service", Name: "foobar"}}}
}
