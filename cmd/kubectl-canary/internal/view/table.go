package view

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/charmbracelet/x/ansi"
)

// columnGap is what kubectl puts between columns.
const columnGap = "   "

// table aligns rows of which the first is the head. A table that is wider than the screen first loses the end of its elastic
// column, then of whichever is the widest, but never a heading.
func (o Options) table(rows [][]cell, elastic string) []string {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for k, c := range r {
			widths[k] = max(widths[k], ansi.StringWidth(oneLine(c.text)))
		}
	}
	if o.Width > 0 {
		shrink(widths, rows[0], o.Width, elastic)
	}
	lines := make([]string, 0, len(rows))
	for _, r := range rows {
		var line strings.Builder
		for k, c := range r {
			text := oneLine(c.text)
			if o.Width > 0 {
				text = ansi.Truncate(text, widths[k], "…")
			}
			line.WriteString(o.Paint(c.tone, text))
			if k < len(r)-1 {
				line.WriteString(strings.Repeat(" ", widths[k]-ansi.StringWidth(text)) + columnGap)
			}
		}
		lines = append(lines, o.fit(line.String()))
	}
	return lines
}

// shrink takes columns away until the table fits.
func shrink(widths []int, head []cell, room int, elastic string) {
	over := len(columnGap)*(len(widths)-1) - room
	for _, w := range widths {
		over += w
	}
	for ; over > 0; over-- {
		k := next(widths, head, elastic)
		if k < 0 {
			return
		}
		widths[k]--
	}
}

// next is the column to take from, -1 if none has anything to give.
func next(widths []int, head []cell, elastic string) int {
	widest := -1
	for k, w := range widths {
		switch {
		case w <= len(head[k].text):
		case head[k].text == elastic:
			return k
		case widest < 0 || w >= widths[widest]:
			widest = k
		}
	}
	return widest
}

// Scope says which namespaces a list is of.
type Scope int

// Scopes.
const (
	OneNamespace Scope = iota
	AllNamespaces
)

// List is a table of Canaries.
func List(canaries []v1alpha1.Canary, scope Scope, o Options) []string {
	head := []string{"NAME", "PHASE", "STEP", "WEIGHT", "SUCCESS", "P99", "VERSION", "AGE", "MESSAGE"}
	if scope == AllNamespaces {
		head = append([]string{"NAMESPACE"}, head...)
	}
	if o.Detail == Wide {
		head = append(head, "REVISION", "IMAGE")
		o.Width = 0
	}
	rows := [][]cell{headings(head)}
	for i := range canaries {
		rows = append(rows, o.listed(&canaries[i], scope))
	}
	lines := o.table(rows, "MESSAGE")
	if o.Width > 0 && len(canaries) > 0 && ansi.StringWidth(strings.TrimSuffix(lines[0], "MESSAGE")) > o.Width-leastMessage {
		return o.messagesBelow(rows)
	}
	return lines
}

// leastMessage is the least number of columns in which messages are worth a column.
const leastMessage = 30

// messagesBelow writes each message under its row, for a screen that is too narrow for a column of them.
func (o Options) messagesBelow(rows [][]cell) []string {
	var messages []string
	for i, r := range rows {
		messages = append(messages, r[len(r)-1].text)
		rows[i] = r[:len(r)-1]
	}
	var lines []string
	for i, line := range o.table(rows, "NAME") {
		lines = append(lines, line)
		if i > 0 && messages[i] != "-" {
			lines = append(lines, o.paragraph(faint(messages[i]))...)
		}
	}
	return lines
}

func headings(names []string) []cell {
	cells := make([]cell, 0, len(names))
	for _, name := range names {
		cells = append(cells, plain(name))
	}
	return cells
}

func (o Options) listed(c *v1alpha1.Canary, scope Scope) []cell {
	s := &c.Status
	var cells []cell
	if scope == AllNamespaces {
		cells = append(cells, plain(c.Namespace))
	}
	step, weight := "", ""
	if s.Step != nil {
		step = s.Step.Position
	}
	if s.Candidate != nil {
		weight = fmt.Sprintf("%d", s.Candidate.Weight)
	}
	age := "-"
	if !c.CreationTimestamp.IsZero() {
		age = whole(o.Now.Sub(c.CreationTimestamp.Time))
	}
	success, p99 := check(s, v1alpha1.CheckSuccessRate), check(s, v1alpha1.CheckLatencyP99)
	cells = append(cells, plain(c.Name), cell{phaseTone(s.Phase), orDash(string(s.Phase))}, plain(orDash(step)), plain(orDash(weight)),
		success, p99, plain(orDash(s.Version)), plain(age), plain(orDash(s.Message)))
	if o.Detail == Wide {
		v := v1alpha1.VersionStatus{}
		switch {
		case s.Candidate != nil:
			v = s.Candidate.VersionStatus
		case s.Stable != nil:
			v = *s.Stable
		}
		cells = append(cells, plain(orDash(Short(v.Revision))), plain(orDash(v.Image)))
	}
	return cells
}

// check is the value of a check in its colour.
func check(s *v1alpha1.CanaryStatus, name string) cell {
	for _, c := range s.Checks {
		if c.Name == name {
			return cell{verdictTone(c.Verdict), orDash(c.Value)}
		}
	}
	return plain("-")
}

// History is a table of the rollouts that ended, the newest first.
func History(records []v1alpha1.RolloutRecord, o Options) []string {
	head := []string{"VERSION", "REVISION", "IMAGE", "OUTCOME", "REASON", "STARTED", "TOOK", "WAITED-FOR-PEOPLE"}
	if o.Detail == Wide {
		head = append(head, "MESSAGE")
		o.Width = 0
	}
	rows := [][]cell{headings(head)}
	for _, r := range records {
		started, took := "-", "-"
		if r.StartedAt != nil {
			started = r.StartedAt.UTC().Format("2006-01-02 15:04:05")
			if r.EndedAt != nil {
				took = whole(r.EndedAt.Sub(r.StartedAt.Time))
			}
		}
		revision := Short(r.Revision)
		if o.Detail == Wide {
			revision = r.Revision
		}
		cells := []cell{plain(r.Version), plain(orDash(revision)), plain(orDash(r.Image)), {outcomeTone(r.Outcome), string(r.Outcome)},
			plain(orDash(r.Reason)), plain(started), plain(took), plain(whole(r.Waited.Of()))}
		if o.Detail == Wide {
			cells = append(cells, plain(orDash(r.Message)))
		}
		rows = append(rows, cells)
	}
	return o.table(rows, "IMAGE")
}
