package telemetry

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Options configure Metrics. Only Canaries is required.
type Options struct {
	// Canaries lists Canaries from a cache. What it lists is read only, so the cache need not copy it.
	Canaries client.Reader
	// Elected is closed when this process begins to lead; nil means that it leads from the start.
	Elected <-chan struct{}
	// Registerer gets every metric; nil leaves them unregistered.
	Registerer prometheus.Registerer
	// Timeout bounds one list; default 5 s.
	Timeout time.Duration
}

// Metrics are what the controller tells Prometheus.
type Metrics struct {
	rollouts *prometheus.CounterVec
	duration *prometheus.HistogramVec
	windows  *prometheus.CounterVec
	landing  prometheus.Histogram
	rollback prometheus.Histogram
}

// Parts of a rollout's time.
const (
	partProgress = "progress"
	partPeople   = "people"
)

// New makes the metrics, with every counter that is likely to move at 0, so that a rate over it is right from the first
// rollout on.
func New(opts Options) *Metrics {
	if opts.Timeout <= 0 {
		opts.Timeout = 5 * time.Second
	}
	m := &Metrics{
		rollouts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_rollouts_total",
			Help: "Rollouts that ended, by outcome (Promoted, RolledBack, Superseded, Reverted) and the reason of it.",
		}, []string{"outcome", "reason"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "serin_rollout_duration_seconds",
			Help:    "Time that rollouts took, by outcome and part: people (waiting for a person to decide), progress (the rest). Each rollout is in both.",
			Buckets: []float64{10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400, 259200, 604800},
		}, []string{"outcome", "part"}),
		windows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_windows_total",
			Help: "Windows of samples that were judged, by the worst verdict of their checks: Pass, Hold, NoData, Error, Fail.",
		}, []string{"verdict"}),
		landing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "serin_weight_landing_seconds",
			Help:    "Time from when a weight was decided until the data plane was seen to apply it.",
			Buckets: []float64{0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300, 600},
		}),
		rollback: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "serin_rollback_seconds",
			Help:    "Time from when a rollback was decided until the data plane was seen to send the candidate nothing more.",
			Buckets: []float64{0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 15, 30, 60, 120, 300, 600},
		}),
	}
	m.prepare()
	if opts.Registerer != nil {
		opts.Registerer.MustRegister(m.rollouts, m.duration, m.windows, m.landing, m.rollback, newCanaries(opts))
	}
	return m
}

// prepare makes the series of what can be foreseen.
func (m *Metrics) prepare() {
	for outcome, reasons := range foreseen {
		for _, reason := range reasons {
			m.rollouts.WithLabelValues(string(outcome), reason)
		}
		m.duration.WithLabelValues(string(outcome), partProgress)
		m.duration.WithLabelValues(string(outcome), partPeople)
	}
	for _, verdict := range verdicts {
		m.windows.WithLabelValues(string(verdict))
	}
}

// verdicts from the best to the worst.
var verdicts = []v1alpha1.Verdict{
	v1alpha1.VerdictPass, v1alpha1.VerdictHold, v1alpha1.VerdictNoData, v1alpha1.VerdictError, v1alpha1.VerdictFail,
}
