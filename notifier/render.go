package notifier

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/slack-go/slack"
)

// Slack's limits on one message, in characters as Slack counts them (UTF-16 units, after escaping). The layout below never
// has more than six blocks, far from Slack's fifty.
const (
	maxHeader  = 150
	maxSection = 3000
	maxField   = 2000
	maxText    = 3000
	maxContext = 300
)

// timeFormat is how a message tells its time, always in UTC.
const timeFormat = "2006-01-02 15:04:05 UTC"

// icons mark the severity in the header.
var icons = map[analysis.Severity]string{
	analysis.Info:    ":information_source:",
	analysis.Good:    ":white_check_mark:",
	analysis.Problem: ":rotating_light:",
}

// render lays a message out for Slack: the blocks people see, and the text that notifications show instead of them.
//
//  1. header: severity, as an icon, and title
//  2. fields: Canary, step and weight, from which image to which
//  3. why, with the numbers
//  4. the commands to act with
//  5. context: when
func render(m Message) (text string, blocks []slack.Block) {
	header := strings.TrimSpace(icons[m.Severity] + " " + m.Title)
	blocks = append(blocks,
		slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, escape(header, maxHeader), true, false)),
		slack.NewSectionBlock(nil, fieldsOf(m), nil),
	)
	if m.Why != "" {
		blocks = append(blocks, slack.NewSectionBlock(markdown(escape(noFence(m.Why), maxSection)), nil, nil))
	}
	if len(m.Act) > 0 {
		blocks = append(blocks, slack.NewSectionBlock(markdown(commands(m)), nil, nil))
	}
	blocks = append(blocks, slack.NewContextBlock("", markdown(m.Time.UTC().Format(timeFormat)+" · serin")))
	return fallback(m), blocks
}

// fieldsOf lists the facts of a message in their fixed order; facts that are absent are left out.
func fieldsOf(m Message) []*slack.TextBlockObject {
	facts := []struct{ name, value string }{
		{"Canary", m.Namespace + "/" + m.Canary},
		{"Step", stepOf(m)},
		{"From", m.FromImage},
		{"To", m.ToImage},
	}
	var fields []*slack.TextBlockObject
	for _, fact := range facts {
		if fact.value != "" {
			label := "*" + fact.name + "*\n"
			fields = append(fields, markdown(label+inlineCode(fact.value, maxField-len(label))))
		}
	}
	return fields
}

// stepOf says the rung and the weight, such as "2/4 at 25%".
func stepOf(m Message) string {
	if m.Step == "" {
		return ""
	}
	return fmt.Sprintf("%s at %d%%", m.Step, m.Weight)
}

// commands puts the commands into one code block. A command is shown whole or not at all: a cut one could do harm.
func commands(m Message) string {
	const open, shut = "*Act*\n```", "\n```"
	more := escape(fmt.Sprintf("\n… and more, see: kubectl canary status %s -n %s", m.Canary, m.Namespace), maxContext)
	room := maxSection - units(open+shut+more)
	var body strings.Builder
	for _, command := range m.Act {
		line := "\n" + escape(oneLine(command), maxSection)
		if room -= units(line); room < 0 {
			body.WriteString(more)
			break
		}
		body.WriteString(line)
	}
	return open + body.String() + shut
}

// fallback is the message as plain text, for notifications and clients that show no blocks.
func fallback(m Message) string {
	said := []string{fmt.Sprintf("%s/%s: %s", m.Namespace, m.Canary, m.Title)}
	switch {
	case m.FromImage != "" && m.ToImage != "":
		said = append(said, m.FromImage+" → "+m.ToImage)
	case m.FromImage+m.ToImage != "":
		said = append(said, m.FromImage+m.ToImage)
	}
	if step := stepOf(m); step != "" {
		said = append(said, "step "+step)
	}
	if m.Why != "" {
		said = append(said, m.Why)
	}
	for _, command := range m.Act {
		said = append(said, "$ "+oneLine(command))
	}
	return escape(strings.Join(said, "\n"), maxText)
}

// markdown makes a text object of already escaped text; verbatim keeps Slack from turning names and URLs in it into links.
func markdown(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}
