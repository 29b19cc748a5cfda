package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// askAgain is how long after a no a webhook is asked again.
const askAgain = 10 * time.Second

// maxGates bounds the questions that status keeps: more than a rollout through 50 steps with a webhook each asks at once.
const maxGates = 100

// decides lists the points whose webhooks can hold a rollout. Those of the others are only told.
var decides = map[v1alpha1.WebhookPoint]bool{
	v1alpha1.BeforeRollout: true, v1alpha1.BeforeStep: true, v1alpha1.BeforePromotion: true,
	v1alpha1.OnRollback: false, v1alpha1.AfterRollout: false,
}

// gateID identifies a question. A step is known by its weight, so that an edit of the steps asks anew.
func gateID(version string, when v1alpha1.WebhookPoint, weight int32, name string) string {
	if when == v1alpha1.BeforeStep {
		return fmt.Sprintf("%s/%s/%d/%s", version, when, weight, name)
	}
	return fmt.Sprintf("%s/%s/%s", version, when, name)
}

// ask puts the questions of a point to its webhooks, and says whether one of them is new. A version that returns is asked
// about by nobody, only told of.
func (p *pass) ask(when v1alpha1.WebhookPoint, weight int32) bool {
	if p.next.Candidate.Returning && decides[when] {
		return false
	}
	asked := false
	for _, w := range p.spec.Webhooks {
		id := gateID(p.next.Candidate.Version, when, weight, w.Name)
		if w.When != when || p.gate(id) != nil || len(p.next.Gates) >= maxGates {
			continue
		}
		p.next.Gates = append(p.next.Gates, v1alpha1.GateStatus{
			ID: id, Webhook: w.Name, When: when, State: v1alpha1.GateAsked, Since: v1alpha1.At(p.now),
		})
		asked = true
	}
	return asked
}

// closed is the first question of a point that was not answered with yes, nil if all were.
func (p *pass) closed(when v1alpha1.WebhookPoint, weight int32) *v1alpha1.GateStatus {
	if p.next.Candidate.Returning {
		return nil
	}
	for _, w := range p.spec.Webhooks {
		if w.When != when {
			continue
		}
		id := gateID(p.next.Candidate.Version, when, weight, w.Name)
		if g := p.gate(id); g == nil || g.State != v1alpha1.GateOpen {
			if g == nil {
				g = &v1alpha1.GateStatus{ID: id, Webhook: w.Name, When: when, State: v1alpha1.GateAsked}
			}
			return g
		}
	}
	return nil
}

