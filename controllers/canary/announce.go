package canary

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/notifier"
)

// place is a service that is told, and what of.
type place struct {
	dest notifier.Destination
	sink analysis.Sink
}

// places are the services of the Canary and of the policies that hold for it, each once.
func (r *Reconciler) places(canary *v1alpha1.Canary, policies []policy) []place {
	var all []place
	add := func(namespace string, notifications []v1alpha1.Notification) {
		for _, n := range notifications {
			dest, ok := destination(namespace, n)
			known := slices.ContainsFunc(all, func(p place) bool { return p.sink.ID == dest.ID() })
			if ok && !known {
				all = append(all, place{dest, analysis.Sink{ID: dest.ID(), Events: n.Events, MinSeverity: n.MinSeverity}})
			}
		}
	}
	add(canary.Namespace, canary.Spec.Notifications)
	for _, p := range policies {
		add(cmp.Or(p.namespace, r.Namespace), p.spec.Notifications)
	}
	return all
}

// destination is where a notification goes; false for one that names no service.
func destination(namespace string, n v1alpha1.Notification) (notifier.Destination, bool) {
	to := func(service notifier.Service, address *v1alpha1.AddressNotification) (notifier.Destination, bool) {
		return notifier.Destination{Service: service, Namespace: namespace, SecretName: address.SecretRef.Name}, true
	}
	switch {
	case n.Slack != nil:
		return notifier.Destination{
			Service: notifier.Slack, Namespace: namespace, SecretName: n.Slack.SecretRef.Name, Channel: n.Slack.Channel,
		}, true
	case n.Teams != nil:
		return to(notifier.Teams, n.Teams)
	case n.Discord != nil:
		return to(notifier.Discord, n.Discord)
	case n.GoogleChat != nil:
		return to(notifier.GoogleChat, n.GoogleChat)
	case n.Webhook != nil:
		return to(notifier.Webhook, n.Webhook)
	default:
		return notifier.Destination{}, false
	}
}

// post hands over what the status says was not delivered yet. What was handed over before is ignored by the outbox.
func (r *Reconciler) post(canary *v1alpha1.Canary, places []place) {
	for _, p := range places {
		i := slices.IndexFunc(canary.Status.Deliveries, func(d v1alpha1.DeliveryStatus) bool { return d.Sink == p.sink.ID })
		if i < 0 {
			continue
		}
		delivered := canary.Status.Deliveries[i]
		for _, a := range canary.Status.Announcements {
			if a.Seq <= delivered.Seq || !p.sink.Wants(a) {
				continue
			}
			letter := notifier.Letter{Dest: p.dest, Message: message(canary, a), Restored: a.At == nil || a.At.Time.Before(r.started)}
			if delivered.Rollout == a.Rollout {
				letter.Thread = delivered.Thread
			}
			r.Outbox.Enqueue(letter)
		}
	}
}

func message(canary *v1alpha1.Canary, a v1alpha1.Announcement) notifier.Message {
	m := notifier.Message{
		UID: string(canary.UID), Seq: a.Seq, Rollout: a.Rollout, Reason: a.Reason, Revision: a.Revision,
		Namespace: canary.Namespace, Canary: canary.Name, Severity: a.Severity, Title: title(canary, a),
		FromImage: a.From, ToImage: a.To, Step: a.Step, Weight: a.Weight, Why: a.Message, Act: act(canary, a),
	}
	if a.At != nil {
		m.Time = a.At.Time
	}
	return m
}

// titles say in a few words what happened to a rollout.
var titles = map[string]string{
	v1alpha1.ReasonAdopted:           "serves",
	v1alpha1.ReasonNewRevision:       "is being tested",
	v1alpha1.ReasonPromoted:          "was promoted",
	v1alpha1.ReasonPaused:            "is paused",
	v1alpha1.ReasonWaitingForWebhook: "waits for a webhook",
	v1alpha1.ReasonReverted:          "was taken back",
	v1alpha1.ReasonSuperseded:        "was replaced by a newer one",
	v1alpha1.ReasonAnalysisFailed:    "was rolled back",
	v1alpha1.ReasonProgressDeadline:  "was rolled back",
	v1alpha1.ReasonStepTimeout:       "was rolled back",
	v1alpha1.ReasonPodsFailing:       "was rolled back",
	v1alpha1.ReasonWebhookRefused:    "was rolled back",
	v1alpha1.ReasonAborted:           "was aborted",
	v1alpha1.ReasonTooSlow:           "cannot be decided in time",
}

func title(canary *v1alpha1.Canary, a v1alpha1.Announcement) string {
	what, ok := titles[a.Reason]
	if !ok {
		what = a.Reason
	}
	return fmt.Sprintf("%s %s %s", canary.Name, a.Rollout, what)
}

// act lists the commands that a person may want now. Those that change something are bound to the revision.
func act(canary *v1alpha1.Canary, a v1alpha1.Announcement) []notifier.Action {
	say := func(label string, words ...string) notifier.Action {
		words = append([]string{"kubectl canary"}, words...)
		return notifier.Action{Label: label, Command: strings.Join(words, " ") + " " + canary.Name + " -n " + canary.Namespace}
	}
	do := func(label, verb string) notifier.Action {
		action := say(label, verb)
		if a.Revision != "" {
			action.Command += " --revision " + a.Revision
		}
		return action
	}
	actions := []notifier.Action{say("Look", "get")}
	switch {
	case a.Reason == v1alpha1.ReasonNewRevision:
		actions = append(actions, say("Watch", "watch"), do("Abort", "abort"))
	case a.Reason == v1alpha1.ReasonPaused && canary.Status.Pause != nil && canary.Status.Pause.Reason == v1alpha1.PauseApproval:
		actions = append(actions, do("Approve", "approve"), do("Abort", "abort"))
	case a.Reason == v1alpha1.ReasonPaused:
		actions = append(actions, do("Resume", "resume"), do("Promote", "promote"), do("Abort", "abort"))
	case a.Reason == v1alpha1.ReasonTooSlow:
		actions = append(actions, do("Promote", "promote"), do("Abort", "abort"))
	case a.Reason == v1alpha1.ReasonWaitingForWebhook:
		actions = append(actions, do("Abort", "abort"))
	case a.Severity == v1alpha1.SeverityProblem:
		actions = append(actions, do("Retry", "retry"), say("History", "history"))
	}
	return actions
}
