package metrics

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apijson "k8s.io/apimachinery/pkg/util/json"

	"github.com/serin-dev/serin/api/smi/internal/wire"
)

// UnmarshalJSON reads the answer of any TrafficMetrics server. Only metadata that is none is an error; anything else that is
// not understood becomes one of Problems, so that one bad item does not hide the others of its list.
func (m *TrafficMetrics) UnmarshalJSON(data []byte) error {
	var published struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`

		Resource  json.RawMessage `json:"resource"`
		Edge      json.RawMessage `json:"edge"`
		Backend   json.RawMessage `json:"backend"`
		Timestamp json.RawMessage `json:"timestamp"`
		Window    json.RawMessage `json:"window"`
		Metrics   json.RawMessage `json:"metrics"`
	}
	if err := apijson.Unmarshal(data, &published); err != nil {
		return fmt.Errorf("reading TrafficMetrics: %w", err)
	}
	var log wire.Log
	*m = TrafficMetrics{
		TypeMeta:   published.TypeMeta,
		ObjectMeta: published.ObjectMeta,
		Resource:   readReference(log.Open("resource", published.Resource)),
		Edge:       readEdge(log.Open("edge", published.Edge)),
		Backend:    readBackend(log.Open("backend", published.Backend)),
		Timestamp:  readTimestamp(log.Open("timestamp", published.Timestamp)),
		Window:     readWindow(log.Open("window", published.Window)),
		Metrics:    wire.Keep(log.Open("metrics", published.Metrics), readMetric),
	}
	m.judgeNames(&log)
	m.Problems = log.Problems()
	return nil
}

func readReference(v wire.Value) ObjectReference {
	return ObjectReference{Kind: v.Field("kind").Text(), Namespace: v.Field("namespace").Text(), Name: v.Field("name").Text()}
}

func readEdge(v wire.Value) Edge {
	return Edge{
		Direction: v.Field("direction").Text(),
		Side:      v.Field("side").Text(),
		Resource:  readReference(v.Field("resource")),
	}
}

func readBackend(v wire.Value) *Backend {
	if !v.Present() {
		return nil
	}
	return &Backend{Apex: v.Field("apex").Text(), Name: v.Field("name").RequiredText(), Weight: readWeight(v.Field("weight"))}
}

// readWeight returns nil for a weight that is not a whole number: a weight that is not understood has not landed.
func readWeight(v wire.Value) *int64 {
	if !v.Present() {
		return nil
	}
	quantity, understood := v.Quantity()
	if !understood {
		return nil
	}
	weight := quantity.Value()
	if weight < 0 || quantity.CmpInt64(weight) != 0 {
		v.Fault("is %s, which is not a whole number of at least 0", quantity.String())
		return nil
	}
	return &weight
}

func readTimestamp(v wire.Value) metav1.Time {
	text := v.RequiredText()
	timestamp, err := time.Parse(time.RFC3339, text)
	if err != nil && text != "" {
		v.Fault("is %.40q, which is not a time such as 2019-04-08T22:25:55Z", text)
	}
	return metav1.NewTime(timestamp)
}

func readWindow(v wire.Value) metav1.Duration {
	text := v.RequiredText()
	window, err := time.ParseDuration(text)
	if (err != nil || window < 0) && text != "" {
		v.Fault("is %.40q, which is not a length of time such as 30s", text)
		return metav1.Duration{}
	}
	return metav1.Duration{Duration: window}
}

// readMetric judges the metrics whose meaning is known; another server's own ones are kept as they are.
func readMetric(v wire.Value) Metric {
	metric := Metric{Name: v.Field("name").RequiredText(), Unit: v.Field("unit").Text()}
	value := v.Field("value")
	quantity, understood := value.Quantity()
	if !understood {
		return metric
	}
	metric.Value = quantity
	_, isCount := count(metric)
	_, isLatency := latency(metric)
	switch {
	case meansLatency(metric.Name) && !isLatency:
		value.Fault("is %s %.20q, which is not a latency in s, ms or us", quantity.String(), metric.Unit)
	case meansCount(metric.Name) && !isCount:
		value.Fault("is %s %.20q, which is not a number of at least 0 without a unit", quantity.String(), metric.Unit)
	}
	return metric
}

func meansLatency(name string) bool {
	return name == LatencyP99 || name == LatencyP90 || name == LatencyP50
}

func meansCount(name string) bool {
	return name == SuccessCount || name == FailureCount || strings.HasPrefix(name, LatencyLEPrefix)
}

// judgeNames reports names that are given twice, which no reader can use, and histogram bounds that are none.
func (m *TrafficMetrics) judgeNames(log *wire.Log) {
	seen := map[string]bool{}
	for _, metric := range m.Metrics {
		_, isBucket := ParseLatencyLE(metric.Name)
		if strings.HasPrefix(metric.Name, LatencyLEPrefix) && !isBucket {
			log.Fault("metrics has %.60q, whose bound is not a number of milliseconds such as 250ms", metric.Name)
		}
		if seen[metric.Name] {
			log.Fault("metrics has %.60q more than once", metric.Name)
		}
		seen[metric.Name] = true
	}
}
