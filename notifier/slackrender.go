package notifier

import (
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/slack-go/slack"
)

// Slack's limits on one message, in characters as Slack counts them (UTF-16 units, after escaping). The layout below never
// has more than twelve blocks, far from Slack's fifty.
const (
	maxSection = 3000
	maxField   = 2000
	maxText    = 3000
	maxLabel   = 100
)

// icons mark the severity in the headline.
var icons = map[analysis.Severity]string{
	analysis.Info:    ":information_source:",
	analysis.Good:    ":white_check_mark:",
	analysis.Problem: ":rotating_light:",
}

// slackMessage is what Slack shows: the headline, which is also the notification's text, and below it, beside a bar in the
// severity's colour, the blocks.
type slackMessage struct {
	text string
	body slack.Attachment
}

// render lays a message out for Slack.
func render(m Message) slackMessage { return layOut(m, factsOf(m)) }

// renderReply lays a message out for a thread whose head names the Canary.
func renderReply(m Message) slackMessage { return layOut(m, factsOfRollout(m)) }

// layOut makes, below the headline:
//
//  1. fields: the facts
//  2. why, with the numbers
//  3. one code block for each command
//  4. when
func layOut(m Message, facts []fact) slackMessage {
	var blocks []slack.Block
	if fields := fieldsOf(facts); len(fields) > 0 {
		blocks = append(blocks, slack.NewSectionBlock(nil, fields, nil))
	}
	if m.Why != "" {
		blocks = append(blocks, slack.NewSectionBlock(markdown(escape(noFence(m.Why), maxSection)), nil, nil))
	}
	for _, action := range actionsOf(m, maxField) {
		text := "*" + escape(oneLine(action.Label), maxLabel) + "*\n```" + escape(action.Command, maxSection) + "```"
		if units(text) <= maxSection {
			blocks = append(blocks, slack.NewSectionBlock(markdown(text), nil, nil))
		}
	}
	blocks = append(blocks, slack.NewContextBlock("", markdown(when(m))))
	text := strings.TrimSpace(icons[m.Severity] + " " + escape(oneLine(headline(m)), maxText))
	return slackMessage{text: text, body: slack.Attachment{
		Color: hex(colour(m.Severity)), Fallback: escape(oneLine(headline(m)), maxText), Blocks: slack.Blocks{BlockSet: blocks},
	}}
}

// fieldsOf makes a field of each fact.
func fieldsOf(facts []fact) []*slack.TextBlockObject {
	var fields []*slack.TextBlockObject
	for _, fact := range facts {
		label := "*" + fact.name + "*\n"
		fields = append(fields, markdown(label+inlineCode(fact.value, maxField-len(label))))
	}
	return fields
}

// markdown makes a text object of already escaped text; verbatim keeps Slack from turning names and URLs in it into links.
func markdown(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, true)
}
