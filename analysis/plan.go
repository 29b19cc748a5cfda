package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Plan is what Decide wants: a status to record first, then a world to make.
type Plan struct {
	// Status is the record, conditions included.
	Status v1alpha1.CanaryStatus
	// Weights is the division of requests between Stable and Candidate.
	Weights Weights
	// Versions are the versions that should exist: those that retire, then stable, then the candidate. Any other is deleted.
	Versions []Version
	// Split says whether the TrafficSplit should exist.
	Split Existence
	// KeepRoute says that the split goes on asking for the route that it asks for, and not for what the spec says by now.
	KeepRoute bool
	// Apex says where the apex should lead.
	Apex ApexLead
	// TargetReplicas is the number of pods the target should ask for; nil means leave it alone.
	TargetReplicas *int32
	// Finished says that a Canary under deletion may go.
	Finished bool
	// Notes are for people, in order.
	Notes []Note
	// Wait is how long until time alone can change the plan; 0 means that only an event can.
	Wait time.Duration
	// Calls are the questions to webhooks whose answers are awaited. Each is asked once per ID and Ask.
	Calls []Call
	// Measure says that TrafficMetrics are needed for the next decision.
	Measure bool
}

// Call is one question to a webhook.
type Call struct {
	// ID identifies the question, Ask says how often it was answered before.
	ID  string
	Ask int32
	// Webhook is whom to ask.
	Webhook v1alpha1.Webhook
	// Wait is how long to wait before asking.
	Wait time.Duration
	// Subject is what the question is about.
	Subject Subject
}

// Subject is what a webhook is told about a rollout.
type Subject struct {
	// Version, Revision and Image are the candidate's; Stable is the version that serves.
	Version, Revision, Image string
	Stable                   v1alpha1.VersionStatus
	// Phase is the Canary's, Weight what the candidate has, NextWeight what it is about to get.
	Phase              v1alpha1.Phase
	Weight, NextWeight int32
	// Reason and Message say why, for OnRollback and AfterRollout; empty otherwise.
	Reason, Message string
}

// Existence says what should become of an object.
type Existence int

// Existences.
const (
	// Leave: as it is, whether it exists or not.
	Leave Existence = iota
	// Present: made and kept as planned.
	Present
	// Absent: removed.
	Absent
)

// Version is one version that should exist.
type Version struct {
	// Name is v1, v2, ...
	Name string
	// Role is what it is for now.
	Role Role
	// Revision is what it runs. Only a version whose revision is the target's can be made; any other can only be kept.
	Revision string
	// Replicas is the number of pods it should ask for.
	Replicas int32
}

// Role is what a version is for.
type Role string

// Roles.
const (
	RoleStable    Role = "stable"
	RoleCandidate Role = "candidate"
	RoleRetiring  Role = "retiring"
)

// Severity says how much a note matters.
type Severity = v1alpha1.Severity

// Severities, the least first.
const (
	Info    = v1alpha1.SeverityInfo
	Good    = v1alpha1.SeverityGood
	Problem = v1alpha1.SeverityProblem
)

// Note is one sentence about a change, with its arithmetic. Notes are the only source of Events and notifications.
type Note struct {
	// Reason is one of the reasons in api/v1alpha1.
	Reason string
	// Message is the sentence.
	Message string
	// Severity says how it should look.
	Severity Severity
	// Transition marks the notes that people are told of elsewhere than in Events.
	Transition bool
	// Minor marks the notes that only say what status.step and the next note say too; they are no Events.
	Minor bool
	// Rollout identifies the rollout: the candidate's version, or stable's when there is no candidate. Revision is its revision.
	Rollout, Revision string
	// From and To are the images before and after, empty where there is none.
	From, To string
	// Step is the step's position (2/4), empty outside steps; Weight is the candidate's weight in percent.
	Step   string
	Weight int32
}
