package integration_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/cert"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// dataPlane stands for the bundled proxies and `serin metrics`: it applies every TrafficSplit as soon as it sees it, leads
// the apex to itself with an EndpointSlice, and serves TrafficMetrics behind the API server.
type dataPlane struct {
	client client.Client

	mu      sync.Mutex
	splits  map[types.NamespacedName]*split.TrafficSplit
	failing map[types.NamespacedName]bool // backends that fail half of their requests
	held    map[string]bool               // namespaces whose splits stay as they were

	callers map[types.NamespacedName]string // Deployments, by the one that they call; "" says that nobody can tell
	edges   map[string]int                  // how often somebody asked for edges, by namespace
}

func newDataPlane(c client.Client) *dataPlane {
	return &dataPlane{
		client: c, splits: map[types.NamespacedName]*split.TrafficSplit{}, failing: map[types.NamespacedName]bool{}, held: map[string]bool{},
		callers: map[types.NamespacedName]string{}, edges: map[string]int{},
	}
}

// fail has a backend fail half of its requests from now on.
func (d *dataPlane) fail(namespace, backend string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing[types.NamespacedName{Namespace: namespace, Name: backend}] = true
}

// hold applies no change of a namespace's splits until the function is called that it returns.
func (d *dataPlane) hold(namespace string) (release func()) {
	set := func(held bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.held[namespace] = held
	}
	set(true)
	return func() { set(false) }
}

// Reconcile applies one TrafficSplit, or leaves the path of an apex whose split is gone.
func (d *dataPlane) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	found := &split.TrafficSplit{}
	err := d.client.Get(ctx, request.NamespacedName, found)
	d.mu.Lock()
	if d.held[request.Namespace] {
		d.mu.Unlock()
		return ctrl.Result{RequeueAfter: 50 * time.Millisecond}, nil
	}
	before := d.splits[request.NamespacedName]
	if err == nil {
		d.splits[request.NamespacedName] = found
	} else {
		delete(d.splits, request.NamespacedName)
	}
	d.mu.Unlock()
	switch {
	case apierrors.IsNotFound(err) && before != nil:
		return ctrl.Result{}, client.IgnoreNotFound(d.client.Delete(ctx, proxySlice(before)))
	case err != nil || before != nil || found.Labels[v1alpha1.LabelDataPlane] != v1alpha1.DataPlaneProxy:
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	err = d.client.Create(ctx, proxySlice(found))
	if apierrors.IsAlreadyExists(err) || apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		err = nil
	}
	return ctrl.Result{}, err
}

// proxySlice is the EndpointSlice by which a bundled proxy leads an apex to itself.
func proxySlice(s *split.TrafficSplit) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: s.Spec.Service + "-proxies",
			Labels: map[string]string{
				discoveryv1.LabelServiceName: s.Spec.Service,
				discoveryv1.LabelManagedBy:   v1alpha1.EndpointSliceManager,
			},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{"10.127.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
		}},
		Ports: []discoveryv1.EndpointPort{{Name: ptr.To("http"), Port: ptr.To[int32](8080), Protocol: ptr.To(corev1.ProtocolTCP)}},
	}
}

// ServeHTTP answers what the API server and the controller ask for.
func (d *dataPlane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	group := "/apis/" + metrics.GroupVersion.String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+group, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metrics.GroupVersion.String(),
			APIResources: []metav1.APIResource{{Name: "trafficsplits", Namespaced: true, Kind: "TrafficMetrics", Verbs: []string{"list"}}},
		})
	})
	mux.HandleFunc("GET "+group+"/namespaces/{namespace}/trafficsplits", func(w http.ResponseWriter, r *http.Request) {
		length, err := time.ParseDuration(r.URL.Query().Get("window"))
		if err != nil || length < time.Second {
			http.Error(w, "the window is none", http.StatusBadRequest)
			return
		}
		answer(w, d.list(r.PathValue("namespace"), length))
	})
	mux.HandleFunc("GET "+group+"/namespaces/{namespace}/deployments/{name}/edges", func(w http.ResponseWriter, r *http.Request) {
		d.answerEdges(w, types.NamespacedName{Namespace: r.PathValue("namespace"), Name: r.PathValue("name")})
	})
	mux.ServeHTTP(w, r)
}

// call has a Deployment call another one of its namespace from now on; "" as the caller says that nobody can tell who does.
func (d *dataPlane) call(namespace, called, caller string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.callers[types.NamespacedName{Namespace: namespace, Name: called}] = caller
}

// asked says how often somebody asked for edges in a namespace.
func (d *dataPlane) asked(namespace string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.edges[namespace]
}

