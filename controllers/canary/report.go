package canary

import (
	"errors"
	"fmt"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/notifier"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// report tells people, after the status was written: every note as an Event, every transition to the notifications.
func (r *Reconciler) report(canary *v1alpha1.Canary, notes []analysis.Note) {
	for _, note := range notes {
		kind := corev1.EventTypeNormal
		if note.Severity == analysis.Problem {
			kind = corev1.EventTypeWarning
		}
		r.Events.Eventf(canary, nil, kind, note.Reason, "Rollout", "%s", eventText(note.Message))
		if !note.Transition {
			continue
		}
		for _, n := range canary.Spec.Notifications {
			if n.Slack != nil {
				r.Notifications.Enqueue(destination(canary, *n.Slack), r.message(canary, note))
			}
		}
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

func destination(canary *v1alpha1.Canary, slack v1alpha1.SlackNotification) notifier.Destination {
	return notifier.Destination{Namespace: canary.Namespace, SecretName: slack.SecretRef.Name, Channel: slack.Channel}
}

func (r *Reconciler) message(canary *v1alpha1.Canary, note analysis.Note) notifier.Message {
	now := r.Now()
	since := ptr.Deref(canary.Status.PhaseSince, *v1alpha1.At(now))
	return notifier.Message{
		Key:       fmt.Sprintf("%s/%s/%s/%d", canary.UID, note.Rollout, note.Reason, since.UnixMicro()),
		Namespace: canary.Namespace,
		Canary:    canary.Name,
		Severity:  note.Severity,
		Title:     title(canary, note),
		FromImage: note.From,
		ToImage:   note.To,
		Step:      note.Step,
		Weight:    note.Weight,
		Why:       note.Message,
		Act:       act(canary, note),
		Time:      now,
	}
}

// titles say in a few words what happened to a rollout.
var titles = map[string]string{
	v1alpha1.ReasonAdopted:          "serves",
	v1alpha1.ReasonNewRevision:      "is being tested",
	v1alpha1.ReasonPromoted:         "was promoted",
	v1alpha1.ReasonPaused:           "is paused",
	v1alpha1.ReasonReverted:         "was taken back",
	v1alpha1.ReasonSuperseded:       "was replaced by a newer one",
	v1alpha1.ReasonAnalysisFailed:   "was rolled back",
	v1alpha1.ReasonProgressDeadline: "was rolled back",
	v1alpha1.ReasonStepTimeout:      "was rolled back",
	v1alpha1.ReasonAborted:          "was aborted",
}

func title(canary *v1alpha1.Canary, note analysis.Note) string {
	what, ok := titles[note.Reason]
	if !ok {
		what = note.Reason
	}
	return fmt.Sprintf("%s %s %s", canary.Name, note.Rollout, what)
}

// act lists the commands that a person may want now.
func act(canary *v1alpha1.Canary, note analysis.Note) []string {
	look := fmt.Sprintf("kubectl describe canary %s -n %s", canary.Name, canary.Namespace)
	say := func(verb v1alpha1.Verb) string {
		//nolint:gocritic // sprintfQuotedString: the quotes are JSON's inside the shell's
		return fmt.Sprintf(`kubectl annotate canary %s -n %s --overwrite serin.dev/command='{"id":"'$(date +%%s)'","verb":"%s","by":"'$USER'"}'`,
			canary.Name, canary.Namespace, verb)
	}
	switch {
	case note.Reason == v1alpha1.ReasonNewRevision:
		return []string{look, say(v1alpha1.VerbAbort)}
	case note.Reason == v1alpha1.ReasonPaused:
		return []string{look, say(v1alpha1.VerbApprove), say(v1alpha1.VerbResume), say(v1alpha1.VerbAbort)}
	case note.Severity == analysis.Problem:
		return []string{look, say(v1alpha1.VerbRetry)}
	default:
		return []string{look}
	}
}
