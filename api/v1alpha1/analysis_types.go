package v1alpha1

// AnalysisSpec says how the candidate is judged.
//
// +kubebuilder:validation:XValidation:rule="!has(self.dryRun) || self.dryRun.all(n, n in ['success-rate', 'latency-p99', 'baseline'] || (has(self.checks) && self.checks.exists(c, c.name == n)))",message="spec.analysis.dryRun names a check that does not exist: use success-rate, latency-p99, baseline or the name of one of spec.analysis.checks"
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

	// Baseline compares the candidate's failures with stable's over the same window. Absent means that the Evidence judge
	// compares them at the default ratio, and the Threshold judge does not.
	// +optional
	Baseline *BaselineCheck `json:"baseline,omitempty"`

	// Checks are further checks, by queries to a Prometheus.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=map
	// +listMapKey=name
	Checks []CustomCheck `json:"checks,omitempty"`

	// Prometheus answers the queries of checks. Default: the one that the controller was started with.
	// +optional
	Prometheus *PrometheusSpec `json:"prometheus,omitempty"`

	// DryRun names checks that are computed and shown, and never decide.
	// +optional
	// +kubebuilder:validation:MaxItems=13
	// +kubebuilder:validation:items:MaxLength=40
	// +listType=set
	DryRun []string `json:"dryRun,omitempty"`

	// Judge turns windows into a decision: Evidence adds up what all windows say, Threshold counts failed windows in a row.
	// +optional
	// +kubebuilder:default=Evidence
	Judge Judge `json:"judge,omitempty"`

	// FalseRollbackRate is the largest probability that a candidate which keeps its limits is ever rolled back during a
	// rollout, as a decimal string; of the Evidence judge.
	// +optional
	// +kubebuilder:default="0.01"
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^0\.[0-9]+$`
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.000001 && double(self) <= 0.2",message="spec.analysis.falseRollbackRate must be from 0.000001 to 0.2"
	FalseRollbackRate string `json:"falseRollbackRate,omitempty"`

	// MissRate is the largest probability that a candidate which breaks its limits by more than a step tolerates leaves that
	// step, as a decimal string; of the Evidence judge.
	// +optional
	// +kubebuilder:default="0.05"
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:Pattern=`^0\.[0-9]+$`
	// +kubebuilder:validation:XValidation:rule="double(self) >= 0.000001 && double(self) <= 0.2",message="spec.analysis.missRate must be from 0.000001 to 0.2"
	MissRate string `json:"missRate,omitempty"`

	// Evidence says over what the evidence for the next weight is added up: Step begins anew at each step; Rollout goes on,
	// which is faster with little traffic and less strict on faults that begin late.
	// +optional
	// +kubebuilder:default=Step
	Evidence EvidenceScope `json:"evidence,omitempty"`

	// FailureThreshold is the number of failed windows in a row that roll the candidate back; of the Threshold judge, and of
	// windows without requests where noData is RollBack.
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

// Judge names a way to turn windows into a decision.
//
// +kubebuilder:validation:Enum=Evidence;Threshold
type Judge string

// Judges.
const (
	// JudgeEvidence adds up what all windows of a rollout say, and decides once that is enough.
	JudgeEvidence Judge = "Evidence"
	// JudgeThreshold holds each window against the bounds and counts those that failed in a row.
	JudgeThreshold Judge = "Threshold"
)

// EvidenceScope says over what the evidence for the next weight is added up.
//
// +kubebuilder:validation:Enum=Step;Rollout
type EvidenceScope string

// Evidence scopes.
const (
	EvidenceStep    EvidenceScope = "Step"
	EvidenceRollout EvidenceScope = "Rollout"
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
