package verdict

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Exit codes of the commands that follow a rollout.
const (
	// Reached: what was waited for is there; for watch: the rollout was promoted.
	Reached = 0
	// Otherwise: the rollout ended in another way; for watch: it was rolled back.
	Otherwise = 1
	// Neither is watch's code for a rollout that was superseded, reverted or deleted.
	Neither = 2
	// Unknown: it could not be found out, because of a wrong argument or an answer of the API server.
	Unknown = 3
	// TimedOut: the time was over first.
	TimedOut = 124
	// Interrupted: a person stopped waiting.
	Interrupted = 130
)

// Result is the end of a wait.
type Result struct {
	// Done says that the wait is over; Code and Sentence are empty until then.
	Done bool
	// Code is the exit code.
	Code int
	// Sentence is for a person.
	Sentence string
	// Missing says in a sentence what is still waited for, while it is.
	Missing string
	// Again is how long until time alone can change the result; 0 means that it cannot.
	Again time.Duration
}

func done(code int, format string, args ...any) Result {
	return Result{Done: true, Code: code, Sentence: fmt.Sprintf(format, args...)}
}

func missing(format string, args ...any) Result { return Result{Missing: fmt.Sprintf(format, args...)} }

// name is a Canary as kubectl names objects.
func name(c *v1alpha1.Canary) string { return "canary.serin.dev/" + c.Name }

// told is how a rollout ended, in a sentence.
func told(c *v1alpha1.Canary, r v1alpha1.RolloutRecord) string {
	sentence := fmt.Sprintf("%s: %s (%s) was %s", name(c), r.Version, r.Image, words()[r.Outcome])
	if r.Message != "" {
		sentence += ": " + r.Message
	}
	return sentence
}

// words say how a rollout ended.
func words() map[v1alpha1.Outcome]string {
	return map[v1alpha1.Outcome]string{
		v1alpha1.OutcomePromoted: "promoted", v1alpha1.OutcomeRolledBack: "rolled back",
		v1alpha1.OutcomeSuperseded: "superseded", v1alpha1.OutcomeReverted: "reverted",
	}
}
