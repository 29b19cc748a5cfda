package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Canary rolls out each new version of a Deployment behind a TrafficSplit, one weight at a time, and lets measured traffic
// decide whether to promote it, hold it or roll it back.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=canaries,shortName=cn,categories=all
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Step",type=string,JSONPath=`.status.step.position`
// +kubebuilder:printcolumn:name="Weight",type=integer,JSONPath=`.status.candidate.weight`
// +kubebuilder:printcolumn:name="Success",type=string,JSONPath=`.status.checks[?(@.name=="success-rate")].value`
// +kubebuilder:printcolumn:name="P99",type=string,JSONPath=`.status.checks[?(@.name=="latency-p99")].value`
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Provider",type=string,priority=1,JSONPath=`.status.traffic.provider`
// +kubebuilder:printcolumn:name="Because",type=string,priority=1,JSONPath=`.status.traffic.reason`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.message`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 50",message="metadata.name must be at most 50 characters long, because the versions are named after it"
type Canary struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the user asks for.
	// +required
	Spec CanarySpec `json:"spec"`
	// Status is what Serin must remember and what it last saw. Its default says that nobody has looked at the Canary yet, so
	// that one just made is not taken for one that is ready.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status CanaryStatus `json:"status,omitempty"`
}

// CanaryList is a list of Canaries.
//
// +kubebuilder:object:root=true
type CanaryList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Canary `json:"items"`
}

