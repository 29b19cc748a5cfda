package canary

import (
	"errors"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"

	corev1 "k8s.io/api/core/v1"
)

// report records every note as an Event, after the status was written.
func (r *Reconciler) report(canary *v1alpha1.Canary, notes []analysis.Note) {
	for _, note := range notes {
		if note.Minor {
			continue
		}
		kind := corev1.EventTypeNormal
		if note.Severity == analysis.Problem {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(canary, nil, kind, note.Reason, "Rollout", "%s", eventText(note.Message))
	}
}

// eventText cuts a sentence to what an Event can hold.
func eventText(message string) string {
	const most = 1024
	if len(message) <= most {
		return message
	}
	return message[:most-3] + "..."
}

// reportFailure tells of a write that the API server refused. Only what a person can mend is told.
func (r *Reconciler) reportFailure(canary *v1alpha1.Canary, err error) {
	if owned := (*notOwnedError)(nil); errors.As(err, &owned) {
		r.Events.Eventf(canary, nil, corev1.EventTypeWarning, v1alpha1.ReasonNameTaken, "Rollout", "%s", eventText(owned.Error()))
		return
	}
	r.Events.Eventf(canary, nil, corev1.EventTypeWarning, v1alpha1.ReasonApplyFailed, "Rollout", "%s", eventText(err.Error()))
}
