package metrics

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Names of the metrics that every TrafficMetrics server answers with. Read them with Count and Latency.
const (
	SuccessCount = "success_count"
	FailureCount = "failure_count"
	LatencyP99   = "p99_response_latency"
	LatencyP90   = "p90_response_latency"
	LatencyP50   = "p50_response_latency"
	// LatencyLEPrefix starts the name of a cumulative histogram count: response_latency_le_250ms counts the requests that
	// took 250 ms or less. Serin's own server adds one entry per bucket bound; other servers have none. LatencyLEName
	// writes such a name, LatencyBuckets reads them.
	LatencyLEPrefix = "response_latency_le_"
)

// UnitMilliseconds is the unit Serin's server states for latencies. Readers heed whatever unit is stated.
const UnitMilliseconds = "ms"

// TrafficMetrics is what one resource, edge or split backend saw during one window.
//
// +kubebuilder:object:root=true
type TrafficMetrics struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Resource is what was measured.
	Resource ObjectReference `json:"resource"`
	// Edge is the other end: an empty resource means all of them together.
	Edge Edge `json:"edge"`
	// Backend is set for TrafficSplits only: which backend the numbers belong to.
	Backend *Backend `json:"backend,omitempty"`
	// Timestamp is the end of the window.
	Timestamp metav1.Time `json:"timestamp"`
	// Window is the length of time the numbers cover, ending at Timestamp.
	Window metav1.Duration `json:"window"`
	// Metrics are the numbers.
	Metrics []Metric `json:"metrics"`
	// Problems say in a sentence each what was not understood in the answer that was read. A metric that was not understood
	// is not in Metrics, so that no reader takes it for a number.
	Problems []string `json:"-"`
}

// ObjectReference names a resource.
type ObjectReference struct {
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
}

// Edge says between whom and where the numbers were taken.
type Edge struct {
	// Direction is "to" or "from", seen from the measured resource.
	Direction string `json:"direction,omitempty"`
	// Side is "client" or "server": which end counted.
	Side string `json:"side,omitempty"`
	// Resource is the other end, empty when the numbers are for all of them together.
	Resource ObjectReference `json:"resource"`
}

// Backend identifies one backend of a TrafficSplit.
type Backend struct {
	// Apex is the split's apex Service.
	Apex string `json:"apex"`
	// Name is the backend Service.
	Name string `json:"name"`
	// Weight is the weight that the data plane reports it applies now, not only the written one. Absent in the answer when
	// no data plane reports one.
	Weight *int64 `json:"weight,omitempty"`
}

// Metric is one number.
type Metric struct {
	// Name is one of the constants above, or LatencyLEPrefix and a bound.
	Name string `json:"name"`
	// Unit is the unit of Value for latencies, milliseconds when empty. ParseUnit knows the units.
	Unit string `json:"unit,omitempty"`
	// Value is the number.
	Value resource.Quantity `json:"value"`
}

// TrafficMetricsList is the answer to a list, and to a get of a TrafficSplit, which has one item per backend.
//
// +kubebuilder:object:root=true
type TrafficMetricsList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	// Resource says what was asked for: kind and namespace, and the name when one was given.
	Resource ObjectReference `json:"resource"`
	// Selector repeats the label selector of the request.
	Selector *metav1.LabelSelector `json:"selector,omitempty"`

	Items []TrafficMetrics `json:"items"`
}
