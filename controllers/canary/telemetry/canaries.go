package telemetry

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// canaries is a collector that says how each Canary stands at the moment it is asked. It keeps nothing.
type canaries struct {
	reader  client.Reader
	elected <-chan struct{}
	timeout time.Duration

	leading, phase, weight, landed, ready, stalled, waiting, measured, verdict *prometheus.Desc
}

func newCanaries(opts Options) *canaries {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"namespace", "name"}, labels...), nil)
	}
	return &canaries{
		reader: opts.Canaries, elected: opts.Elected, timeout: opts.Timeout,
		leading: prometheus.NewDesc("serin_controller_leading",
			"1 for the controller that carries rollouts out, 0 for one that stands by.", nil, nil),
		phase: desc("serin_canary_phase", "1 for the phase that a Canary is in; the others are absent.", "phase"),
		weight: desc("serin_canary_candidate_weight_percent",
			"Percentage of requests that Serin gives the candidate; 0 when there is none."),
		landed: desc("serin_canary_weight_landed",
			"1 when the data plane applies the written weights, 0 while it does not yet; absent until that was looked at."),
		ready:   desc("serin_canary_ready", "1 when what the target asks for is the stable version, else 0."),
		stalled: desc("serin_canary_stalled", "1 when nothing more happens until a person changes something, else 0."),
		waiting: desc("serin_canary_waiting_for_person", "1 while a rollout is paused until a person decides, else 0."),
		measured: desc("serin_canary_metrics_available",
			"1 when TrafficMetrics are read, 0 when they cannot be; absent while nothing is measured."),
		verdict: desc("serin_canary_check_verdict",
			"1 for the verdict of a check on the newest window; the others are absent.", "check", "verdict"),
	}
}

// Describe lists the metrics.
func (c *canaries) Describe(descs chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.leading, c.phase, c.weight, c.landed, c.ready, c.stalled, c.waiting, c.measured, c.verdict,
	} {
		descs <- d
	}
}

// Collect lists the Canaries. A list that fails is an invalid metric, which makes Prometheus' scrape fail visibly: a gap
// is the truth, and no Canaries would be a lie.
func (c *canaries) Collect(metrics chan<- prometheus.Metric) {
	leads := c.leads()
	metrics <- prometheus.MustNewConstMetric(c.leading, prometheus.GaugeValue, number[leads])
	if !leads {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	list := &v1alpha1.CanaryList{}
	if err := c.reader.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
		metrics <- prometheus.NewInvalidMetric(c.phase, fmt.Errorf("listing Canaries: %w", err))
		return
	}
	for i := range list.Items {
		c.show(&list.Items[i], metrics)
	}
}

// leads says whether this process carries rollouts out.
func (c *canaries) leads() bool {
	if c.elected == nil {
		return true
	}
	select {
	case <-c.elected:
		return true
	default:
		return false
	}
}

// number is an answer as a gauge has it.
var number = map[bool]float64{true: 1, false: 0}

// show tells how one Canary stands.
func (c *canaries) show(canary *v1alpha1.Canary, metrics chan<- prometheus.Metric) {
	s := &canary.Status
	tell := func(desc *prometheus.Desc, value float64, labels ...string) {
		labels = append([]string{canary.Namespace, canary.Name}, labels...)
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	if s.Phase != "" {
		tell(c.phase, 1, string(s.Phase))
	}
	weight := int32(0)
	if s.Candidate != nil {
		weight = s.Candidate.Weight
	}
	tell(c.weight, float64(weight))
	tell(c.ready, number[is(s, v1alpha1.ConditionReady) == v1alpha1.ConditionTrue])
	tell(c.stalled, number[is(s, v1alpha1.ConditionStalled) == v1alpha1.ConditionTrue])
	tell(c.waiting, number[s.Phase == v1alpha1.PhasePaused])
	for desc, kind := range map[*prometheus.Desc]string{
		c.landed: v1alpha1.ConditionTrafficLanded, c.measured: v1alpha1.ConditionMetricsAvailable,
	} {
		if status := is(s, kind); status != v1alpha1.ConditionUnknown {
			tell(desc, number[status == v1alpha1.ConditionTrue])
		}
	}
	for i, check := range s.Checks {
		known := named(canary, check.Name) && slices.Contains(verdicts, check.Verdict)
		again := slices.ContainsFunc(s.Checks[:i], func(c v1alpha1.CheckStatus) bool { return c.Name == check.Name })
		if known && !again {
			tell(c.verdict, 1, check.Name, string(check.Verdict))
		}
	}
}

// checks are the names of Serin's own checks.
var checks = []string{v1alpha1.CheckSuccessRate, v1alpha1.CheckLatencyP99, v1alpha1.CheckBaseline}

// named says whether a check is Serin's own or one of the spec's, so that labels are bounded by what people wrote.
func named(canary *v1alpha1.Canary, check string) bool {
	return slices.Contains(checks, check) ||
		slices.ContainsFunc(canary.Spec.Analysis.Checks, func(c v1alpha1.CustomCheck) bool { return c.Name == check })
}

// is the status of a condition; Unknown when it was never set.
func is(s *v1alpha1.CanaryStatus, kind string) v1alpha1.ConditionStatus {
	if condition := s.Condition(kind); condition != nil {
		return condition.Status
	}
	return v1alpha1.ConditionUnknown
}
