package v1alpha1

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Time is an instant with microseconds, because steps and windows are shorter than a second apart.
type Time = metav1.MicroTime

// At returns t as it is stored: in UTC, cut to microseconds, so that a stored instant equals the one it was made from.
func At(t time.Time) *Time {
	stored := metav1.NewMicroTime(t.UTC().Truncate(time.Microsecond))
	return &stored
}

// Phase is where a Canary stands.
//
// +kubebuilder:validation:Enum=Initializing;Progressing;Paused;Promoting;Succeeded;RollingBack;RolledBack
type Phase string

// Phases.
const (
	// PhaseInitializing: the target's first revision becomes v1; the target's own pods still serve.
	PhaseInitializing Phase = "Initializing"
	// PhaseProgressing: a candidate is being started or tested.
	PhaseProgressing Phase = "Progressing"
	// PhasePaused: the candidate keeps its weight until a person decides.
	PhasePaused Phase = "Paused"
	// PhasePromoting: the candidate gets all traffic and becomes stable.
	PhasePromoting Phase = "Promoting"
	// PhaseSucceeded: stable serves alone and nothing is under test.
	PhaseSucceeded Phase = "Succeeded"
	// PhaseRollingBack: the candidate's weight is 0 and that has not landed yet.
	PhaseRollingBack Phase = "RollingBack"
	// PhaseRolledBack: stable serves alone and the target asks for a revision that was rolled back.
	PhaseRolledBack Phase = "RolledBack"
)

