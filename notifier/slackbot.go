package notifier

import (
	"context"
	"errors"
	"strings"

	"github.com/slack-go/slack"
)

// slackBot keeps one thread for each rollout: its first message is the head, which is edited to tell the newest state; each
// later one is also a reply. Every message carries its key as metadata, so that it can be found again.
type slackBot struct {
	api  *slack.Client
	dest Destination
	line *wire
}

// slackThread is a thread: the ID of its channel and the timestamp of its head.
type slackThread struct{ channel, head string }

// String is the thread as a Receipt has it.
func (t slackThread) String() string { return t.channel + ":" + t.head }

func parseSlackThread(text string) (slackThread, bool) {
	channel, head, found := strings.Cut(text, ":")
	return slackThread{channel, head}, found && channel != "" && head != ""
}

// send makes one try to tell a letter, and returns its thread.
func (b slackBot) send(ctx context.Context, l Letter) (string, error) {
	thread, known := parseSlackThread(l.Thread)
	if !known {
		thread = slackThread{}
	}
	if found, err := b.findIfRestored(ctx, thread, l); err != nil || found != "" {
		return found, err
	}
	if known {
		alive, err := b.edit(ctx, thread, l.Message)
		if err != nil {
			return "", err
		}
		if !alive {
			thread = slackThread{}
			if found, err := b.findIfRestored(ctx, thread, l); err != nil || found != "" {
				return found, err
			}
		}
	}
	return b.post(ctx, thread, l.Message)
}

// edit makes the head tell the newest state. It says whether there still is a head; one that may not be edited is left.
func (b slackBot) edit(ctx context.Context, thread slackThread, m Message) (alive bool, err error) {
	look := render(m)
	_, _, _, err = b.api.UpdateMessageContext(ctx, thread.channel, thread.head, look.options()...)
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		switch refused.Err {
		case "message_not_found", "thread_not_found", "channel_not_found":
			return false, nil // deleted, or of another workspace: the rollout gets a new thread
		case "edit_window_closed", "cant_update_message", "no_permission":
			return true, nil // the workspace forbids it, or another bot has written the head: a reply still tells
		}
	}
	return true, b.judge(err)
}

// post posts a message: as a reply in its thread, or as the head of a new one.
func (b slackBot) post(ctx context.Context, thread slackThread, m Message) (string, error) {
	channel, look := b.dest.Channel, render(m)
	var more []slack.MsgOption
	if thread != (slackThread{}) {
		channel, look = thread.channel, renderReply(m)
		more = append(more, slack.MsgOptionTS(thread.head)) // without broadcast: the channel sees the edited head
	}
	more = append(more, slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: slackEventType,
		EventPayload: map[string]any{
			slackEventKey: m.Key(), "canary": m.place(), "rollout": m.Rollout, "reason": m.Reason,
		},
	}))
	in, at, err := b.api.PostMessageContext(ctx, channel, append(look.options(), more...)...)
	if err != nil {
		return "", b.judge(err)
	}
	if thread == (slackThread{}) {
		thread = slackThread{in, at}
	}
	return thread.String(), nil
}

// options are what a new message and an edited one have in common.
func (look slackMessage) options() []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(look.text, false), // it is escaped already
		slack.MsgOptionAttachments(look.body),
		slack.MsgOptionParse(false),
		slack.MsgOptionDisableLinkUnfurl(),
		slack.MsgOptionDisableMediaUnfurl(),
	}
}

func (b slackBot) judge(err error) error { return slackError(b.dest, err, b.line) }
