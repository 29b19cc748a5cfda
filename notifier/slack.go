package notifier

import (
	"context"
	"net/http"

	"github.com/slack-go/slack"
)

// serviceSlack names Slack in metrics and logs.
const serviceSlack = "slack"

// slackSink sends to one Slack channel, by an incoming webhook or by a bot token. The Secret is read for every try, so a
// Secret that is mended or rotated takes effect at once.
type slackSink struct {
	dest    Destination
	secrets SecretReader
	http    http.RoundTripper
	apiURL  string
}

// Send makes one try to post the message.
func (s slackSink) Send(ctx context.Context, m Message) error {
	data, err := s.secrets(ctx, s.dest.Namespace, s.dest.SecretName)
	if err != nil {
		return unreadableSecret(s.dest, err)
	}
	opened, err := openSecret(s.dest, data)
	if err != nil {
		return err
	}
	line := &wire{next: s.http}
	client := &http.Client{Transport: line, CheckRedirect: keepRedirect}
	if opened.token != "" {
		err = s.post(ctx, client, opened.token, m)
	} else {
		err = s.postWebhook(ctx, client, opened.address, m)
	}
	return slackError(s.dest, err, line)
}

// post sends with a bot token, by chat.postMessage.
func (s slackSink) post(ctx context.Context, client *http.Client, token string, m Message) error {
	text, blocks := render(m)
	api := slack.New(token, slack.OptionHTTPClient(client), slack.OptionAPIURL(s.apiURL))
	_, _, err := api.PostMessageContext(ctx, s.dest.Channel,
		slack.MsgOptionText(text, false), // render has escaped it already
		slack.MsgOptionBlocks(blocks...),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	)
	return err
}

// postWebhook sends to an incoming webhook.
func (s slackSink) postWebhook(ctx context.Context, client *http.Client, address string, m Message) error {
	text, blocks := render(m)
	unfurl := false
	return slack.PostWebhookCustomHTTPContext(ctx, address, client, &slack.WebhookMessage{
		Channel:     s.dest.Channel,
		Text:        text,
		Blocks:      &slack.Blocks{BlockSet: blocks},
		UnfurlLinks: &unfurl,
		UnfurlMedia: &unfurl,
	})
}

// keepRedirect hands a redirect back as the answer: followed, the POST would become a GET that posts nothing and succeeds.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