// CanaryStatus is what Serin must remember, because it cannot be observed again, and what it last saw, for people.
type CanaryStatus struct {
	// ObservedGeneration is the generation of the spec that this status answers.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Phase is where the Canary stands.
	// +optional
	Phase Phase `json:"phase,omitempty"`
	// PhaseSince is when the phase began.
	// +optional
	PhaseSince *Time `json:"phaseSince,omitempty"`
	// Message says in one sentence what Serin does now and why.
	// +optional
	Message string `json:"message,omitempty"`
	// Version is stable's version, and the candidate's behind an arrow while there is one.
	// +optional
	Version string `json:"version,omitempty"`
	// Stable is the version that serves.
	// +optional
	Stable *VersionStatus `json:"stable,omitempty"`
	// Traffic is the data plane that carries the TrafficSplit out, and why it is that one.
	// +optional
	Traffic *TrafficStatus `json:"traffic,omitempty"`
	// Candidate is the version under test.
	// +optional
	Candidate *CandidateStatus `json:"candidate,omitempty"`
	// Step is the rung the candidate stands on.
	// +optional
	Step *StepStatus `json:"step,omitempty"`
	// Pause says why the phase is Paused.
	// +optional
	Pause *PauseStatus `json:"pause,omitempty"`
	// Checks are the verdicts on the newest window.
	// +optional
	// +listType=map
	// +listMapKey=name
	Checks []CheckStatus `json:"checks,omitempty"`
	// Evidence is what the Evidence judge remembers of the newest rollout.
	// +optional
	Evidence *EvidenceStatus `json:"evidence,omitempty"`
	// Retiring are versions that lost their traffic and stay up for scaleDownDelay.
	// +optional
	// +listType=atomic
	Retiring []RetiringStatus `json:"retiring,omitempty"`
	// History holds the last 10 rollouts, the newest first.
	// +optional
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	History []RolloutRecord `json:"history,omitempty"`
	// RolledBackRevision is not tried again until the target changes or a person says retry.
	// +optional
	RolledBackRevision string `json:"rolledBackRevision,omitempty"`
	// LastVersion is the highest version number ever used; numbers are never reused.
	// +optional
	LastVersion int32 `json:"lastVersion,omitempty"`
	// AdoptedAt is when the first version took over from the target's own pods.
	// +optional
	AdoptedAt *Time `json:"adoptedAt,omitempty"`
	// TargetReplicas is the number of pods the target had before Serin scaled it to 0.
	// +optional
	TargetReplicas *int32 `json:"targetReplicas,omitempty"`
	// WithdrawnAt is when the TrafficSplit of a Canary under deletion was removed.
	// +optional
	WithdrawnAt *Time `json:"withdrawnAt,omitempty"`
	// LastCommand is the newest command of a person that was carried out or refused.
	// +optional
	LastCommand *CommandRecord `json:"lastCommand,omitempty"`
	// FloorReplicas is the size of a version when the rollout began. An autoscaler that sees a half-idle stable does not get
	// below it until the old version is gone.
	// +optional
	FloorReplicas *int32 `json:"floorReplicas,omitempty"`
	// Gates are the questions of the newest rollout to webhooks.
	// +optional
	// +listType=map
	// +listMapKey=id
	Gates []GateStatus `json:"gates,omitempty"`
	// LastAnnouncement is the number of the newest announcement ever made.
	// +optional
	LastAnnouncement int64 `json:"lastAnnouncement,omitempty"`
	// Announcements are the transitions that not every service was told of yet, the oldest first.
	// +optional
	// +kubebuilder:validation:MaxItems=40
	// +listType=atomic
	Announcements []Announcement `json:"announcements,omitempty"`
	// Deliveries say how far each service was told.
	// +optional
	// +listType=map
	// +listMapKey=sink
	Deliveries []DeliveryStatus `json:"deliveries,omitempty"`
	// Replicas is the number of pods of stable and the candidate, for the scale subresource.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`
	// Selector selects the pods of every version, for the scale subresource: an autoscaler sees the whole load.
	// +optional
	Selector string `json:"selector,omitempty"`
	// Conditions follow kstatus.
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// VersionStatus identifies a version.
type VersionStatus struct {
	// Version is v1, v2, ...
	Version string `json:"version"`
	// Revision is the hash of what the target asked to run.
	Revision string `json:"revision"`
	// Image is the first container's image.
	// +optional
	Image string `json:"image,omitempty"`
}

// CandidateStatus is the version under test.
type CandidateStatus struct {
	VersionStatus `json:",inline"`
	// Weight is the percentage of requests that Serin gives the candidate.
	Weight int32 `json:"weight"`
	// Share is the weight that the candidate has pods for; its weight never gets above it. 0 means that it has no pods yet.
	// +optional
	Share int32 `json:"share,omitempty"`
	// Returning says that it was stable a moment ago: it gets its traffic back at once, without steps.
	// +optional
	Returning bool `json:"returning,omitempty"`
	// Waited is how long the rollout has waited for people so far.
	// +optional
	Waited Duration `json:"waited,omitzero"`
	// NotReadySince is when the candidate began to have fewer ready endpoints than it needs.
	// +optional
	NotReadySince *Time `json:"notReadySince,omitempty"`
	// StartedAt is when the rollout began.
	// +optional
	StartedAt *Time `json:"startedAt,omitempty"`
}

// StepStatus is a rung of a rollout and what was seen on it.
type StepStatus struct {
	// Index is the step's place in spec.steps, from 0.
	Index int32 `json:"index"`
	// Position is the same for people: 2/4.
	Position string `json:"position"`
	// StartedAt is when the weight was decided.
	// +optional
	StartedAt *Time `json:"startedAt,omitempty"`
	// LandedAt is when the data plane was first seen to apply it. Windows that began earlier do not count.
	// +optional
	LandedAt *Time `json:"landedAt,omitempty"`
	// LastWindow is the end of the newest window that was judged; each is judged once.
	// +optional
	LastWindow *Time `json:"lastWindow,omitempty"`
	// Passed is the number of windows at this step that passed.
	// +optional
	Passed int32 `json:"passed,omitempty"`
	// Failed is the number of windows in a row, up to the newest, that failed.
	// +optional
	Failed int32 `json:"failed,omitempty"`
	// Approved says that a person let the rollout leave this step.
	// +optional
	Approved bool `json:"approved,omitempty"`
	// Leave says why the step is left without more evidence: a person or the timeout said so.
	// +optional
	Leave string `json:"leave,omitempty"`
	// Decision is what all windows up to the newest led to, Cause says in one word why, and Finding in a sentence; of the
	// Evidence judge.
	// +optional
	Decision Decision `json:"decision,omitempty"`
	// +optional
	Cause string `json:"cause,omitempty"`
	// +optional
	Finding string `json:"finding,omitempty"`
	// TooSlow says that people were told that the step cannot be decided before its timeout at today's traffic.
	// +optional
	TooSlow bool `json:"tooSlow,omitempty"`
	// HeldSince is when a freeze, a closed window or spec.suspend began to hold the step; its timeout stands still meanwhile.
	// +optional
	HeldSince *Time `json:"heldSince,omitempty"`
	// ReleasedAt is when that last ended.
	// +optional
	ReleasedAt *Time `json:"releasedAt,omitempty"`
}

// Decision is what the Evidence judge makes of all windows up to the newest.
//
// +kubebuilder:validation:Enum=Hold;Advance;RollBack
type Decision string

// Decisions.
const (
	// DecisionHold: there is not enough evidence for the next weight, or some against the candidate.
	DecisionHold Decision = "Hold"
	// DecisionAdvance: there is enough for the next weight.
	DecisionAdvance Decision = "Advance"
	// DecisionRollBack: there is enough against the candidate.
	DecisionRollBack Decision = "RollBack"
)

// PauseStatus says why a Canary is paused.
type PauseStatus struct {
	// Reason is one of Approval, Timeout or Command.
	Reason PauseReason `json:"reason"`
	// Since is when it was paused.
	// +optional
	Since *Time `json:"since,omitempty"`
}

// PauseReason is why a Canary is paused.
type PauseReason string

// Reasons for a pause.
const (
	PauseApproval PauseReason = "Approval"
	PauseTimeout  PauseReason = "Timeout"
	PauseCommand  PauseReason = "Command"
)

// Verdict is what a window or a check of it says. The five are different things: an outage of the metrics is never a failed
// check and never a passed one.
//
// +kubebuilder:validation:Enum=Pass;Fail;Hold;NoData;Error
type Verdict string

// Verdicts.
const (
	// VerdictPass: the bound was kept.
	VerdictPass Verdict = "Pass"
	// VerdictFail: the bound was broken.
	VerdictFail Verdict = "Fail"
	// VerdictHold: the window says neither.
	VerdictHold Verdict = "Hold"
	// VerdictNoData: nothing was measured.
	VerdictNoData Verdict = "NoData"
	// VerdictError: the metrics could not be read.
	VerdictError Verdict = "Error"
)

// Names of checks.
const (
	CheckSuccessRate = "success-rate"
	CheckLatencyP99  = "latency-p99"
	CheckBaseline    = "baseline"
)

// CheckStatus is one check of the newest window.
type CheckStatus struct {
	// Name of the check.
	Name string `json:"name"`
	// Verdict on the window.
	Verdict Verdict `json:"verdict"`
	// Value that was measured, with its unit.
	// +optional
	Value string `json:"value,omitempty"`
	// Threshold is the bound, with its direction and unit.
	// +optional
	Threshold string `json:"threshold,omitempty"`
	// Requests is the number of requests to the candidate in the window.
	// +optional
	Requests int64 `json:"requests,omitempty"`
	// Window is the length of the window.
	// +optional
	Window Duration `json:"window,omitzero"`
	// EndedAt is the end of the window.
	// +optional
	EndedAt *Time `json:"endedAt,omitempty"`
	// DryRun says that the check decides nothing.
	// +optional
	DryRun bool `json:"dryRun,omitempty"`
	// Evidence against the candidate over the whole rollout, as odds: 312:1. From 1/falseRollbackRate on it is rolled back.
	// +optional
	Evidence string `json:"evidence,omitempty"`
	// UpperBound is the share of bad requests that is ruled out at this step, with the probability 1 - missRate.
	// +optional
	UpperBound string `json:"upperBound,omitempty"`
	// MustRuleOut is the share of bad requests that must be ruled out for the next weight.
	// +optional
	MustRuleOut string `json:"mustRuleOut,omitempty"`
	// Needed is the number of further good requests that this takes, 0 when it is done.
	// +optional
	Needed int64 `json:"needed,omitempty"`
	// NeededTime is how long these take at today's traffic.
	// +optional
	NeededTime *Duration `json:"neededTime,omitempty"`
}

// RetiringStatus is a version that lost its traffic.
type RetiringStatus struct {
	// Version is v1, v2, ...
	Version string `json:"version"`
	// Revision is what it runs.
	Revision string `json:"revision"`
	// Proven says that it was stable: when the target asks for it again, it gets its traffic back at once.
	// +optional
	Proven bool `json:"proven,omitempty"`
	// Image is the first container's image.
	// +optional
	Image string `json:"image,omitempty"`
	// Since is when the data plane was seen to send it nothing more; absent until then.
	// +optional
	Since *Time `json:"since,omitempty"`
	// LostAt is when it was decided that it gets no more traffic.
	// +optional
	LostAt *Time `json:"lostAt,omitempty"`
}

// Outcome is how a rollout ended.
//
// +kubebuilder:validation:Enum=Promoted;RolledBack;Superseded;Reverted
type Outcome string

// Outcomes.
const (
	OutcomePromoted   Outcome = "Promoted"
	OutcomeRolledBack Outcome = "RolledBack"
	OutcomeSuperseded Outcome = "Superseded"
	OutcomeReverted   Outcome = "Reverted"
)

// RolloutRecord is one rollout that ended.
type RolloutRecord struct {
	VersionStatus `json:",inline"`
	// Outcome is how it ended.
	Outcome Outcome `json:"outcome"`
	// Reason is one word, Message one sentence with the numbers.
	// +optional
	Reason string `json:"reason,omitempty"`
	// +optional
	Message string `json:"message,omitempty"`
	// StartedAt and EndedAt bound it.
	// +optional
	StartedAt *Time `json:"startedAt,omitempty"`
	// +optional
	EndedAt *Time `json:"endedAt,omitempty"`
	// Waited is how much of that was spent waiting for people.
	// +optional
	Waited Duration `json:"waited,omitzero"`
}
