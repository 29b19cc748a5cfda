package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/metrics"
	source "github.com/serin-dev/serin/metrics/prometheus"
	"github.com/serin-dev/serin/test/prometheus"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// sidecar states what an Istio sidecar would of callers that send ten requests for each percent of weight between two scrapes.
type sidecar struct {
	mu   sync.Mutex
	sent map[[2]string]int64 // by namespace and Service
}

func (s *sidecar) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	network.mu.Lock()
	for name, split := range network.splits {
		for _, b := range split.Spec.Backends {
			s.sent[[2]string{name.Namespace, b.Service}] += 10 * b.Weight
		}
	}
	network.mu.Unlock()
	for of, n := range s.sent {
		labels := fmt.Sprintf(`reporter="source",response_code="200",response_flags="-",request_protocol="http",`+
			`destination_service_namespace=%q,destination_service_name=%q`, of[0], of[1])
		fmt.Fprintf(w, "istio_requests_total{%s} %d\n", labels, n)
		for _, bound := range []string{"5", "25", "+Inf"} {
			fmt.Fprintf(w, "istio_request_duration_milliseconds_bucket{%s,le=%q} %d\n", labels, bound, n)
		}
	}
}

// measureByPrometheus has the API server lead to a real TrafficMetrics server with that Prometheus behind it, until the specs
// of the container are over.
func measureByPrometheus(ctx context.Context, address string) {
	server, err := metrics.New(metrics.Options{
		RestConfig: plane.Config, BindAddress: "127.0.0.1",
		Prometheus: source.Options{Address: address, ScrapeInterval: time.Second, Delay: time.Second},
	})
	Expect(err).NotTo(HaveOccurred())
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(running) }()
	DeferCleanup(func() {
		stop()
		Expect(<-ended).To(Succeed())
	})
	service := &apiregistrationv1.APIService{}
	Expect(user.Get(ctx, client.ObjectKey{Name: smi.GroupVersion.Version + "." + smi.GroupVersion.Group}, service)).To(Succeed())
	before := service.DeepCopy()
	port := int32(server.Port())
	service.Spec.Service.Port, service.Spec.CABundle = &port, server.CABundle()
	Expect(user.Patch(ctx, service, client.MergeFrom(before))).To(Succeed())
	DeferCleanup(func(ctx SpecContext) {
		now := service.DeepCopy()
		service.Spec = before.Spec
		Expect(user.Patch(ctx, service, client.MergeFrom(now))).To(Succeed())
	})
}

var _ = Describe("TrafficMetrics from a Prometheus", Ordered, func() {
	var options prometheus.Options
	var server *prometheus.Server

	BeforeAll(func(ctx SpecContext) {
		proxies := httptest.NewServer(&sidecar{sent: map[[2]string]int64{}})
		DeferCleanup(proxies.Close)
		options = prometheus.Options{
			Progress: GinkgoWriter, Dir: GinkgoT().TempDir(), Targets: []prometheus.Target{{Address: proxies.URL, Job: "sidecars"}},
		}
		var err error
		server, err = prometheus.Start(ctx, options)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() error { return server.Stop() })
		options.Address = server.Addr()
		measureByPrometheus(ctx, server.URL)
	})

	It("holds the rollout while it is down, and goes on by itself", func(ctx SpecContext) {
		const dwell = 10 * time.Second
		s := openShop(ctx, climb(50), func(c *v1alpha1.Canary) {
			c.Spec.Traffic.Provider = v1alpha1.ProviderSplit
			c.Spec.Analysis.Interval = v1alpha1.Dur(2 * time.Second)
			c.Spec.Steps[0].Dwell = v1alpha1.Dur(dwell)
		})
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(50), HaveField("Status.Step", HaveField("LastWindow", Not(BeNil()))),
			condition(v1alpha1.ConditionMetricsAvailable, metav1.ConditionTrue, ""))

		By("stopping Prometheus")
		Expect(server.Stop()).To(Succeed())
		unreachable := "Prometheus " + server.URL + " cannot be reached: connection refused"
		s.await(ctx, condition(v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, unreachable))
		s.refuses(ctx, http.StatusServiceUnavailable, unreachable)
		landed := s.canary(ctx).Status.Step.LandedAt.Time
		judged := s.canary(ctx).Status.Step.LastWindow.Time
		Consistently(s.canary).WithContext(ctx).WithTimeout(time.Until(landed.Add(dwell + 5*time.Second))).WithPolling(time.Second).
			Should(And(phase(v1alpha1.PhaseProgressing), at(50)))
		s.splits(ctx, "foobar-v1=50 foobar-v2=50")
		Expect(s.canary(ctx)).To(HaveField("Status.Step.LastWindow.Time", BeTemporally("==", judged)))

		By("starting it again")
		var err error
		server, err = prometheus.Start(ctx, options)
		Expect(err).NotTo(HaveOccurred())
		// Once the rollout is over nothing is measured, so the condition is True only as long as it takes to promote.
		s.await(ctx, serves("v2"), Not(condition(v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, "")))
		Expect(s.canary(ctx).Status.Evidence.Recent).To(ContainElement(HaveField("EndedAt.Time", BeTemporally(">", judged))))
		for _, event := range s.events(ctx) {
			Expect(event).NotTo(Or(HavePrefix(v1alpha1.ReasonAnalysisFailed), HavePrefix("RolledBack")))
		}
	})
})

// refuses asks the API for the shop's TrafficMetrics, and wants a Status.
func (s *shop) refuses(ctx context.Context, code int32, message string) {
	GinkgoHelper()
	admin, err := kubernetes.NewForConfig(plane.Config)
	Expect(err).NotTo(HaveOccurred())
	path := fmt.Sprintf("/apis/%s/namespaces/%s/trafficsplits", smi.GroupVersion, s.namespace)
	body, err := admin.RESTClient().Get().RequestURI(path).Do(ctx).Raw()
	Expect(err).To(HaveOccurred())
	var status metav1.Status
	Expect(json.Unmarshal(body, &status)).To(Succeed())
	Expect(status).To(And(HaveField("Kind", "Status"), HaveField("Code", code), HaveField("Message", ContainSubstring(message))))
}
