package v1alpha1

// Notification is one service that is told of transitions.
//
// +kubebuilder:validation:XValidation:rule="[has(self.slack), has(self.teams), has(self.discord), has(self.googleChat), has(self.webhook)].filter(x, x).size() == 1",message="a notification needs exactly one service: slack, teams, discord, googleChat or webhook"
type Notification struct {
	// Slack posts to a Slack channel. With a bot token each rollout is one thread.
	// +optional
	Slack *SlackNotification `json:"slack,omitempty"`
	// Teams posts to a Microsoft Teams workflow.
	// +optional
	Teams *AddressNotification `json:"teams,omitempty"`
	// Discord posts to a Discord webhook.
	// +optional
	Discord *AddressNotification `json:"discord,omitempty"`
	// GoogleChat posts to a Google Chat space.
	// +optional
	GoogleChat *AddressNotification `json:"googleChat,omitempty"`
	// Webhook posts a CloudEvent (structured JSON) whose id is the same when it is sent again.
	// +optional
	Webhook *AddressNotification `json:"webhook,omitempty"`

	// Events are the reasons that are told, such as Promoted, AnalysisFailed or Paused. Absent means every transition.
	// +optional
	// +kubebuilder:validation:MaxItems=30
	// +listType=atomic
	Events []string `json:"events,omitempty"`
	// MinSeverity is the least severity that is told: Info (all), Good (ends of rollouts and problems) or Problem.
	// +optional
	// +kubebuilder:default=Info
	MinSeverity Severity `json:"minSeverity,omitempty"`
}

// Severity says how much a transition matters.
//
// +kubebuilder:validation:Enum=Info;Good;Problem
type Severity string

// Severities, the least first.
const (
	SeverityInfo    Severity = "Info"
	SeverityGood    Severity = "Good"
	SeverityProblem Severity = "Problem"
)

// SlackNotification says where to post.
type SlackNotification struct {
	// Channel is the channel's name or ID; a bot token needs one, an incoming webhook has its own.
	// +optional
	Channel string `json:"channel,omitempty"`
	// SecretRef names a Secret with the key `address` (incoming webhook) or `token` (bot token). It lies in the Canary's
	// namespace, that of a ClusterRolloutPolicy in the controller's.
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// AddressNotification says where to post.
type AddressNotification struct {
	// SecretRef names a Secret with the key `address`, the URL to post to, and, for a webhook, optionally `token`, which is
	// sent as a bearer token. It lies in the Canary's namespace, that of a ClusterRolloutPolicy in the controller's.
	// +required
	SecretRef SecretReference `json:"secretRef"`
}

// SecretReference names a Secret in the Canary's namespace.
type SecretReference struct {
	// Name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Announcement is a transition that people are told of. It is recorded with the decision, so that a crash loses none.
type Announcement struct {
	// Seq counts the announcements of a Canary, from 1.
	Seq int64 `json:"seq"`
	// Reason is one word, Message one sentence with the numbers.
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Severity says how much it matters.
	Severity Severity `json:"severity"`
	// Rollout is the version that it is about: the candidate's, or stable's when there is no candidate.
	Rollout string `json:"rollout"`
	// Revision is the revision of that version; commands are bound to it.
	// +optional
	Revision string `json:"revision,omitempty"`
	// From and To are the images before and after.
	// +optional
	From string `json:"from,omitempty"`
	// +optional
	To string `json:"to,omitempty"`
	// Step is the step's position (2/4), empty outside steps; Weight is the candidate's weight in percent.
	// +optional
	Step string `json:"step,omitempty"`
	// +optional
	Weight int32 `json:"weight,omitempty"`
	// At is when it happened.
	// +optional
	At *Time `json:"at,omitempty"`
}

// DeliveryStatus says how far one service has been told.
type DeliveryStatus struct {
	// Sink identifies the service, its Secret and its channel; it holds no secret.
	Sink string `json:"sink"`
	// Seq is the newest announcement that was delivered, or given up.
	Seq int64 `json:"seq"`
	// Rollout is the rollout that Thread belongs to.
	// +optional
	Rollout string `json:"rollout,omitempty"`
	// Thread is the service's own name of the rollout's thread; empty where it has none.
	// +optional
	Thread string `json:"thread,omitempty"`
	// Lost says why the newest announcement was given up; empty when it was delivered.
	// +optional
	Lost string `json:"lost,omitempty"`
}
