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
	// Measure says that TrafficMetrics are needed for the next decision.
	Measure bool
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

// Severity says how a note should look.
type Severity string

// Severities.
const (
	Info    Severity = "Info"
	Good    Severity = "Good"
	Problem Severity = "Problem"
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
	// Rollout identifies the rollout: the candidate's version, or stable's when there is no candidate.
	Rollout string
	// From and To are the images before and after, empty where there is none.
	From, To string
	// Step is the step's position (2/4), empty outside steps; Weight is the candidate's weight in percent.
	Step   string
	Weight int32
}
