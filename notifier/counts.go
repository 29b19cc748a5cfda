package notifier

import "github.com/prometheus/client_golang/prometheus"

// outcome is what became of a try, as the metrics name it.
type outcome string

// The outcomes. Retried and unknown tries are followed by another; the rest end a letter.
const (
	// outcomeSent is a message the service took.
	outcomeSent outcome = "sent"
	// outcomeRetried is a try that is known to have failed.
	outcomeRetried outcome = "retried"
	// outcomeUnknown is a try whose answer never came.
	outcomeUnknown outcome = "unknown"
	// outcomeRefused is a message the service, or the Secret's content, will never let through.
	outcomeRefused outcome = "refused"
	// outcomeExpired is a message that was tried for as long as allowed.
	outcomeExpired outcome = "expired"
)

// outcomes are all outcomes.
func outcomes() []outcome {
	return []outcome{outcomeSent, outcomeRetried, outcomeUnknown, outcomeRefused, outcomeExpired}
}

// counts are serin_notifications_total and serin_notifications_waiting.
type counts struct {
	total   *prometheus.CounterVec
	waiting *prometheus.GaugeVec
}

// newCounts makes every series at 0, so that a rate over it is right from the first message on.
func newCounts(registerer prometheus.Registerer) counts {
	c := counts{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_notifications_total",
			Help: "Notifications by service and outcome: sent, retried (a try that failed and is followed by another), unknown (a try that was never answered and is followed by another), refused, expired.",
		}, []string{"service", "outcome"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "serin_notifications_waiting",
			Help: "Notifications by service that are neither delivered nor given up.",
		}, []string{"service"}),
	}
	for _, service := range services() {
		c.waiting.WithLabelValues(string(service))
		for _, o := range outcomes() {
			c.total.WithLabelValues(string(service), string(o))
		}
	}
	if registerer != nil {
		registerer.MustRegister(c.total, c.waiting)
	}
	return c
}

func (c counts) add(dest Destination, o outcome) {
	c.total.WithLabelValues(string(dest.Service), string(o)).Inc()
}
