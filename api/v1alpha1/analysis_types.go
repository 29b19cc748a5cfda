package v1alpha1

// AnalysisSpec says how the candidate is judged.
//
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || !has(self.interval) || duration(self.timeout) >= duration(self.interval)",message="spec.analysis.timeout must not be shorter than spec.analysis.interval"
type AnalysisSpec struct {
	// Interval is the length of one sample window, in whole seconds.
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('5m')",message="spec.analysis.interval must be from 1s to 5m"
	// +kubebuilder:validation:XValidation:rule="duration(self).getMilliseconds() % 1000 == 0",message="spec.analysis.interval must be in whole seconds"
	Interval Duration `json:"interval,omitzero"`

	// SuccessRate bounds the share of requests that succeed.
	// +optional
	// +kubebuilder:default={min: "99"}
	SuccessRate *SuccessRateCheck `json:"successRate,omitempty"`

	// Latency bounds how long requests take. Absent means that latency is not judged.
	// +optional
	Latency *LatencyCheck `json:"latency,omitempty"`

	// Baseline compares the candidate with stable over the same window. Absent means no comparison.
	// +optional
	Baseline *BaselineCheck `json:"baseline,omitempty"`

	// Judge turns windows into a verdict: Threshold counts failed windows in a row.
	// +optional
	// +kubebuilder:default=Threshold
	Judge Judge `json:"judge,omitempty"`

	// FailureThreshold is the number of failed windows in a row that roll the candidate back.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailureThreshold int32 `json:"failureThreshold,omitempty"`

	// NoData says what a window without requests to the candidate means: Hold (wait), RollBack (a failed window) or Ignore
	// (a passed one).
	// +optional
	// +kubebuilder:default=Hold
	NoData NoDataPolicy `json:"noData,omitempty"`

	// Timeout is the most time at one step, counted from when its weight landed.
	// +optional
	// +kubebuilder:default="30m"
	Timeout Duration `json:"timeout,omitzero"`

	// OnTimeout says what happens then.
	// +optional
	// +kubebuilder:default=Pause
	OnTimeout TimeoutAction `json:"onTimeout,omitempty"`
}

// SuccessRateCheck bounds the share of requests that succeed.
type SuccessRateCheck struct {
	// Min is the least percentage that must succeed, as a decimal string: "99", "99.9".
	// +required
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)$`
	Min string `json:"min"`
}

// LatencyCheck bounds how long requests take.
type LatencyCheck struct {
	// P99 is the time within which 99 of 100 requests must be answered.
	// +required
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1ms')",message="spec.analysis.latency.p99 must be at least 1ms"
	P99 Duration `json:"p99"`
}

// BaselineCheck compares the candidate with stable.
type BaselineCheck struct {
	// MaxRatio is how many times stable's failure rate the candidate's may be, as a decimal string. A candidate that fails
	// less than half of what successRate allows passes at any ratio.
	// +optional
	// +kubebuilder:default="1.5"
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^[0-9]+(\.[0-9]+)?$`
	// +kubebuilder:validation:XValidation:rule="double(self) >= 1.0",message="spec.analysis.baseline.maxRatio must be at least 1"
	MaxRatio string `json:"maxRatio,omitempty"`
}

// Judge names a way to turn windows into a verdict.
//
// +kubebuilder:validation:Enum=Threshold
type Judge string

// Judges.
const (
	JudgeThreshold Judge = "Threshold"
)

// NoDataPolicy says what a window without requests means.
//
// +kubebuilder:validation:Enum=Hold;RollBack;Ignore
type NoDataPolicy string

// NoData policies.
const (
	NoDataHold     NoDataPolicy = "Hold"
	NoDataRollBack NoDataPolicy = "RollBack"
	NoDataIgnore   NoDataPolicy = "Ignore"
)

// TimeoutAction says what happens when a step takes longer than the timeout.
//
// +kubebuilder:validation:Enum=Pause;RollBack;Promote
type TimeoutAction string

// Timeout actions.
const (
	OnTimeoutPause    TimeoutAction = "Pause"
	OnTimeoutRollBack TimeoutAction = "RollBack"
	OnTimeoutPromote  TimeoutAction = "Promote"
)
