package proxy

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Labels of the counters, a contract with whoever scrapes them.
const (
	labelNamespace       = "namespace"
	labelSplit           = "split"
	labelApex            = "apex"
	labelBackend         = "backend"
	labelWorkload        = "workload"
	labelPod             = "pod"
	labelCallerNamespace = "caller_namespace"
	labelCallerWorkload  = "caller_workload"
	labelCallerPod       = "caller_pod"
	labelOutcome         = "outcome"
	labelMode            = "mode"
	labelCause           = "cause"
)

// Values of labelOutcome.
const (
	outcomeSuccess = "success"
	outcomeFailure = "failure"
)

// Values of labelCause.
const (
	causeDial   = "dial"
	causeHangUp = "hangup"
)

// requestLabels are the labels of everything that counts requests by who answered and who asked.
var requestLabels = []string{
	labelNamespace, labelSplit, labelApex, labelBackend, labelWorkload, labelPod,
	labelCallerNamespace, labelCallerWorkload, labelCallerPod,
}

// secondsBuckets are the upper bounds, in seconds, of the latency histogram.
var secondsBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 1, 2.5, 5, 10}

// meters are the metrics of the proxy, in a registry of their own.
type meters struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	denied   *prometheus.CounterVec
	// cancelled counts the requests that count as neither success nor failure because the client gave up.
	cancelled *prometheus.CounterVec
	// retries counts the attempts at a pod that another attempt at another pod followed.
	retries *prometheus.CounterVec
}

func newMeters() *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_proxy_requests_total",
			Help: "Requests that ended, by the pod that answered, the caller and the outcome.",
		}, slices.Concat(requestLabels, []string{labelOutcome})),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "serin_proxy_request_duration_seconds",
			Help:    "Time from a request's header to the end of its response, or to the response's header for streams.",
			Buckets: secondsBuckets,
		}, requestLabels),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "serin_proxy_in_flight",
			Help: "Requests and upgraded connections that a backend has now.",
		}, []string{labelNamespace, labelSplit, labelBackend}),
		denied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_proxy_denied_total",
			Help: "Requests that policy denied; mode says whether they were refused (Enforce) or let pass (Audit).",
		}, []string{labelNamespace, labelSplit, labelCallerNamespace, labelCallerWorkload, labelMode}),
		cancelled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_proxy_cancelled_total",
			Help: "Requests that the client gave up before the response ended; they are in no other counter.",
		}, []string{labelNamespace, labelSplit, labelBackend}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_proxy_retries_total",
			Help: "Attempts at a pod that failed in a way that let the request be tried elsewhere, by cause: dial or hangup.",
		}, []string{labelNamespace, labelSplit, labelBackend, labelPod, labelCause}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.inFlight, m.denied, m.cancelled, m.retries,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// liveCollector reports, at the moment of a scrape, what the table in force says.
type liveCollector struct {
	weight *prometheus.Desc
	age    *prometheus.Desc
	plane  *plane
	// ageSeconds returns how long ago the API server was last heard from.
	ageSeconds func() float64
}

func newLiveCollector(p *plane, ageSeconds func() float64) *liveCollector {
	return &liveCollector{
		weight: prometheus.NewDesc("serin_proxy_backend_weight",
			"The weight that this proxy gives a backend for new requests now.",
			[]string{labelNamespace, labelSplit, labelApex, labelBackend}, nil),
		age: prometheus.NewDesc("serin_proxy_table_age_seconds",
			"Time since this proxy last heard from the API server, which is the most by which its table can be out of date.", nil, nil),
		plane:      p,
		ageSeconds: ageSeconds,
	}
}

// Describe implements prometheus.Collector.
func (c *liveCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.weight
	to <- c.age
}

// Collect implements prometheus.Collector.
func (c *liveCollector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(c.age, prometheus.GaugeValue, c.ageSeconds())
	for _, a := range c.plane.served() {
		for _, share := range a.shares {
			to <- prometheus.MustNewConstMetric(c.weight, prometheus.GaugeValue, float64(share.Weight),
				a.Namespace, a.split.Name, a.Name, share.Service)
		}
	}
}
