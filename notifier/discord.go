package notifier

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Discord's limits on an embed, in characters.
const (
	discordTitle = 256
	discordWhy   = 2000 // of 4096, so that the whole stays below 6000
	discordFact  = 300
	discordLabel = 100
	discordValue = 1024
	discordAll   = 6000
)

// discordMessage is the body that Discord's webhooks take.
type discordMessage struct {
	Embeds []discordEmbed `json:"embeds"`
	// AllowedMentions says that nobody is mentioned, whatever a text looks like.
	AllowedMentions struct {
		Parse []string `json:"parse"`
	} `json:"allowed_mentions"`
}

type discordEmbed struct {
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Color       int            `json:"color"`
	Fields      []discordField `json:"fields"`
	Footer      discordFooter  `json:"footer"`
	Timestamp   string         `json:"timestamp"`
}

type discordField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

type discordFooter struct {
	Text string `json:"text"`
}

// postDiscord posts an embed to a webhook, and waits for Discord to say that it kept it.
func postDiscord(ctx context.Context, client *http.Client, opened opening, m Message) error {
	address, err := withQuery(opened.address, "wait", "true")
	if err != nil {
		return err
	}
	return postJSON(ctx, client, address, discordBody(m))
}

// discordBody lays a message out for Discord. Commands that would make it too long are left out.
func discordBody(m Message) discordMessage {
	embed := discordEmbed{
		Title: escapeDiscord(oneLine(headline(m)), discordTitle), Description: escapeDiscord(noFence(m.Why), discordWhy),
		Color: colour(m.Severity), Footer: discordFooter{"serin"}, Timestamp: m.Time.UTC().Format(time.RFC3339),
	}
	room := discordAll - units(embed.Title+embed.Description+embed.Footer.Text)
	for _, f := range factsOf(m) {
		field := discordField{Name: f.name, Value: plainCode(f.value, discordFact), Inline: true}
		room -= units(field.Name + field.Value)
		embed.Fields = append(embed.Fields, field)
	}
	for _, action := range actionsOf(m, discordValue-len("```\n\n```")) {
		field := discordField{Name: escapeDiscord(oneLine(action.Label), discordLabel), Value: "```\n" + action.Command + "\n```"}
		if field.Name == "" {
			field.Name = "Act"
		}
		if room -= units(field.Name + field.Value); room < 0 {
			break
		}
		embed.Fields = append(embed.Fields, field)
	}
	body := discordMessage{Embeds: []discordEmbed{embed}}
	body.AllowedMentions.Parse = []string{}
	return body
}

// plainCode is text as inline code where nothing else in it has a meaning.
func plainCode(text string, limit int) string {
	return "`" + cut(strings.ReplaceAll(oneLine(text), "`", "'"), limit-2) + "`"
}

// withQuery sets a parameter of an address, unless it is set.
func withQuery(address, key, value string) (string, error) {
	at, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	query := at.Query()
	if !query.Has(key) {
		query.Set(key, value)
		at.RawQuery = query.Encode()
	}
	return at.String(), nil
}

// postJSON posts a body as JSON.
func postJSON(ctx context.Context, client *http.Client, address string, body any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, &text)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return post(client, req)
}
