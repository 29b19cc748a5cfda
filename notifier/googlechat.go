package notifier

import (
	"context"
	"net/http"
)

// chatMost is the size of a message in bytes, below the 32 KB that Google Chat takes. The lengths keep a message without
// commands below it, in characters.
const (
	chatMost    = 30 << 10
	chatWhy     = 1500
	chatFact    = 300
	chatCommand = 1000
)

// chatMessage is the body that Google Chat's webhooks take. It has no text, since mentions and links work there; nothing
// in a card mentions anybody.
type chatMessage struct {
	FallbackText string     `json:"fallbackText"`
	Thread       chatThread `json:"thread"`
	CardsV2      []chatCard `json:"cardsV2"`
}

type chatThread struct {
	// ThreadKey is the sender's own name of a thread; the first message with it opens the thread.
	ThreadKey string `json:"threadKey"`
}

type chatCard struct {
	CardID string `json:"cardId"`
	Card   struct {
		Header   chatHeader    `json:"header"`
		Sections []chatSection `json:"sections"`
	} `json:"card"`
}

type chatHeader struct {
	Title    string `json:"title"`
	Subtitle string `json:"subtitle"`
}

type chatSection struct {
	Header  string       `json:"header,omitempty"`
	Widgets []chatWidget `json:"widgets"`
}

type chatWidget struct {
	TextParagraph *chatText      `json:"textParagraph,omitempty"`
	DecoratedText *chatDecorated `json:"decoratedText,omitempty"`
}

type chatText struct {
	Text string `json:"text"`
}

type chatDecorated struct {
	TopLabel string `json:"topLabel"`
	Text     string `json:"text"`
	WrapText bool   `json:"wrapText"`
}

// postGoogleChat posts a card to a webhook of a space. The messages of a rollout share a thread in spaces that have any.
func postGoogleChat(ctx context.Context, client *http.Client, opened opening, m Message) error {
	address, err := withQuery(opened.address, "messageReplyOption", "REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD")
	if err != nil {
		return err
	}
	return postJSON(ctx, client, address, fit(m, chatMost, chatBody))
}

// chatBody lays a message out for Google Chat, whose cards know a little HTML.
func chatBody(m Message) chatMessage {
	top := chatSection{Widgets: []chatWidget{chatParagraph(
		`<font color="` + hex(colour(m.Severity)) + `"><b>` + escapeChat(oneLine(m.Title), chatFact) + "</b></font>")}}
	for _, f := range factsOfRollout(m) {
		top.Widgets = append(top.Widgets, chatWidget{DecoratedText: &chatDecorated{TopLabel: f.name, Text: escapeChat(oneLine(f.value), chatFact), WrapText: true}})
	}
	if m.Why != "" {
		top.Widgets = append(top.Widgets, chatParagraph(escapeChat(m.Why, chatWhy)))
	}
	sections := []chatSection{top}
	for _, action := range actionsOf(m, chatCommand) {
		sections = append(sections, chatSection{
			Header:  escapeChat(oneLine(action.Label), chatFact),
			Widgets: []chatWidget{chatParagraph(escape(action.Command, 5*chatCommand+1))},
		})
	}
	card := chatCard{CardID: m.Key()}
	card.Card.Header = chatHeader{Title: m.place(), Subtitle: when(m)}
	card.Card.Sections = sections
	return chatMessage{
		FallbackText: cut(oneLine(headline(m)), chatFact),
		Thread:       chatThread{ThreadKey: m.UID + "/" + m.Rollout},
		CardsV2:      []chatCard{card},
	}
}

func chatParagraph(text string) chatWidget { return chatWidget{TextParagraph: &chatText{text}} }