// CanarySpec is what the user asks for. The smallest one is targetRef and steps.
type CanarySpec struct {
	// TargetRef names the Deployment that the user edits, in the Canary's namespace.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec.targetRef cannot be changed: delete the Canary and make one for the other Deployment"
	TargetRef TargetReference `json:"targetRef"`

	// Service is the apex: the Service that clients call. Default: a Service named like the target.
	// +optional
	Service ServiceSpec `json:"service,omitzero"`

	// Steps are the weights that the candidate gets, one after the other; after the last it is promoted.
	// +required
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:XValidation:rule="self.size() > 0",message="spec.steps: at least one step is needed"
	// +kubebuilder:validation:XValidation:rule="self.all(i, self.filter(j, j.weight == i.weight).size() == 1) && (self.size() < 2 || self.map(s, s.weight).isSorted())",message="spec.steps: each weight must be greater than the one before it"
	// +listType=atomic
	Steps []Step `json:"steps"`

	// Analysis says how the candidate is judged.
	// +optional
	// +kubebuilder:default={}
	Analysis AnalysisSpec `json:"analysis,omitzero"`

	// Traffic says which data plane carries the TrafficSplit out.
	// +optional
	// +kubebuilder:default={}
	Traffic TrafficSpec `json:"traffic,omitzero"`

	// Access says whether the bundled proxy enforces TrafficTargets for the apex.
	// +optional
	// +kubebuilder:default={}
	Access AccessSpec `json:"access,omitzero"`

	// Replicas is the number of pods of a version. Default: the target's own number when the Canary first sees it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas *int32 `json:"replicas,omitempty"`

	// ProgressDeadline is the most time for something that must happen by itself: pods becoming ready, a weight landing.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="spec.progressDeadline must be at least 1s"
	ProgressDeadline Duration `json:"progressDeadline,omitzero"`

	// ScaleDownDelay is how long a version that lost its traffic stays up.
	// +optional
	// +kubebuilder:default="30s"
	ScaleDownDelay Duration `json:"scaleDownDelay,omitzero"`

	// Capacity says how many pods the candidate has while it is tested: Proportional to its weight, or Full.
	// +optional
	// +kubebuilder:default=Proportional
	Capacity Capacity `json:"capacity,omitempty"`

	// PodGrace says for how long a candidate's pod may be in trouble that can pass by itself.
	// +optional
	// +kubebuilder:default={}
	PodGrace PodGraceSpec `json:"podGrace,omitzero"`

	// Windows are the times in which a rollout may start and weight may rise. Absent means always.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	Windows []Window `json:"windows,omitempty"`

	// DependsOn are Canaries of the same namespace that must run what their targets ask for before a rollout starts.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	DependsOn []CanaryReference `json:"dependsOn,omitempty"`

	// Webhooks are services that are asked, or told, at points of each rollout.
	// +optional
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	Webhooks []Webhook `json:"webhooks,omitempty"`

	// Notifications are the services that are told of each transition.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	Notifications []Notification `json:"notifications,omitempty"`

	// Suspend stops new rollouts from starting and weights from rising; rolling back goes on.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// Duration is a length of time as Go writes it: 500ms, 10s, 5m, 1h30m.
//
// +kubebuilder:validation:Type=string
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
type Duration struct {
	metav1.Duration `json:",inline"`
}

// Dur returns d as it is written in a spec.
func Dur(d time.Duration) Duration { return Duration{metav1.Duration{Duration: d}} }

// Of returns the length of time itself.
func (d Duration) Of() time.Duration { return d.Duration.Duration }

// TargetReference names the target.
type TargetReference struct {
	// APIVersion of the target.
	// +optional
	// +kubebuilder:default="apps/v1"
	// +kubebuilder:validation:Enum=apps/v1
	APIVersion string `json:"apiVersion,omitempty"`
	// Kind of the target.
	// +optional
	// +kubebuilder:default=Deployment
	// +kubebuilder:validation:Enum=Deployment
	Kind string `json:"kind,omitempty"`
	// Name of the target.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=50
	Name string `json:"name"`
}

// ServiceSpec names the apex.
type ServiceSpec struct {
	// Name of the apex Service. Default: the target's name.
	// +optional
	// +kubebuilder:validation:MaxLength=50
	Name string `json:"name,omitempty"`
	// TakeOver lets Serin change the selector of an apex that exists already, once no other manager owns it.
	// +optional
	TakeOver bool `json:"takeOver,omitempty"`
}

// Step is one rung of a rollout.
type Step struct {
	// Weight is the candidate's share of the requests in percent.
	// +required
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100",message="a step's weight must be from 1 to 100 percent"
	Weight int32 `json:"weight"`
	// Dwell is the least time at this weight, counted from when the data plane applies it.
	// +optional
	// +kubebuilder:default="1m"
	Dwell Duration `json:"dwell,omitzero"`
	// Approval says whether a person must approve before the rollout leaves this step.
	// +optional
	// +kubebuilder:default=None
	Approval Approval `json:"approval,omitempty"`
}

// Approval says whether a step waits for a person.
//
// +kubebuilder:validation:Enum=None;Required
type Approval string

// Approvals.
const (
	ApprovalNone     Approval = "None"
	ApprovalRequired Approval = "Required"
)

// AccessSpec says what becomes of TrafficTargets.
//
// +kubebuilder:validation:XValidation:rule="!has(self.mirror) || !self.mirror || (has(self.mode) && self.mode != 'Off')",message="spec.access.mirror needs spec.access.mode Audit or Enforce: in mode Off TrafficTargets mean nothing to the rollout"
type AccessSpec struct {
	// Mode is Off (no decision), Audit (decide and count, let pass) or Enforce (deny with 403).
	// +optional
	// +kubebuilder:default="Off"
	Mode AccessMode `json:"mode,omitempty"`
	// Mirror has a candidate that runs as another ServiceAccount than stable get copies of stable's TrafficTargets, before its
	// first request.
	// +optional
	Mirror bool `json:"mirror,omitempty"`
}

// AccessMode says what becomes of a decision.
//
// +kubebuilder:validation:Enum=Off;Audit;Enforce
type AccessMode string

// Access modes.
const (
	AccessOff     AccessMode = "Off"
	AccessAudit   AccessMode = "Audit"
	AccessEnforce AccessMode = "Enforce"
)
