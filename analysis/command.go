package analysis

import (
	"slices"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// command carries out the newest command of a person, once. It comes before all that needs an answer, so that abort wins in
// every phase.
func (p *pass) command() bool {
	c := p.seen.Command
	if c == nil || c.ID == "" || (p.next.LastCommand != nil && p.next.LastCommand.ID == c.ID) {
		return false
	}
	refused := p.refusal(*c)
	p.next.LastCommand = &v1alpha1.CommandRecord{Command: *c, At: v1alpha1.At(p.now), Refused: refused}
	if refused != "" {
		p.note(Note{Reason: v1alpha1.ReasonCommandRefused, Severity: Problem, Message: commandRefused(*c, refused)})
		return true
	}
	p.carryOut(*c)
	return true
}

// fits lists the phases in which a command can be carried out.
var fits = map[v1alpha1.Verb][]v1alpha1.Phase{
	v1alpha1.VerbAbort:       {v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting},
	v1alpha1.VerbPromote:     {v1alpha1.PhaseProgressing, v1alpha1.PhasePaused},
	v1alpha1.VerbPromoteFull: {v1alpha1.PhaseProgressing, v1alpha1.PhasePaused},
	v1alpha1.VerbApprove:     {v1alpha1.PhaseProgressing, v1alpha1.PhasePaused},
	v1alpha1.VerbPause:       {v1alpha1.PhaseProgressing},
	v1alpha1.VerbResume:      {v1alpha1.PhasePaused},
	v1alpha1.VerbRetry:       {v1alpha1.PhaseRolledBack},
}

// refusal says why a command cannot be carried out, or "".
func (p *pass) refusal(c v1alpha1.Command) string {
	subject := p.next.RolledBackRevision
	if p.next.Candidate != nil {
		subject = p.next.Candidate.Revision
	}
	phases, known := fits[c.Verb]
	switch {
	case !known:
		return unknownVerb(c.Verb)
	case c.Revision != "" && c.Revision != subject:
		return otherRevision(c.Revision, subject)
	case !slices.Contains(phases, p.next.Phase):
		return notNow(c.Verb, p.next.Phase)
	case c.Verb == v1alpha1.VerbPromote, c.Verb == v1alpha1.VerbPromoteFull:
		return p.holdsBack()
	case c.Verb == v1alpha1.VerbApprove && p.next.Step == nil:
		return notReached
	case c.Verb == v1alpha1.VerbResume && p.next.Pause.Reason == v1alpha1.PauseApproval:
		return needsApproval
	default:
		return ""
	}
}

func (p *pass) carryOut(c v1alpha1.Command) {
	why := byPerson(c)
	switch c.Verb {
	case v1alpha1.VerbAbort:
		p.rollBack(v1alpha1.ReasonAborted, why)
	case v1alpha1.VerbPause:
		p.pause(v1alpha1.PauseCommand, why)
	case v1alpha1.VerbResume:
		p.resume(why)
	case v1alpha1.VerbApprove:
		p.approve(why)
	case v1alpha1.VerbPromote:
		p.resume(why)
		if p.next.Step == nil {
			p.rise(0, why)
			return
		}
		p.next.Step.Leave = why
	case v1alpha1.VerbPromoteFull:
		p.toPromotion(why)
	case v1alpha1.VerbRetry:
		p.next.RolledBackRevision = ""
		p.enter(v1alpha1.PhaseSucceeded)
		p.note(Note{Reason: v1alpha1.ReasonResumed, Severity: Info, Message: why})
	}
}

// approve lets the rollout leave its step. Only a pause that waited for it ends with it.
func (p *pass) approve(why string) {
	p.next.Step.Approved = true
	if p.next.Phase == v1alpha1.PhasePaused && p.next.Pause.Reason == v1alpha1.PauseApproval {
		p.resume(why)
		return
	}
	p.noteRollout(Note{Reason: v1alpha1.ReasonResumed, Severity: Info, Message: why})
}

// resume ends a pause. The timeout of the step counts from here.
func (p *pass) resume(why string) {
	if p.next.Phase != v1alpha1.PhasePaused {
		return
	}
	p.next.Pause = nil
	p.enter(v1alpha1.PhaseProgressing)
	p.noteRollout(Note{Reason: v1alpha1.ReasonResumed, Severity: Info, Message: why})
}
