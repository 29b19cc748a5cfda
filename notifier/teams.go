package notifier

import (
	"context"
	"net/http"

	goteamsnotify "github.com/atc0005/go-teams-notify/v2"
	"github.com/atc0005/go-teams-notify/v2/adaptivecard"
	"github.com/serin-dev/serin/analysis"
)

// teamsMost is the size of a message in bytes, below the 28 KB that Teams takes. The lengths keep a card without commands
// below it, in characters.
const (
	teamsMost    = 26 << 10
	teamsWhy     = 1500
	teamsFact    = 300
	teamsCommand = 1000
)

// postTeams posts an Adaptive Card to the address of a workflow.
func postTeams(ctx context.Context, client *http.Client, opened opening, m Message) error {
	message, err := adaptivecard.NewMessageFromCard(fit(m, teamsMost, teamsCard))
	if err != nil {
		return err
	}
	// The address is checked when the Secret is read. A workflow's host differs by cloud and region.
	teams := goteamsnotify.NewTeamsClient().SetHTTPClient(client).SkipWebhookURLValidationOnSend(true)
	return teams.SendWithContext(ctx, opened.address, message)
}

// teamsCard lays a message out as an Adaptive Card. A command is a CodeBlock, which Teams shows as it is, with a button
// that copies it.
func teamsCard(m Message) adaptivecard.Card {
	title := adaptivecard.NewTextBlock(escapeCard(oneLine(m.Title), teamsFact), true)
	title.Size, title.Weight = adaptivecard.SizeLarge, adaptivecard.WeightBolder
	top := adaptivecard.NewContainer()
	top.Style = teamsStyle(m.Severity)
	top.Items = append(top.Items, title)

	facts := adaptivecard.NewFactSet()
	for _, f := range factsOf(m) {
		facts.Facts = append(facts.Facts, adaptivecard.Fact{Title: f.name, Value: escapeCard(oneLine(f.value), teamsFact)})
	}
	card := adaptivecard.NewCard()
	card.FallbackText = escapeCard(oneLine(headline(m)), teamsFact)
	card.MSTeams.Width = "Full"
	card.Body = append(card.Body, adaptivecard.Element(top), adaptivecard.Element(facts))
	if m.Why != "" {
		card.Body = append(card.Body, adaptivecard.NewTextBlock(escapeCard(m.Why, teamsWhy), true))
	}
	for _, action := range actionsOf(m, teamsCommand) {
		label := adaptivecard.NewTextBlock(escapeCard(oneLine(action.Label), teamsFact), true)
		label.Weight = adaptivecard.WeightBolder
		card.Body = append(card.Body, label, adaptivecard.NewCodeBlock(action.Command, "Bash", 1))
	}
	foot := adaptivecard.NewTextBlock(when(m), true)
	foot.IsSubtle, foot.Size = true, adaptivecard.SizeSmall
	card.Body = append(card.Body, foot)
	return card
}

// teamsStyle is a severity's colour as far as a card has one.
func teamsStyle(s analysis.Severity) string {
	switch s {
	case analysis.Good:
		return adaptivecard.ContainerStyleGood
	case analysis.Problem:
		return adaptivecard.ContainerStyleAttention
	case analysis.Info:
	}
	return adaptivecard.ContainerStyleAccent
}
