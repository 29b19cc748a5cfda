package v1alpha1

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Condition types. Ready, Reconciling and Stalled follow kstatus.
const (
	// ConditionReady is True when what the target asks for is the stable version.
	ConditionReady = "Ready"
	// ConditionReconciling is True while Serin works towards that by itself or waits for a person.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True when nothing more happens until a person changes something.
	ConditionStalled = "Stalled"
	// ConditionPromoted is True when the newest rollout was promoted, False when it was not, Unknown while it runs.
	ConditionPromoted = "Promoted"
	// ConditionMetricsAvailable is False when TrafficMetrics cannot be read; the rollout holds.
	ConditionMetricsAvailable = "MetricsAvailable"
	// ConditionTrafficLanded is True when the data plane applies the written weights.
	ConditionTrafficLanded = "TrafficLanded"
	// ConditionAccessReady is True when TrafficTargets are treated as the spec asks.
	ConditionAccessReady = "AccessReady"
)

// Reasons are the closed vocabulary of conditions, Events, history and notifications.
const (
	// ReasonAdopted: the target's pods were taken over as the first version.
	ReasonAdopted = "Adopted"
	// ReasonInitializing: the first version is being made.
	ReasonInitializing = "Initializing"
	// ReasonNewRevision: the target asks for something new and a candidate was made.
	ReasonNewRevision = "NewRevision"
	// ReasonWaitingForPods: the candidate's endpoints are not ready yet.
	ReasonWaitingForPods = "WaitingForPods"
	// ReasonWeightRaised: the candidate gets more traffic.
	ReasonWeightRaised = "WeightRaised"
	// ReasonWeightLanded: the data plane applies the weight.
	ReasonWeightLanded = "WeightLanded"
	// ReasonLanding: the weight is written and not applied yet.
	ReasonLanding = "Landing"
	// ReasonTesting: the candidate is judged at a weight.
	ReasonTesting = "Testing"
	// ReasonCheckFailed: a window broke a bound.
	ReasonCheckFailed = "CheckFailed"
	// ReasonSuspicious: there is too much evidence against the candidate to give it more traffic, and not enough to roll back.
	ReasonSuspicious = "Suspicious"
	// ReasonBaselineDegraded: stable itself breaks a limit, so that the candidate is held to what stable does.
	ReasonBaselineDegraded = "BaselineDegraded"
	// ReasonNoTrafficReaches: far fewer requests reach the candidate than its weight says.
	ReasonNoTrafficReaches = "CanaryNotReceivingTraffic"
	// ReasonTooSlow: at today's traffic a step cannot be decided before its timeout.
	ReasonTooSlow = "StepTooSlow"
	// ReasonPromoting: the candidate gets all traffic.
	ReasonPromoting = "Promoting"
	// ReasonPromoted: the candidate became stable.
	ReasonPromoted = "Promoted"
	// ReasonAnalysisFailed: failed windows rolled the candidate back.
	ReasonAnalysisFailed = "AnalysisFailed"
	// ReasonProgressDeadline: something that must happen by itself took too long.
	ReasonProgressDeadline = "ProgressDeadlineExceeded"
	// ReasonStepTimeout: a step took longer than its timeout.
	ReasonStepTimeout = "StepTimeout"
	// ReasonAborted: a person rolled the candidate back.
	ReasonAborted = "Aborted"
	// ReasonRolledBack: the candidate has no traffic any more.
	ReasonRolledBack = "RolledBack"
	// ReasonReverted: the target asks for stable again.
	ReasonReverted = "Reverted"
	// ReasonSuperseded: the target asks for something newer than the candidate.
	ReasonSuperseded = "Superseded"
	// ReasonPaused: the rollout waits for a person.
	ReasonPaused = "Paused"
	// ReasonResumed: a person ended a pause.
	ReasonResumed = "Resumed"
	// ReasonCommandRefused: a command did not fit the state or the revision.
	ReasonCommandRefused = "CommandRefused"
	// ReasonSuspended: spec.suspend holds the rollout.
	ReasonSuspended = "Suspended"
	// ReasonFrozen: a policy freezes rollouts.
	ReasonFrozen = "Frozen"
	// ReasonWindowClosed: no window of spec.windows is open.
	ReasonWindowClosed = "WindowClosed"
	// ReasonQueued: as many rollouts run as a policy allows.
	ReasonQueued = "Queued"
	// ReasonWaitingForDependency: a Canary of spec.dependsOn does not run what its target asks for.
	ReasonWaitingForDependency = "WaitingForDependency"
	// ReasonWaitingForWebhook: a webhook has not said yes yet.
	ReasonWaitingForWebhook = "WaitingForWebhook"
	// ReasonWebhookRefused: a webhook said no and the rollout ends.
	ReasonWebhookRefused = "WebhookRefused"
	// ReasonPodsFailing: the candidate's pods cannot run.
	ReasonPodsFailing = "PodsFailing"
	// ReasonStableDown: stable has no ready endpoint, so rolling back to it would help nobody.
	ReasonStableDown = "StableDown"
	// ReasonConfigNotFound: the target refers to a ConfigMap or Secret that does not exist.
	ReasonConfigNotFound = "ConfigNotFound"
	// ReasonTargetNotFound: the target does not exist.
	ReasonTargetNotFound = "TargetNotFound"
	// ReasonTargetChanged: the first version was replaced before it served.
	ReasonTargetChanged = "TargetChanged"
	// ReasonNameTaken: an object of a name that Serin needs belongs to someone else.
	ReasonNameTaken = "NameTaken"
	// ReasonApexNotOwned: another manager owns the apex's selector.
	ReasonApexNotOwned = "ApexNotOwned"
	// ReasonTargetScaledByOther: another manager owns the target's replicas.
	ReasonTargetScaledByOther = "TargetScaledByOther"
	// ReasonProviderUnavailable: the data plane the spec names is not there.
	ReasonProviderUnavailable = "ProviderUnavailable"
	// ReasonApplyFailed: the API server refused an object that the rollout needs.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonMetricsRead: TrafficMetrics were read.
	ReasonMetricsRead = "MetricsRead"
	// ReasonMetricsUnavailable: TrafficMetrics could not be read.
	ReasonMetricsUnavailable = "MetricsUnavailable"
	// ReasonNotNeeded: nothing is measured now.
	ReasonNotNeeded = "NotNeeded"
	// ReasonLanded: the data plane applies the written weights.
	ReasonLanded = "Landed"
	// ReasonAccess: TrafficTargets are treated as the spec asks.
	ReasonAccess = "AccessMode"
	// ReasonAccessMissing: a caller of stable may ask something of it that no TrafficTarget allows for the candidate.
	ReasonAccessMissing = "AccessMissing"
	// ReasonAccessUnknown: it is not known whether the callers of stable may call the candidate.
	ReasonAccessUnknown = "AccessUnknown"
	// ReasonRestoring: the Canary is being deleted and the target made ready again.
	ReasonRestoring = "Restoring"
	// ReasonRestored: the target serves again.
	ReasonRestored = "Restored"
)

