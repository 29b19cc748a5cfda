package notifier

import "github.com/prometheus/client_golang/prometheus"

// outcome is what became of a try or a message, as the metrics name it.
type outcome string

// The outcomes. All but retried end a message.
const (
	// outcomeSent is a message the service took.
	outcomeSent outcome = "sent"
	// outcomeRetried is a try that failed and is followed by another.
	outcomeRetried outcome = "retried"
	// outcomeRefused is a message the service, or the Secret's content, will never let through.
	outcomeRefused outcome = "refused"
	// outcomeUnknown is a message that was sent whole and never answered.
	outcomeUnknown outcome = "unknown"
	// outcomeExpired is a message that was tried for as long as allowed.
	outcomeExpired outcome = "expired"
	// outcomeDropped is a message for which there was no room, or no time left at shutdown.
	outcomeDropped outcome = "dropped"
)

// counts is serin_notifications_total.
type counts struct{ total *prometheus.CounterVec }

// newCounts makes the counter with every outcome at 0, so that a rate over it is right from the first message on.
func newCounts(registerer prometheus.Registerer) counts {
	c := counts{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "serin_notifications_total",
		Help: "Notifications by service and outcome: sent, retried (a try that is followed by another), refused, unknown (sent but never answered, not repeated), expired, dropped.",
	}, []string{"service", "outcome"})}
	for _, o := range []outcome{outcomeSent, outcomeRetried, outcomeRefused, outcomeUnknown, outcomeExpired, outcomeDropped} {
		c.total.WithLabelValues(serviceSlack, string(o))
	}
	if registerer != nil {
		registerer.MustRegister(c.total)
	}
	return c
}

func (c counts) add(dest Destination, o outcome) {
	c.total.WithLabelValues(dest.service(), string(o)).Inc()
}
