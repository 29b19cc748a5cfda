package authz

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// secondsBuckets are bounds of the time that a decision takes, in seconds.
var secondsBuckets = []float64{.00001, .00002, .00005, .0001, .0002, .0005, .001, .002, .005, .01, .05}

// meters are what an authoriser counts.
type meters struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
}

func newMeters() *meters {
	m := &meters{
		registry: prometheus.NewRegistry(),
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_authz_decisions_total",
			Help: "Decisions by wire form, outcome, mode and namespace of the destination; in mode Audit the outcome is what Enforce would have answered.",
		}, []string{"wire", "outcome", "mode", "destination_namespace"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "serin_authz_decision_seconds",
			Help:    "Time that a decision took, without reading and writing it on the wire.",
			Buckets: secondsBuckets,
		}, []string{"wire"}),
	}
	m.registry.MustRegister(m.decisions, m.seconds,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *meters) count(wire, outcome, mode, namespace string) {
	m.decisions.WithLabelValues(wire, outcome, mode, namespace).Inc()
}

// liveCollector reports, at the moment of a scrape, what the state in force says.
type liveCollector struct {
	age, broken *prometheus.Desc
	judge       *judge
	// ageSeconds returns how long ago the API server was last heard from.
	ageSeconds func() float64
}

func newLiveCollector(j *judge, ageSeconds func() float64) *liveCollector {
	return &liveCollector{
		age: prometheus.NewDesc("serin_authz_state_age_seconds",
			"Time since this authoriser last heard from the API server, which is the most by which what it knows can be out of date; -1 before it first did.", nil, nil),
		broken: prometheus.NewDesc("serin_authz_objects_with_problems",
			"TrafficTargets and routes in which something is wrong, which grants nothing.", []string{"kind"}, nil),
		judge:      j,
		ageSeconds: ageSeconds,
	}
}

// Describe implements prometheus.Collector.
func (c *liveCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.age
	to <- c.broken
}

// Collect implements prometheus.Collector.
func (c *liveCollector) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(c.age, prometheus.GaugeValue, c.ageSeconds())
	now := c.judge.state.Load()
	if now == nil {
		return
	}
	for kind, count := range now.broken {
		to <- prometheus.MustNewConstMetric(c.broken, prometheus.GaugeValue, float64(count), kind)
	}
}