func (d *dataPlane) answerEdges(w http.ResponseWriter, of types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.edges[of.Namespace]++
	caller, known := d.callers[of]
	if known && caller == "" {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		status := apierrors.NewServiceUnavailable("no proxy answers").Status()
		status.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		_ = json.NewEncoder(w).Encode(status)
		return
	}
	list := metrics.TrafficMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: metrics.GroupVersion.String(), Kind: "TrafficMetricsList"},
		Resource: metrics.ObjectReference{Kind: "Deployment", Namespace: of.Namespace, Name: of.Name}, Items: []metrics.TrafficMetrics{},
	}
	for _, edge := range []struct{ direction, name, requests string }{{"from", caller, "7"}, {"from", "idle", "0"}, {"to", "database", "7"}} {
		if edge.name == "" {
			continue
		}
		list.Items = append(list.Items, metrics.TrafficMetrics{
			TypeMeta:   metav1.TypeMeta{APIVersion: metrics.GroupVersion.String(), Kind: "TrafficMetrics"},
			ObjectMeta: metav1.ObjectMeta{Name: of.Name, Namespace: of.Namespace}, Resource: list.Resource,
			Edge: metrics.Edge{
				Direction: edge.direction, Side: "server",
				Resource: metrics.ObjectReference{Kind: "Deployment", Namespace: of.Namespace, Name: edge.name},
			},
			Metrics: []metrics.Metric{
				{Name: metrics.SuccessCount, Value: resource.MustParse(edge.requests)}, {Name: metrics.FailureCount, Value: resource.MustParse("0")},
			},
		})
	}
	answer(w, list)
}

func answer(w http.ResponseWriter, object any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(object) // the reader may have left
}

// list is the newest complete window of a namespace's splits, with 10 requests for each percent of weight.
func (d *dataPlane) list(namespace string, length time.Duration) metrics.TrafficMetricsList {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := metrics.TrafficMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: metrics.GroupVersion.String(), Kind: "TrafficMetricsList"},
		Resource: metrics.ObjectReference{Kind: "TrafficSplit", Namespace: namespace}, Items: []metrics.TrafficMetrics{},
	}
	for name, s := range d.splits {
		for _, b := range s.Spec.Backends {
			if name.Namespace != namespace {
				continue
			}
			failed := int64(0)
			if d.failing[types.NamespacedName{Namespace: namespace, Name: b.Service}] {
				failed = 5 * b.Weight
			}
			list.Items = append(list.Items, metrics.TrafficMetrics{
				TypeMeta:   metav1.TypeMeta{APIVersion: metrics.GroupVersion.String(), Kind: "TrafficMetrics"},
				ObjectMeta: metav1.ObjectMeta{Name: name.Name, Namespace: namespace},
				Resource:   metrics.ObjectReference{Kind: "TrafficSplit", Namespace: namespace, Name: name.Name},
				Edge:       metrics.Edge{Direction: "from", Side: "client"},
				Backend:    &metrics.Backend{Apex: s.Spec.Service, Name: b.Service, Weight: &b.Weight},
				Timestamp:  metav1.NewTime(time.Now().Truncate(length)), Window: metav1.Duration{Duration: length},
				Metrics: []metrics.Metric{
					{Name: metrics.SuccessCount, Value: *resource.NewQuantity(10*b.Weight-failed, resource.DecimalSI)},
					{Name: metrics.FailureCount, Value: *resource.NewQuantity(failed, resource.DecimalSI)},
				},
			})
		}
	}
	return list
}

// serveMetrics serves TrafficMetrics on loopback with a certificate of its own, and has the API server lead to it.
func serveMetrics(ctx context.Context, d *dataPlane) {
	const namespace, name = "serin-system", "serin-metrics"
	certificate, key, err := cert.GenerateSelfSignedCertKey(name+"."+namespace+".svc", nil, []string{"localhost"})
	Expect(err).NotTo(HaveOccurred())
	pair, err := tls.X509KeyPair(certificate, key)
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(d)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	DeferCleanup(server.Close)

	Expect(user.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	})).To(Succeed())
	port := int32(server.Listener.Addr().(*net.TCPAddr).Port)
	service := &apiregistrationv1.APIService{
		ObjectMeta: metav1.ObjectMeta{Name: metrics.GroupVersion.Version + "." + metrics.GroupVersion.Group},
		Spec: apiregistrationv1.APIServiceSpec{
			Group: metrics.GroupVersion.Group, Version: metrics.GroupVersion.Version,
			GroupPriorityMinimum: 100, VersionPriority: 100, CABundle: certificate,
			Service: &apiregistrationv1.ServiceReference{Namespace: namespace, Name: name, Port: &port},
		},
	}
	Expect(user.Create(ctx, service)).To(Succeed())
	Eventually(func() error {
		if err := user.Get(ctx, client.ObjectKeyFromObject(service), service); err != nil {
			return err
		}
		for _, c := range service.Status.Conditions {
			if c.Type == apiregistrationv1.Available && c.Status == apiregistrationv1.ConditionTrue {
				return nil
			}
		}
		return fmt.Errorf("it is not available yet: %v", service.Status.Conditions)
	}).Should(Succeed())
}
