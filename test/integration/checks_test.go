package integration_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/prometheus"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// tills count checkouts: every time they are scraped another 100 of each version, of which v2 fails 20.
func tills() *httptest.Server {
	var scrapes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := scrapes.Add(1)
		for service, failed := range map[string]int64{"foobar-v1": 0, "foobar-v2": 20} {
			fmt.Fprintf(w, "checkouts_total{service=%q} %d\ncheckouts_failed_total{service=%q} %d\n", service, 100*n, service, failed*n)
		}
	}))
	DeferCleanup(server.Close)
	return server
}

var _ = Describe("a check by a query of one's own", Ordered, func() {
	var server *prometheus.Server

	BeforeAll(func(ctx SpecContext) {
		var err error
		server, err = prometheus.Start(ctx, prometheus.Options{Progress: GinkgoWriter, Targets: []prometheus.Target{{Address: tills().URL, Job: "shop"}}})
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(server.Stop)
		Expect(server.Await(ctx, `checkouts_total{service="foobar-v2"} > bool 300`, 1)).To(Succeed())
	})

	checkouts := func(c *v1alpha1.Canary) {
		c.Spec.Analysis.Interval = v1alpha1.Dur(2 * time.Second) // two scrapes
		c.Spec.Analysis.Prometheus = &v1alpha1.PrometheusSpec{Address: server.URL}
		c.Spec.Analysis.Checks = []v1alpha1.CustomCheck{{Name: "failed-checkouts", Share: &v1alpha1.ShareCheck{
			Numerator: `sum(checkouts_failed_total{service="$(backend)"})`, Denominator: `sum(checkouts_total{service="$(backend)"})`, Max: "2",
		}}}
	}

	It("rolls a release back whose requests all succeed", func(ctx SpecContext) {
		s := openShop(ctx, climb(50), checkouts)
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseRolledBack), says("failed-checkouts: 20% are bad (stable 0%), wanted <= 2%: evidence "))
		Expect(s.canary(ctx).Status.History).To(HaveExactElements(HaveField("Reason", v1alpha1.ReasonAnalysisFailed)))
	})

	It("in dry run is shown, and does not keep the release from being promoted", func(ctx SpecContext) {
		s := openShop(ctx, climb(50), checkouts, func(c *v1alpha1.Canary) { c.Spec.Analysis.DryRun = []string{"failed-checkouts"} })
		s.release(ctx, "v2")
		s.await(ctx, serves("v2"))
		Expect(s.canary(ctx).Status.Checks).To(ContainElement(And(
			HaveField("Name", "failed-checkouts"), HaveField("DryRun", true), HaveField("Threshold", "<= 2%"))))
	})

	It("without a Prometheus holds the weight, and says where to name one", func(ctx SpecContext) {
		s := openShop(ctx, climb(50), checkouts, func(c *v1alpha1.Canary) { c.Spec.Analysis.Prometheus = nil })
		s.release(ctx, "v2")
		s.await(ctx, phase(v1alpha1.PhaseProgressing), at(50), says("no Prometheus is known: set spec.analysis.prometheus.address"))
	})
})
