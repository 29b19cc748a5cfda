package hooks

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is what became of a question, as the metrics name it.
type outcome string

// The outcomes. Each question has one.
const (
	// outcomeYes is an answer from 200 to 299.
	outcomeYes outcome = "yes"
	// outcomeNo is an answer that means no.
	outcomeNo outcome = "no"
	// outcomeFailed is a question that was not answered, or could not be asked. It counts as a no.
	outcomeFailed outcome = "failed"
	// outcomeCancelled is a question that was given up because its answer is awaited no more.
	outcomeCancelled outcome = "cancelled"
)

// counts are the metrics of questions. Their labels have few values: the points of a rollout and the outcomes.
type counts struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newCounts makes the metrics with every counter at 0, so that a rate over it is right from the first question on.
func newCounts(registerer prometheus.Registerer) counts {
	c := counts{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_webhook_calls_total",
			Help: "Questions to webhooks by point of the rollout and outcome: yes, no, failed (not answered after every try, or not asked for want of headers or a URL), cancelled (not awaited any more).",
		}, []string{"when", "outcome"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "serin_webhook_duration_seconds",
			Help:    "Time from the first try of a question to a webhook until it was answered or failed, by point of the rollout.",
			Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600},
		}, []string{"when"}),
	}
	for _, when := range []v1alpha1.WebhookPoint{
		v1alpha1.BeforeRollout, v1alpha1.BeforeStep, v1alpha1.BeforePromotion, v1alpha1.OnRollback, v1alpha1.AfterRollout,
	} {
		for _, o := range []outcome{outcomeYes, outcomeNo, outcomeFailed, outcomeCancelled} {
			c.total.WithLabelValues(string(when), string(o))
		}
		c.duration.WithLabelValues(string(when))
	}
	if registerer != nil {
		registerer.MustRegister(c.total, c.duration)
	}
	return c
}

// ended counts a question that was answered or failed, and how long that took.
func (c counts) ended(when v1alpha1.WebhookPoint, o outcome, took time.Duration) {
	c.total.WithLabelValues(string(when), string(o)).Inc()
	c.duration.WithLabelValues(string(when)).Observe(took.Seconds())
}

// cancelled counts a question that was given up after it was asked.
func (c counts) cancelled(when v1alpha1.WebhookPoint) {
	c.total.WithLabelValues(string(when), string(outcomeCancelled)).Inc()
}
