package notifier

import (
	"time"

	"github.com/serin-dev/serin/analysis"
)

// rank orders severities by how much they matter. A full outbox drops the least first.
func rank(s analysis.Severity) int {
	switch s {
	case analysis.Info:
		return 0
	case analysis.Good:
		return 1
	case analysis.Problem:
		return 2
	}
	return 0
}

// Message is one transition of one rollout, told once: what, from which image to which, where, why, and how to act.
type Message struct {
	// Key is unique to the transition: the Canary's UID, the rollout and the reason. The same Key is sent once to a place.
	Key string
	// Namespace is the namespace of the Canary.
	Namespace string
	// Canary is the name of the Canary.
	Canary string
	// Severity says how the message looks and how much it matters: a full outbox drops the oldest Info first.
	Severity analysis.Severity
	// Title is the transition in a few words, such as "foobar v2 was rolled back".
	Title string
	// FromImage is the image of the stable version; empty when there is none yet.
	FromImage string
	// ToImage is the image of the candidate; empty when the message is about no candidate.
	ToImage string
	// Step is the rung, such as "2/4"; empty outside a rollout.
	Step string
	// Weight is the percentage of requests the candidate gets after the transition, 0-100; shown when Step is set.
	Weight int32
	// Why is the reason as one or more sentences with their arithmetic.
	Why string
	// Act lists the exact kubectl commands a person may want now; empty when there is nothing to do.
	Act []string
	// Time is when the transition happened.
	Time time.Time
}

// Destination is a place that messages go to: a Slack channel, and the Secret that opens it.
type Destination struct {
	// Namespace is the namespace of the Secret, which is that of the Canary.
	Namespace string
	// SecretName names the Secret; its key "address" holds an incoming webhook's URL, or "token" a bot token.
	SecretName string
	// Channel is the channel's name or id. A bot token needs it; an incoming webhook has its own channel and ignores it.
	Channel string
}

// service is the destination's kind, as the metrics name it.
func (Destination) service() string { return serviceSlack }