// Condition is a condition as Kubernetes has them. The aliases spare pure packages the import.
type Condition = metav1.Condition

// ConditionStatus is True, False or Unknown.
type ConditionStatus = metav1.ConditionStatus

// Statuses of a condition.
const (
	ConditionTrue    ConditionStatus = metav1.ConditionTrue
	ConditionFalse   ConditionStatus = metav1.ConditionFalse
	ConditionUnknown ConditionStatus = metav1.ConditionUnknown
)

// SetCondition records a condition. The transition time changes only when the status does.
func (s *CanaryStatus) SetCondition(c Condition, now time.Time) {
	c.LastTransitionTime = metav1.NewTime(now.UTC().Truncate(time.Second))
	i := slices.IndexFunc(s.Conditions, func(old Condition) bool { return old.Type == c.Type })
	if i < 0 {
		s.Conditions = append(s.Conditions, c)
		return
	}
	if s.Conditions[i].Status == c.Status {
		c.LastTransitionTime = s.Conditions[i].LastTransitionTime
	}
	s.Conditions[i] = c
}

// Condition returns the condition of a type, or nil.
func (s *CanaryStatus) Condition(conditionType string) *Condition {
	i := slices.IndexFunc(s.Conditions, func(c Condition) bool { return c.Type == conditionType })
	if i < 0 {
		return nil
	}
	return &s.Conditions[i]
}
