package notifier

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// Message is one transition of one rollout, told once: what, from which image to which, where, why, and how to act.
type Message struct {
	// UID is the UID of the Canary.
	UID string
	// Seq counts the announcements of the Canary, from 1.
	Seq int64
	// Rollout is the version that the transition is about, such as "v2". A service with threads has one for each.
	Rollout string
	// Reason is the transition in one word, such as "Promoted".
	Reason string
	// Revision is the revision of that version; commands are bound to it.
	Revision string
	// Namespace is the namespace of the Canary.
	Namespace string
	// Canary is the name of the Canary.
	Canary string
	// Severity says how the message looks.
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
	// Act lists what a person may want to do now; empty when there is nothing to do.
	Act []Action
	// Time is when the transition happened. Options.GiveUpAfter counts from it.
	Time time.Time
}

// Action is something that a person may want to do, and the exact command that does it.
type Action struct {
	// Label is a word or two, such as "Approve".
	Label string
	// Command is a kubectl command on one line. It is shown as it is or not at all.
	Command string
}

// Key is unique to the transition: the Canary's UID and the announcement's number. The same Key is sent once to a place.
func (m Message) Key() string { return fmt.Sprintf("%s/%d", m.UID, m.Seq) }
