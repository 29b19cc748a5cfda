package v1alpha1

// Capacity says how many pods the candidate has while it is tested.
//
// +kubebuilder:validation:Enum=Proportional;Full
type Capacity string

// Capacities.
const (
	// CapacityProportional gives the candidate the share of the pods that belongs to its weight, at least one.
	CapacityProportional Capacity = "Proportional"
	// CapacityFull gives the candidate as many pods as stable from the beginning.
	CapacityFull Capacity = "Full"
)

// PodGraceSpec says for how long a candidate's pod may be in trouble that can pass by itself. What does not pass by itself (a
// crash loop, an image that cannot be pulled, a missing key of a ConfigMap) rolls the candidate back at once.
type PodGraceSpec struct {
	// Unschedulable is how long a pod may wait for a node, for example while a cluster autoscaler adds one.
	// +optional
	// +kubebuilder:default="2m"
	Unschedulable Duration `json:"unschedulable,omitzero"`
	// NotReady is how long a pod that was ready may fail its readiness probe.
	// +optional
	// +kubebuilder:default="1m"
	NotReady Duration `json:"notReady,omitzero"`
}

// Window is a time in which weight may rise. Rolling back is always allowed.
type Window struct {
	// Schedule is a cron expression of five fields (minute, hour, day of month, month, day of week), as a CronJob has it.
	// The window is open for duration from each minute that it names.
	// +required
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^\s*\S+(\s+\S+){4}\s*$`
	Schedule string `json:"schedule"`
	// Duration is how long the window stays open. The default fits a schedule that names every minute in which it is open.
	// +optional
	// +kubebuilder:default="1m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1m') && duration(self) <= duration('168h')",message="a window's duration must be from 1m to 168h"
	Duration Duration `json:"duration,omitzero"`
	// TimeZone is a name of the time zone database: Europe/Berlin. Default: Etc/UTC.
	// +optional
	// +kubebuilder:default="Etc/UTC"
	// +kubebuilder:validation:MaxLength=64
	TimeZone string `json:"timeZone,omitempty"`
}

// CanaryReference names a Canary of the same namespace.
type CanaryReference struct {
	// Name of the Canary.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Webhook is an HTTP service that is asked, or told, at one point of each rollout. It gets a POST with JSON; an answer from
// 200 to 299 means yes. The field `id` of the body is the same when the same question is asked again.
type Webhook struct {
	// Name of the webhook, unique in the Canary.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// When is the point of the rollout at which it is called.
	// +required
	When WebhookPoint `json:"when"`
	// URL of the service.
	// +required
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:Pattern=`^https?://[^\s]+$`
	URL string `json:"url"`
	// HeadersFrom names a Secret in the Canary's namespace: each key is the name of a header, its value the header's value.
	// +optional
	HeadersFrom *SecretReference `json:"headersFrom,omitempty"`
	// Timeout bounds one try.
	// +optional
	// +kubebuilder:default="10s"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('100ms') && duration(self) <= duration('2m')",message="a webhook's timeout must be from 100ms to 2m"
	Timeout Duration `json:"timeout,omitzero"`
	// Retries is how often a try that got no answer, or 429, or from 500 on, is repeated before it counts as a no.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10
	Retries *int32 `json:"retries,omitempty"`
	// Deadline is how long a webhook may keep saying no, counted from when it was first asked. Then the rollout is rolled back.
	// +optional
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s')",message="a webhook's deadline must be at least 1s"
	Deadline Duration `json:"deadline,omitzero"`
	// OnRefusal says what a no means: Wait asks again every 10s until the deadline, RollBack rolls back at once. It has no
	// meaning for OnRollback and AfterRollout, which are only told.
	// +optional
	// +kubebuilder:default=Wait
	OnRefusal RefusalAction `json:"onRefusal,omitempty"`
	// Metadata is sent along as it is.
	// +optional
	// +kubebuilder:validation:MaxProperties=20
	Metadata map[string]string `json:"metadata,omitempty"`
}

// WebhookPoint is a point of a rollout.
//
// +kubebuilder:validation:Enum=BeforeRollout;BeforeStep;BeforePromotion;OnRollback;AfterRollout
type WebhookPoint string

// Points of a rollout.
const (
	// BeforeRollout: before the candidate gets its first pod.
	BeforeRollout WebhookPoint = "BeforeRollout"
	// BeforeStep: before the weight of each step, with its pods ready.
	BeforeStep WebhookPoint = "BeforeStep"
	// BeforePromotion: before the candidate gets all traffic, with all its pods ready.
	BeforePromotion WebhookPoint = "BeforePromotion"
	// OnRollback: the candidate's traffic was taken. The answer changes nothing.
	OnRollback WebhookPoint = "OnRollback"
	// AfterRollout: the rollout has ended, whatever its outcome. The answer changes nothing.
	AfterRollout WebhookPoint = "AfterRollout"
)

// RefusalAction says what a webhook's no means.
//
// +kubebuilder:validation:Enum=Wait;RollBack
type RefusalAction string

// Refusal actions.
const (
	RefusalWait     RefusalAction = "Wait"
	RefusalRollBack RefusalAction = "RollBack"
)

// GateStatus is one question to a webhook and what became of it.
type GateStatus struct {
	// ID identifies the question: v2/BeforeStep/25/name.
	ID string `json:"id"`
	// Webhook is the name of the webhook.
	Webhook string `json:"webhook"`
	// When is the point of the rollout.
	When WebhookPoint `json:"when"`
	// State is how the question stands.
	State GateState `json:"state"`
	// Asked counts how often it was answered.
	// +optional
	Asked int32 `json:"asked,omitempty"`
	// Answer is the newest answer in one line: 403 Forbidden: not on a Friday.
	// +optional
	Answer string `json:"answer,omitempty"`
	// Since is when it was first asked.
	// +optional
	Since *Time `json:"since,omitempty"`
	// AnsweredAt is when the newest answer was seen.
	// +optional
	AnsweredAt *Time `json:"answeredAt,omitempty"`
}

// GateState is how a question to a webhook stands.
//
// +kubebuilder:validation:Enum=Asked;Refused;Open;Failed
type GateState string

// Gate states.
const (
	// GateAsked: the answer is awaited.
	GateAsked GateState = "Asked"
	// GateRefused: the answer was no; it is asked again.
	GateRefused GateState = "Refused"
	// GateOpen: the answer was yes.
	GateOpen GateState = "Open"
	// GateFailed: the answer was no, and nobody asks again.
	GateFailed GateState = "Failed"
)