func (p *pass) gate(id string) *v1alpha1.GateStatus {
	i := slices.IndexFunc(p.next.Gates, func(g v1alpha1.GateStatus) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return &p.next.Gates[i]
}

// webhook is whom a question is put to, nil if the spec names it no more.
func (p *pass) webhook(g v1alpha1.GateStatus) *v1alpha1.Webhook {
	i := slices.IndexFunc(p.spec.Webhooks, func(w v1alpha1.Webhook) bool { return w.Name == g.Webhook && w.When == g.When })
	if i < 0 {
		return nil
	}
	return &p.spec.Webhooks[i]
}

// hear takes the answers that came, each once.
func (p *pass) hear() bool {
	heard := false
	for _, a := range p.seen.Answers {
		g := p.gate(a.ID)
		if g == nil || g.Asked != a.Ask || (g.State != v1alpha1.GateAsked && g.State != v1alpha1.GateRefused) {
			continue
		}
		heard = true
		g.Asked++
		g.Answer, g.AnsweredAt = a.Text, v1alpha1.At(p.now)
		switch {
		case a.Yes:
			g.State = v1alpha1.GateOpen
		case !decides[g.When]:
			g.State = v1alpha1.GateFailed
		default:
			p.refused(*g)
		}
	}
	return heard
}

// refused deals with a no: the rollout ends, or waits. People are told of the first no only.
func (p *pass) refused(g v1alpha1.GateStatus) {
	w := p.webhook(g)
	if w == nil || p.next.Candidate == nil {
		return
	}
	if w.OnRefusal == v1alpha1.RefusalRollBack {
		p.rollBack(v1alpha1.ReasonWebhookRefused, waitsForWebhook(g))
		return
	}
	p.gate(g.ID).State = v1alpha1.GateRefused
	if g.Asked == 1 {
		p.noteRollout(Note{
			Reason: v1alpha1.ReasonWaitingForWebhook, Severity: Info, Transition: true, Message: waitsForWebhook(g),
		})
	}
}

// overdue is a question that holds the rollout and has been open for longer than its deadline, nil if there is none. A pause
// is a person's, and no webhook ends it.
func (p *pass) overdue() *v1alpha1.GateStatus {
	if p.next.Phase == v1alpha1.PhasePaused {
		return nil
	}
	for _, g := range p.waitingGates() {
		if p.since(p.gateBegan(g)) > p.webhook(g).Deadline.Of() {
			return &g
		}
	}
	return nil
}

// gateBegan is when the clock of a question's deadline began: when it was asked, or when a pause ended after that.
func (p *pass) gateBegan(g v1alpha1.GateStatus) *v1alpha1.Time {
	if ahead(p.next.PhaseSince, g.Since) {
		return p.next.PhaseSince
	}
	return g.Since
}

// pending says whether an answer is awaited. A question about a step that was edited away or left for the promotion, or about
// another version, is not.
func (p *pass) pending(g v1alpha1.GateStatus) bool {
	c := p.next.Candidate
	switch {
	case g.State != v1alpha1.GateAsked && g.State != v1alpha1.GateRefused:
		return false
	case !decides[g.When]:
		return true
	case c == nil, g.When == v1alpha1.BeforeStep && p.next.Phase == v1alpha1.PhasePromoting:
		return false
	}
	weight := int32(100)
	if i := p.nextIndex(); i < len(p.spec.Steps) {
		weight = p.spec.Steps[i].Weight
	}
	return g.ID == gateID(c.Version, g.When, weight, g.Webhook)
}

// waitingGates are the questions that hold the candidate now.
func (p *pass) waitingGates() []v1alpha1.GateStatus {
	var waiting []v1alpha1.GateStatus
	for _, g := range p.next.Gates {
		if decides[g.When] && p.webhook(g) != nil && p.pending(g) {
			waiting = append(waiting, g)
		}
	}
	return waiting
}

// waitingGate is the first question that holds the candidate now, nil if none does.
func (p *pass) waitingGate() *v1alpha1.GateStatus {
	if waiting := p.waitingGates(); len(waiting) > 0 {
		return &waiting[0]
	}
	return nil
}

// forgetGates drops the questions of a rollout that has ended or begins; those that are only told stay until they were.
func (p *pass) forgetGates() {
	p.next.Gates = slices.DeleteFunc(p.next.Gates, func(g v1alpha1.GateStatus) bool {
		return decides[g.When] || g.State != v1alpha1.GateAsked
	})
}

// calls are the questions whose answers are awaited.
func (p *pass) calls() []Call {
	var calls []Call
	for _, g := range p.next.Gates {
		w := p.webhook(g)
		if w == nil || !p.pending(g) {
			continue
		}
		call := Call{ID: g.ID, Ask: g.Asked, Webhook: *w, Subject: p.subject(g)}
		if g.AnsweredAt != nil {
			call.Wait = max(askAgain-p.since(g.AnsweredAt), 0)
		}
		calls = append(calls, call)
	}
	return calls
}

// subject is what a webhook is told: the rollout of now, or the one of the history that the question is about.
func (p *pass) subject(g v1alpha1.GateStatus) Subject {
	version, rest, _ := strings.Cut(g.ID, "/")
	s := Subject{Version: version, Phase: p.next.Phase, Stable: *p.next.Stable}
	if c := p.next.Candidate; c != nil && c.Version == version {
		s.Revision, s.Image, s.Weight, s.NextWeight = c.Revision, c.Image, c.Weight, c.Weight
		switch g.When {
		case v1alpha1.BeforeStep:
			_, _ = fmt.Sscanf(rest, string(v1alpha1.BeforeStep)+"/%d/", &s.NextWeight)
		case v1alpha1.BeforePromotion:
			s.NextWeight = 100
		case v1alpha1.BeforeRollout, v1alpha1.OnRollback, v1alpha1.AfterRollout:
		}
	}
	for _, r := range p.next.History {
		if r.Version == version && !decides[g.When] {
			s.Revision, s.Image, s.Reason, s.Message = r.Revision, r.Image, r.Reason, r.Message
			break
		}
	}
	return s
}
