package notifier

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"
)

// How a message is known again.
const (
	slackEventType = "serin_transition"
	slackEventKey  = "key"
)

// How far is looked for a message.
const (
	slackPage      = 200
	slackMostPages = 10
	// slackSkew is by how much Slack's clock may be behind.
	slackSkew = 10 * time.Minute
)

// slackID is a channel's ID, in contrast to its name.
var slackID = regexp.MustCompile(`^[CGD][A-Z0-9]{7,}$`)

// findIfRestored returns the thread in which a letter that may have been delivered before was found; empty if it was not.
func (b slackBot) findIfRestored(ctx context.Context, thread slackThread, l Letter) (string, error) {
	if !l.Restored {
		return "", nil
	}
	found, err := b.find(ctx, thread, l.Message)
	if err != nil || found == (slackThread{}) {
		return "", err
	}
	return found.String(), nil
}

// find looks for a message that may have been posted before: in its thread, or among the heads of the channel. It returns
// the message's thread, the zero one if there is no such message or Slack does not let the bot look.
func (b slackBot) find(ctx context.Context, thread slackThread, m Message) (slackThread, error) {
	if thread != (slackThread{}) {
		found, err := b.search(m, func(cursor string) ([]slack.Message, string, error) { return b.replies(ctx, thread, m, cursor) })
		if found == "" {
			return slackThread{}, err
		}
		return thread, err
	}
	channel, err := b.channelID(ctx)
	if err != nil || channel == "" {
		return slackThread{}, err
	}
	found, err := b.search(m, func(cursor string) ([]slack.Message, string, error) { return b.history(ctx, channel, m, cursor) })
	if found == "" {
		return slackThread{}, err
	}
	return slackThread{channel, found}, err
}

// search goes through pages of messages and returns the timestamp of the one with the message's key.
func (b slackBot) search(m Message, page func(cursor string) ([]slack.Message, string, error)) (string, error) {
	cursor := ""
	for range slackMostPages {
		messages, next, err := page(cursor)
		if err != nil {
			return "", b.unlessForbidden(err)
		}
		for i := range messages {
			meta := messages[i].Metadata
			if meta.EventType == slackEventType && meta.EventPayload[slackEventKey] == m.Key() {
				return messages[i].Timestamp, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return "", nil
}

func (b slackBot) replies(ctx context.Context, thread slackThread, m Message, cursor string) ([]slack.Message, string, error) {
	messages, _, next, err := b.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
		ChannelID: thread.channel, Timestamp: thread.head, Cursor: cursor, Oldest: oldest(m), Limit: slackPage, IncludeAllMetadata: true,
	})
	return messages, next, err
}

func (b slackBot) history(ctx context.Context, channel string, m Message, cursor string) ([]slack.Message, string, error) {
	page, err := b.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
		ChannelID: channel, Cursor: cursor, Oldest: oldest(m), Limit: slackPage, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", err
	}
	return page.Messages, page.ResponseMetaData.NextCursor, nil
}

// oldest is the timestamp before which a message was not posted.
func oldest(m Message) string { return fmt.Sprintf("%d.000000", m.Time.Add(-slackSkew).Unix()) }

// channelID returns the ID of the channel, which history wants; empty if the bot cannot tell.
func (b slackBot) channelID(ctx context.Context) (string, error) {
	name := strings.TrimPrefix(b.dest.Channel, "#")
	if slackID.MatchString(name) {
		return name, nil
	}
	cursor := ""
	for range slackMostPages {
		channels, next, err := b.api.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Cursor: cursor, ExcludeArchived: true, Limit: slackPage,
		})
		if err != nil {
			return "", b.unlessForbidden(err)
		}
		for i := range channels {
			if channels[i].Name == name {
				return channels[i].ID, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return "", nil
}

// unlessForbidden judges an error of a look. Whatever keeps the bot from looking for good (a missing scope, a channel it is
// not in) is none: the message is posted then, for a repeated one is better than a lost one.
func (b slackBot) unlessForbidden(err error) error {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) && !passing[refused.Err] {
		return nil
	}
	return b.judge(err)
}
