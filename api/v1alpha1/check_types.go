package v1alpha1

// CustomCheck is a check by queries to a Prometheus: a share, by two counters, or a gauge with bounds. In a query,
// $(namespace), $(canary), $(version) and $(backend) stand for the Canary's namespace and name, for v2, and for foobar-v2; the
// same query is asked for the candidate and for stable.
//
// +kubebuilder:validation:XValidation:rule="has(self.share) != has(self.gauge)",message="a check needs exactly one of share and gauge"
// +kubebuilder:validation:XValidation:rule="!(self.name in ['success-rate', 'latency-p99', 'baseline'])",message="success-rate, latency-p99 and baseline are the names of Serin's own checks"
type CustomCheck struct {
	// Name of the check, unique in the Canary.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// Share bounds the share of one counter in another.
	// +optional
	Share *ShareCheck `json:"share,omitempty"`
	// Gauge bounds a number that is looked at once per window.
	// +optional
	Gauge *GaugeCheck `json:"gauge,omitempty"`
}

// ShareCheck bounds the share of one counter in another. Both queries give a counter as it stands, without rate() or
// increase(): Serin asks at both ends of a window and takes the difference, so that nothing is counted twice.
//
// +kubebuilder:validation:XValidation:rule="has(self.max) != has(self.min)",message="a share needs exactly one of max and min"
type ShareCheck struct {
	// Numerator gives the counter whose share is bounded: sum(checkout_failed_total{service="$(backend)"}).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Numerator string `json:"numerator"`
	// Denominator gives the counter of all: sum(checkout_total{service="$(backend)"}).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Denominator string `json:"denominator"`
	// Max is the largest percentage that the numerator may be of the denominator, as a decimal string. Use it for what is bad.
	// +optional
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)$`
	Max string `json:"max,omitempty"`
	// Min is the least percentage, as a decimal string. Use it for what is good.
	// +optional
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)$`
	Min string `json:"min,omitempty"`
}

// GaugeCheck bounds a number. It is looked at once at the end of each window; one look in ten may be out of bounds.
//
// +kubebuilder:validation:XValidation:rule="has(self.max) || has(self.min)",message="a gauge needs max, min or both"
type GaugeCheck struct {
	// Query gives the number: max(queue_length{service="$(backend)"}).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Query string `json:"query"`
	// Max is the largest value allowed, as a decimal string.
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^-?[0-9]+(\.[0-9]+)?$`
	Max string `json:"max,omitempty"`
	// Min is the least value allowed, as a decimal string.
	// +optional
	// +kubebuilder:validation:MaxLength=24
	// +kubebuilder:validation:Pattern=`^-?[0-9]+(\.[0-9]+)?$`
	Min string `json:"min,omitempty"`
}

// PrometheusSpec says where queries are asked.
type PrometheusSpec struct {
	// Address of the HTTP API, without /api/v1: http://prometheus.monitoring:9090.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	Address string `json:"address"`
	// HeadersFrom names a Secret in the Canary's namespace: each key is the name of a header, its value the header's value.
	// +optional
	HeadersFrom *SecretReference `json:"headersFrom,omitempty"`
}
