package view

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/charmbracelet/x/ansi"
)

// Tree shows one Canary with all that belongs to it.
func Tree(s Snapshot, o Options) []string {
	lines := o.header(s)
	var sections []node
	for _, section := range []func(Snapshot) (node, bool){
		o.steps, o.versions, o.traffic, o.evidence, o.checks, o.gates, o.policies, o.command, o.history, o.conditions,
	} {
		if n, shown := section(s); shown {
			sections = append(sections, n)
		}
	}
	lines = append(lines, o.tree(sections, "")...)
	for _, note := range s.Notes {
		lines = append(lines, o.paragraph(cell{Faint, note})...)
	}
	return lines
}

// header names the Canary, its phase, and what it waits for.
func (o Options) header(s Snapshot) []string {
	c := s.Canary
	phase := string(c.Status.Phase)
	if phase == "" {
		phase = "not seen by the controller yet"
	} else if since := o.since(c.Status.PhaseSince); since != "" {
		phase += " for " + since
	}
	if c.DeletionTimestamp != nil {
		phase += ", being deleted"
	}
	head := o.Paint(Title, c.Name) + " in namespace " + c.Namespace + ": " + o.Paint(phaseTone(c.Status.Phase), phase)
	if c.Status.Version != "" {
		head += o.Paint(Faint, ", "+c.Status.Version)
	}
	lines := o.plainWrap(head)
	if c.Status.Message != "" {
		lines = append(lines, o.paragraph(plain(c.Status.Message))...)
	}
	for _, w := range o.waits(s) {
		lines = append(lines, o.paragraph(cell{Careful, "waits for " + w})...)
	}
	return lines
}

// paragraph is a sentence of its own, indented.
func (o Options) paragraph(c cell) []string {
	lines := o.wrapped(c, gap, o.room(""))
	for i := range lines {
		lines[i] = o.fit(lines[i])
	}
	return lines
}

// plainWrap wraps a line that is painted already.
func (o Options) plainWrap(line string) []string {
	if o.Width <= 0 || ansi.StringWidth(line) <= o.Width {
		return []string{line}
	}
	lines := strings.Split(ansi.Wrap(line, o.Width, " "), "\n")
	for i := range lines {
		lines[i] = o.fit(lines[i])
	}
	return lines
}

// command shows the newest command of a person.
func (o Options) command(s Snapshot) (node, bool) {
	last := s.Canary.Status.LastCommand
	if last == nil {
		return node{}, false
	}
	what := string(last.Verb) + " by " + who(last.By)
	if ago := o.since(last.At); ago != "" {
		what += " " + ago + " ago"
	}
	if last.Reason != "" {
		what += ": " + last.Reason
	}
	kid := row(cell{Fine, "carried out"}, plain(what))
	if last.Refused != "" {
		kid = row(cell{Wrong, "refused"}, plain(what+"; "+last.Refused))
	}
	return title("Last command").with(kid), true
}

func who(by string) string {
	if by == "" {
		return "someone"
	}
	return by
}

// shownHistory is how many rollouts of the past a tree shows.
const shownHistory = 3

// history shows the newest rollouts that ended.
func (o Options) history(s Snapshot) (node, bool) {
	past := s.Canary.Status.History
	if len(past) == 0 {
		return node{}, false
	}
	n := title("History")
	for i, r := range past {
		if i == shownHistory && o.Detail != Wide {
			break
		}
		ended := "-"
		if ago := o.since(r.EndedAt); ago != "" {
			ended = ago + " ago"
		}
		n = n.with(row(plain(r.Version), cell{outcomeTone(r.Outcome), string(r.Outcome)}, faint(ended), faint(Short(r.Revision)),
			plain(orDash(r.Message))))
	}
	return n, true
}

// conditions shows those that are not as they should be.
func (o Options) conditions(s Snapshot) (node, bool) {
	status := &s.Canary.Status
	n := title("Conditions that are not as they should be")
	if status.Phase != "" && status.ObservedGeneration < s.Canary.Generation {
		n = n.with(row(cell{Careful, "status is old"}, faint(""),
			plain(fmt.Sprintf("it answers generation %d of the spec, which is at %d", status.ObservedGeneration, s.Canary.Generation))))
	}
	for _, c := range status.Conditions {
		if !amiss(c, status) {
			continue
		}
		message := c.Message
		if message == status.Message {
			message = "as said above"
		}
		n = n.with(row(cell{Careful, c.Type + "=" + string(c.Status)}, faint(c.Reason), plain(message)))
	}
	return n, len(n.kids) > 0
}

// amiss says whether a condition is worth a look. That Ready is False while something is being done
// about it is as it should be.
func amiss(c v1alpha1.Condition, status *v1alpha1.CanaryStatus) bool {
	switch c.Type {
	case v1alpha1.ConditionReady:
		busy := status.Condition(v1alpha1.ConditionReconciling)
		return c.Status != v1alpha1.ConditionTrue && (busy == nil || busy.Status != v1alpha1.ConditionTrue)
	case v1alpha1.ConditionStalled:
		return c.Status == v1alpha1.ConditionTrue
	case v1alpha1.ConditionTrafficLanded:
		return c.Status == v1alpha1.ConditionFalse && (status.Step == nil || status.Step.LandedAt != nil)
	case v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionAccessReady:
		return c.Status == v1alpha1.ConditionFalse
	default:
		return false
	}
}

// Sentence is a line of its own, in as many lines as it needs.
func Sentence(tone Tone, text string, o Options) []string {
	lines := o.wrapped(cell{tone, text}, "", o.room(""))
	for i := range lines {
		lines[i] = o.fit(lines[i])
	}
	return lines
}

// Line says in one line where a Canary stands.
func Line(s Snapshot) string {
	status := &s.Canary.Status
	parts := []string{orDash(string(status.Phase))}
	if status.Candidate != nil {
		parts = append(parts, status.Version)
	}
	if status.Step != nil && status.Candidate != nil {
		parts = append(parts, "step "+status.Step.Position)
	}
	if status.Candidate != nil {
		parts = append(parts, fmt.Sprintf("%d%%", status.Candidate.Weight))
	}
	return oneLine(strings.Join(parts, " ") + ": " + status.Message)
}
