package notifier

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/slack-go/slack"
)

// passing lists the errors of Slack's API that a later try may not meet again. Every other one is a refusal.
var passing = map[string]bool{
	"fatal_error":         true,
	"internal_error":      true,
	"ratelimited":         true,
	"rate_limited":        true,
	"request_timeout":     true,
	"service_unavailable": true,
	"team_added_to_org":   true,
}

// halfway lists those after which, as Slack says, part of the operation may have succeeded.
var halfway = map[string]bool{"fatal_error": true, "internal_error": true}

// slackError turns what one request met into the kinds of error that Sink.Send knows. Webhook addresses are secrets, so no
// error names one.
func slackError(dest Destination, err error, line *wire) error {
	if err == nil {
		return nil
	}
	var refused slack.SlackErrorResponse
	switch {
	case line.status == http.StatusTooManyRequests:
		return busyError{line.retryAfter}
	case line.status >= 500 || line.status == http.StatusRequestTimeout:
		return fmt.Errorf("slack answered %s", answer(line))
	case line.status != 0 && line.status != http.StatusOK:
		return refusedError{refusalOfWebhook(dest, line)}
	case errors.As(err, &refused) && halfway[refused.Err]:
		return unknownError{fmt.Errorf("slack answered %s", refused.Err)}
	case errors.As(err, &refused) && passing[refused.Err]:
		return fmt.Errorf("slack answered %s", refused.Err)
	case errors.As(err, &refused):
		return refusedError{refusalOfToken(dest, refused)}
	}
	return unanswered(err, line)
}

// refusalOfWebhook says why the webhook refused, and what a person can do.
func refusalOfWebhook(dest Destination, line *wire) string {
	switch {
	case line.status == http.StatusNotFound || line.status == http.StatusForbidden:
		return fmt.Sprintf("Slack answered %s: the webhook in %s was revoked or its address is wrong; make a new webhook and put its URL there.", answer(line), dest.secret())
	case line.status == http.StatusGone:
		return fmt.Sprintf("Slack answered %s: the channel of the webhook in %s is archived.", answer(line), dest.secret())
	case line.status >= 300 && line.status < 400:
		return fmt.Sprintf("The address in %s answered %s: it leads elsewhere; put the final URL there.", dest.secret(), answer(line))
	}
	return fmt.Sprintf("Slack answered %s to the webhook in %s.", answer(line), dest.secret())
}

// refusalOfToken says why Slack's API refused, and what a person can do.
func refusalOfToken(dest Destination, refused slack.SlackErrorResponse) string {
	secret := dest.secret()
	switch code := refused.Err; {
	case strings.Contains(code, "auth") || strings.HasPrefix(code, "token_") || code == "account_inactive":
		return fmt.Sprintf("Slack answered %s: the bot token in %s is not accepted; put a valid one there.", code, secret)
	case code == "channel_not_found" || code == "not_in_channel":
		return fmt.Sprintf("Slack answered %s: the bot of %s does not see the channel %q; invite it there or mend the name.", code, secret, dest.Channel)
	case code == "is_archived":
		return fmt.Sprintf("Slack answered %s: the channel %q is archived.", code, dest.Channel)
	case code == "missing_scope":
		return fmt.Sprintf("Slack answered %s: give the bot of %s the scope chat:write.", code, secret)
	}
	return fmt.Sprintf("Slack answered %s to the bot token in %s, channel %q.", refused.Err, secret, dest.Channel)
}

// answer is the status and reason of a webhook's answer, such as "404 no_service".
func answer(line *wire) string {
	if line.reason == "" {
		return said(line)
	}
	return fmt.Sprintf("%d %s", line.status, line.reason)
}
