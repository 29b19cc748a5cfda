package v1alpha1

// Verb is what a person can tell a rollout to do. The API server accepts any, because a refused one is recorded as it was said.
type Verb string

// Verbs.
const (
	// VerbPromote leaves the current step now, without waiting for its dwell or for evidence.
	VerbPromote Verb = "promote"
	// VerbPromoteFull goes to all traffic now.
	VerbPromoteFull Verb = "promote-full"
	// VerbAbort rolls back. It wins in every phase.
	VerbAbort Verb = "abort"
	// VerbPause keeps the weight as it is.
	VerbPause Verb = "pause"
	// VerbResume ends a pause.
	VerbResume Verb = "resume"
	// VerbRetry tries a revision again that was rolled back.
	VerbRetry Verb = "retry"
	// VerbApprove lets the rollout leave a step that requires approval.
	VerbApprove Verb = "approve"
)

// Command is what a person asks for, once, of one revision. It travels as JSON in the annotation serin.dev/command.
type Command struct {
	// ID makes the command one-shot: the same ID is carried out once.
	ID string `json:"id"`
	// Verb is what to do.
	Verb Verb `json:"verb"`
	// Revision is the revision it is about; for another one the command is refused. Empty means the one under test.
	// +optional
	Revision string `json:"revision,omitempty"`
	// By is who asked.
	// +optional
	By string `json:"by,omitempty"`
	// Reason is why.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// CommandRecord is a command and what became of it.
type CommandRecord struct {
	Command `json:",inline"`
	// At is when it was carried out or refused.
	// +optional
	At *Time `json:"at,omitempty"`
	// Refused says why it was not carried out; empty when it was.
	// +optional
	Refused string `json:"refused,omitempty"`
}
