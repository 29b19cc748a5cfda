package notifier

import (
	"context"
	"net/http"

	"github.com/slack-go/slack"
)

// slackSink sends to one Slack channel, by an incoming webhook or by a bot token. The Secret is read for every try, so a
// Secret that is mended or rotated takes effect at once.
type slackSink struct {
	dest      Destination
	secrets   SecretReader
	transport http.RoundTripper
	apiURL    string
}

// Send makes one try to post the message.
func (s slackSink) Send(ctx context.Context, l Letter) (string, error) {
	data, err := s.secrets(ctx, s.dest.Namespace, s.dest.SecretName)
	if err != nil {
		return "", unreadableSecret(s.dest, err)
	}
	opened, err := openSlack(s.dest, data)
	if err != nil {
		return "", err
	}
	line := &wire{next: s.transport}
	if opened.token == "" {
		return "", slackError(s.dest, s.postWebhook(ctx, line.client(), opened.address, l.Message), line)
	}
	bot := slackBot{
		api:  slack.New(opened.token, slack.OptionHTTPClient(line.client()), slack.OptionAPIURL(s.apiURL)),
		dest: s.dest, line: line,
	}
	return bot.send(ctx, l)
}

// postWebhook sends to an incoming webhook, which has one channel, no threads and no way to edit.
func (s slackSink) postWebhook(ctx context.Context, client *http.Client, address string, m Message) error {
	look := render(m)
	unfurl := false
	return slack.PostWebhookCustomHTTPContext(ctx, address, client, &slack.WebhookMessage{
		Channel:     s.dest.Channel,
		Text:        look.text,
		Attachments: []slack.Attachment{look.body},
		Parse:       "none",
		UnfurlLinks: &unfurl,
		UnfurlMedia: &unfurl,
	})
}
