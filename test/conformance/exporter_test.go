package conformance

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// exporter states requests in the series and labels of Linkerd's proxies: each at both ends, as outbound by the proxy of the
// caller and as inbound by the proxy of the one that answers.
type exporter struct {
	mu        sync.Mutex
	registry  *client.Registry
	responses *client.CounterVec
	latency   *client.HistogramVec
}

var meshLabels = []string{
	"direction", "namespace", "deployment", "pod", "authority", "client_id", "tls",
	"dst_namespace", "dst_deployment", "dst_service", "dst_pod", "status_code",
}

// meshBuckets are the upper bounds of the buckets that the proxies have, in milliseconds.
var meshBuckets = []float64{
	1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100, 200, 300, 400, 500, 1000, 2000, 3000, 4000, 5000, 10000, 20000, 30000, 40000, 50000,
}

// newExporter has one request in it already, of others: a mesh in which nobody ever sent any has no series at all.
func newExporter() *exporter {
	e := &exporter{
		registry:  client.NewRegistry(),
		responses: client.NewCounterVec(client.CounterOpts{Name: "response_total", Help: "Responses."}, append(meshLabels, "classification")),
		latency: client.NewHistogramVec(client.HistogramOpts{
			Name: "response_latency_ms", Help: "Time to the first byte of a response.", Buckets: meshBuckets,
		}, meshLabels),
	}
	e.registry.MustRegister(e.responses, e.latency)
	e.state(call{namespace: "others", caller: "x", apex: "y", status: http.StatusOK, takes: time.Millisecond}, "y")
	return e
}

// ServeHTTP answers a scrape.
func (e *exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// state counts one request that a backend answered.
func (e *exporter) state(c call, backend string) {
	classification := "success"
	if c.status >= http.StatusInternalServerError {
		classification = "failure"
	}
	to := c.target()
	// All labels are there on all series; one that is empty is the same as none.
	both := client.Labels{
		"authority": fmt.Sprintf("%s.%s.svc.cluster.local:8080", c.apex, to), "status_code": strconv.Itoa(c.status), "tls": "true",
		"client_id": "", "dst_namespace": "", "dst_deployment": "", "dst_service": "", "dst_pod": "",
	}
	ends := []client.Labels{
		{
			"direction": "outbound", "namespace": c.namespace, "deployment": c.caller, "pod": c.caller + "-0",
			"dst_namespace": to, "dst_deployment": backend, "dst_service": backend, "dst_pod": backend + "-0",
		}, {
			"direction": "inbound", "namespace": to, "deployment": backend, "pod": backend + "-0",
			"client_id": fmt.Sprintf("%s.%s.serviceaccount.identity.linkerd.cluster.local", c.caller, c.namespace),
		},
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, labels := range ends {
		for label, value := range both {
			if _, there := labels[label]; !there {
				labels[label] = value
			}
		}
		e.latency.With(labels).Observe(float64(c.takes) / float64(time.Millisecond))
		labels["classification"] = classification
		e.responses.With(labels).Inc()
	}
}
