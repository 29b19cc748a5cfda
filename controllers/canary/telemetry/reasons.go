package telemetry

import "github.com/serin-dev/serin/api/v1alpha1"

// other stands for every value outside a closed set, so that no mistake elsewhere makes labels without bound.
const other = "Other"

// foreseen are the reasons for which rollouts end today.
var foreseen = map[v1alpha1.Outcome][]string{
	v1alpha1.OutcomePromoted: {v1alpha1.ReasonPromoted},
	v1alpha1.OutcomeRolledBack: {
		v1alpha1.ReasonAborted, v1alpha1.ReasonAnalysisFailed, v1alpha1.ReasonPodsFailing, v1alpha1.ReasonProgressDeadline,
		v1alpha1.ReasonStepTimeout, v1alpha1.ReasonWebhookRefused,
	},
	v1alpha1.OutcomeSuperseded: {v1alpha1.ReasonSuperseded},
	v1alpha1.OutcomeReverted:   {v1alpha1.ReasonReverted},
}

// reasons is the vocabulary of api/v1alpha1/conditions.go.
var reasons = map[string]bool{
	v1alpha1.ReasonAdopted: true, v1alpha1.ReasonInitializing: true, v1alpha1.ReasonNewRevision: true,
	v1alpha1.ReasonWaitingForPods: true, v1alpha1.ReasonWeightRaised: true, v1alpha1.ReasonWeightLanded: true,
	v1alpha1.ReasonLanding: true, v1alpha1.ReasonTesting: true, v1alpha1.ReasonCheckFailed: true,
	v1alpha1.ReasonPromoting: true, v1alpha1.ReasonPromoted: true, v1alpha1.ReasonAnalysisFailed: true,
	v1alpha1.ReasonProgressDeadline: true, v1alpha1.ReasonStepTimeout: true, v1alpha1.ReasonAborted: true,
	v1alpha1.ReasonRolledBack: true, v1alpha1.ReasonReverted: true, v1alpha1.ReasonSuperseded: true,
	v1alpha1.ReasonPaused: true, v1alpha1.ReasonResumed: true, v1alpha1.ReasonCommandRefused: true,
	v1alpha1.ReasonSuspended: true, v1alpha1.ReasonFrozen: true, v1alpha1.ReasonWindowClosed: true,
	v1alpha1.ReasonQueued: true, v1alpha1.ReasonWaitingForDependency: true, v1alpha1.ReasonWaitingForWebhook: true,
	v1alpha1.ReasonWebhookRefused: true, v1alpha1.ReasonPodsFailing: true, v1alpha1.ReasonStableDown: true,
	v1alpha1.ReasonConfigNotFound: true, v1alpha1.ReasonTargetNotFound: true, v1alpha1.ReasonTargetChanged: true,
	v1alpha1.ReasonNameTaken: true, v1alpha1.ReasonApexNotOwned: true, v1alpha1.ReasonTargetScaledByOther: true,
	v1alpha1.ReasonProviderUnavailable: true, v1alpha1.ReasonApplyFailed: true, v1alpha1.ReasonMetricsRead: true,
	v1alpha1.ReasonMetricsUnavailable: true, v1alpha1.ReasonNotNeeded: true, v1alpha1.ReasonLanded: true,
	v1alpha1.ReasonSuspicious: true, v1alpha1.ReasonBaselineDegraded: true, v1alpha1.ReasonNoTrafficReaches: true,
	v1alpha1.ReasonTooSlow: true, v1alpha1.ReasonAccess: true, v1alpha1.ReasonRestoring: true, v1alpha1.ReasonRestored: true,
	v1alpha1.ReasonAccessMissing: true, v1alpha1.ReasonAccessUnknown: true,
}

// reasonLabel is a reason as a label.
func reasonLabel(reason string) string {
	if reasons[reason] {
		return reason
	}
	return other
}

// outcomeLabel is an outcome as a label.
func outcomeLabel(outcome v1alpha1.Outcome) string {
	if _, ok := foreseen[outcome]; ok {
		return string(outcome)
	}
	return other
}
