package notifier

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/serin-dev/serin/analysis"
)

// What every service's message is made of: the same facts, colours and commands in the same order. How a text is escaped
// and how long it may be differs, and stands beside each service.

// timeFormat is how a message tells its time, always in UTC.
const timeFormat = "2006-01-02 15:04:05 UTC"

// mostActions is how many commands a message shows.
const mostActions = 8

// The colours of the severities.
const (
	colourGood    = 0x2eb67d
	colourProblem = 0xe01e5a
	colourInfo    = 0x36c5f0
)

// colour is the colour of a severity, as RGB.
func colour(s analysis.Severity) int {
	switch s {
	case analysis.Good:
		return colourGood
	case analysis.Problem:
		return colourProblem
	case analysis.Info:
	}
	return colourInfo
}

// hex writes a colour as the web does.
func hex(colour int) string { return fmt.Sprintf("#%06x", colour) }

// headline names the Canary and says what happened to it.
func headline(m Message) string { return m.place() + ": " + m.Title }

// place names the Canary.
func (m Message) place() string { return m.Namespace + "/" + m.Canary }

// fact is one thing to know about a message.
type fact struct{ name, value string }

// factsOf lists the facts of a message in their fixed order; facts that are absent are left out.
func factsOf(m Message) []fact {
	facts := []fact{{"Canary", m.place()}}
	return append(facts, factsOfRollout(m)...)
}

// factsOfRollout are the facts without those of the Canary.
func factsOfRollout(m Message) []fact {
	var facts []fact
	for _, f := range []fact{{"Step", stepOf(m)}, {"From", m.FromImage}, {"To", m.ToImage}} {
		if f.value != "" {
			facts = append(facts, f)
		}
	}
	return facts
}

// stepOf says the rung and the weight, such as "2/4 at 25%".
func stepOf(m Message) string {
	if m.Step == "" {
		return ""
	}
	return fmt.Sprintf("%s at %d%%", m.Step, m.Weight)
}

// actionsOf are the commands that can be shown as they are, each at most so many characters long; a cut or a changed
// command could do harm, so any other is left out.
func actionsOf(m Message, longest int) []Action {
	var shown []Action
	for _, action := range m.Act {
		whole := action.Command != "" && units(action.Command) <= longest &&
			!strings.ContainsAny(action.Command, "\r\n") && !strings.Contains(action.Command, "```")
		if whole && len(shown) < mostActions {
			shown = append(shown, action)
		}
	}
	return shown
}

// fit builds a body of at most so many bytes as JSON, by leaving out commands from the last one on.
func fit[T any](m Message, most int, build func(Message) T) T {
	for {
		body := build(m)
		raw, err := json.Marshal(body)
		if err != nil || len(raw) <= most || len(m.Act) == 0 {
			return body
		}
		m.Act = m.Act[:len(m.Act)-1]
	}
}

// when is the last line of a message.
func when(m Message) string { return m.Time.UTC().Format(timeFormat) + " · serin" }
