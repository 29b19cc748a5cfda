package notifier

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
)

// sinkTo makes a Slack sink whose Secret holds the given data and whose API is the server's.
func sinkTo(server *slackServer, data map[string][]byte) slackSink {
	return slackSink{
		dest:      shop,
		secrets:   func(context.Context, string, string) (map[string][]byte, error) { return data, nil },
		transport: &http.Transport{DisableKeepAlives: true},
		apiURL:    server.URL + "/api/",
	}
}

func TestSlackPosts(t *testing.T) {
	server := newSlackServer(t)
	tests := map[string]struct {
		secret     map[string][]byte
		want       posted
		wantThread string
	}{
		"by webhook":        {secret: server.webhookSecret(), want: posted{Path: "/services/T1/B1/hush", Channel: "#shop"}},
		"by bot token":      {secret: map[string][]byte{"token": []byte(" xoxb-1 \n")}, want: posted{Path: "/api/chat.postMessage", Token: "xoxb-1", Channel: "C0SHOP00"}, wantThread: "C0SHOP00:"},
		"by token, if both": {secret: map[string][]byte{"token": []byte("xoxb-2"), "address": []byte("https://slack.invalid")}, want: posted{Path: "/api/chat.postMessage", Token: "xoxb-2", Channel: "C0SHOP00"}, wantThread: "C0SHOP00:"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := message(1)
			m.Title, m.Severity = "v2 & v1", analysis.Problem
			m.Act = []Action{{"Look", "kubectl canary get foobar -n shop"}}
			thread, err := sinkTo(server, tc.secret).Send(t.Context(), Letter{Dest: shop, Message: m})
			if err != nil {
				t.Fatal(err)
			}
			_, taken := server.received()
			got := taken[len(taken)-1]
			if got.Path != tc.want.Path || got.Token != tc.want.Token || got.Channel != tc.want.Channel {
				t.Errorf("posted to %s with token %q, channel %q, want %+v", got.Path, got.Token, got.Channel, tc.want)
			}
			if want := ":rotating_light: shop/foobar: v2 &amp; v1"; got.Text != want {
				t.Errorf("text = %q, want %q", got.Text, want)
			}
			if got.Attachments[0].Color != "#e01e5a" || len(got.Attachments[0].Blocks) != 3 {
				t.Errorf("attachment = %s, want three blocks in red", got.Attachments[0].Blocks)
			}
			if tc.wantThread == "" && thread != "" || !strings.HasPrefix(thread, tc.wantThread) {
				t.Errorf("thread = %q, want %q and a timestamp", thread, tc.wantThread)
			}
		})
	}
}

func TestSlackSaysWhatFollowsAnError(t *testing.T) {
	webhook, token := "webhook", "token"
	tests := map[string]struct {
		by       string
		answer   http.HandlerFunc
		wantKind string
		want     string
	}{
		"webhook: no_service":        {by: webhook, answer: status(404, "no_service"), wantKind: "refused", want: "Slack answered 404 no_service: the webhook in Secret shop/slack was revoked or its address is wrong; make a new webhook and put its URL there."},
		"webhook: archived":          {by: webhook, answer: status(410, "channel_is_archived"), wantKind: "refused", want: "Slack answered 410 channel_is_archived: the channel of the webhook in Secret shop/slack is archived."},
		"webhook: bad payload":       {by: webhook, answer: status(400, "invalid_payload"), wantKind: "refused", want: "Slack answered 400 invalid_payload to the webhook in Secret shop/slack."},
		"webhook: redirect":          {by: webhook, answer: http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP, wantKind: "refused", want: "The address in Secret shop/slack answered 302 Found: it leads elsewhere; put the final URL there."},
		"webhook: a page":            {by: webhook, answer: status(404, "<html>internal secret</html>"), wantKind: "refused", want: "Slack answered 404 Not Found: the webhook in Secret shop/slack was revoked or its address is wrong; make a new webhook and put its URL there."},
		"webhook: 500":               {by: webhook, answer: status(500, "<html>"), wantKind: "retry", want: "slack answered 500 Internal Server Error"},
		"webhook: 429":               {by: webhook, answer: busyFor("7"), wantKind: "busy", want: "the service asks to be tried again in 7s"},
		"webhook: connection broken": {by: webhook, answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, wantKind: "unknown", want: "the message may have arrived: EOF"},
		"token: invalid_auth":        {by: token, answer: apiError("invalid_auth"), wantKind: "refused", want: "Slack answered invalid_auth: the bot token in Secret shop/slack is not accepted; put a valid one there."},
		"token: channel_not_found":   {by: token, answer: apiError("channel_not_found"), wantKind: "refused", want: `Slack answered channel_not_found: the bot of Secret shop/slack does not see the channel "#shop"; invite it there or mend the name.`},
		"token: missing_scope":       {by: token, answer: apiError("missing_scope"), wantKind: "refused", want: "Slack answered missing_scope: give the bot of Secret shop/slack the scope chat:write."},
		"token: is_archived":         {by: token, answer: apiError("is_archived"), wantKind: "refused", want: `Slack answered is_archived: the channel "#shop" is archived.`},
		"token: some other refusal":  {by: token, answer: apiError("restricted_action"), wantKind: "refused", want: `Slack answered restricted_action to the bot token in Secret shop/slack, channel "#shop".`},
		"token: internal_error":      {by: token, answer: apiError("internal_error"), wantKind: "unknown", want: "the message may have arrived: slack answered internal_error"},
		"token: service_unavailable": {by: token, answer: apiError("service_unavailable"), wantKind: "retry", want: "slack answered service_unavailable"},
		"token: redirect":            {by: token, answer: elsewhere("https://evil.invalid/"), wantKind: "refused", want: "The address in Secret shop/slack answered 307 Temporary Redirect: it leads elsewhere; put the final URL there."},
		"token: 429":                 {by: token, answer: busyFor("3"), wantKind: "busy", want: "the service asks to be tried again in 3s"},
		"token: 503":                 {by: token, answer: status(503, ""), wantKind: "retry", want: "slack answered 503 Service Unavailable"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newSlackServer(t, tc.answer)
			secret := server.webhookSecret()
			if tc.by == token {
				secret = map[string][]byte{"token": []byte("xoxb-hush")}
			}
			_, err := sinkTo(server, secret).Send(t.Context(), to(shop, 1))
			checkError(t, err, tc.wantKind, tc.want)
		})
	}
}

func TestSlackUnreachable(t *testing.T) {
	server := newSlackServer(t)
	secret := map[string][]byte{"address": []byte(closedAddress(t))}
	_, err := sinkTo(server, secret).Send(t.Context(), to(shop, 1))
	if kindOf(err) != "retry" || !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "hush") {
		t.Errorf("error = %v (%s), want a refused connection that is tried again and tells no address", err, kindOf(err))
	}
}

func TestSlackHanging(t *testing.T) {
	release := make(chan struct{})
	server := newSlackServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err := sinkTo(server, server.webhookSecret()).Send(ctx, to(shop, 1))
	checkError(t, err, "unknown", "the message may have arrived: context deadline exceeded")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want the cause kept", err)
	}
}

func TestSlackSecretProblems(t *testing.T) {
	tests := map[string]struct {
		data map[string][]byte
		want string
	}{
		"neither key":    {data: map[string][]byte{"url": []byte("x")}, want: `Secret shop/slack has neither the key "address" (an incoming webhook's URL) nor "token" (a bot token).`},
		"empty address":  {data: map[string][]byte{"address": []byte(" \n")}, want: `Secret shop/slack has neither the key "address" (an incoming webhook's URL) nor "token" (a bot token).`},
		"not a URL":      {data: map[string][]byte{"address": []byte("hush: no url")}, want: `The key "address" of Secret shop/slack is not an http or https URL.`},
		"another scheme": {data: map[string][]byte{"address": []byte("file:///etc/hush")}, want: `The key "address" of Secret shop/slack is not an http or https URL.`},
		"no host":        {data: map[string][]byte{"address": []byte("https:///hush")}, want: `The key "address" of Secret shop/slack is not an http or https URL.`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := sinkTo(newSlackServer(t), tc.data).Send(t.Context(), to(shop, 1))
			checkError(t, err, "refused", tc.want)
		})
	}
	t.Run("a token without a channel", func(t *testing.T) {
		sink := sinkTo(newSlackServer(t), map[string][]byte{"token": []byte("xoxb-1")})
		sink.dest.Channel = ""
		_, err := sink.Send(t.Context(), to(shop, 1))
		checkError(t, err, "refused", `Secret shop/slack holds a bot token, which needs a channel: set slack.channel, for example "#releases".`)
	})
	t.Run("no such Secret yet", func(t *testing.T) {
		sink := sinkTo(newSlackServer(t), nil)
		sink.secrets = func(context.Context, string, string) (map[string][]byte, error) { return nil, errors.New("not found") }
		_, err := sink.Send(t.Context(), to(shop, 1))
		checkError(t, err, "retry", "reading Secret shop/slack: not found")
	})
}

// kindOf names what an error lets follow.
func kindOf(err error) string {
	var refused refusedError
	var unknown unknownError
	var busy busyError
	switch {
	case err == nil:
		return "none"
	case errors.As(err, &refused):
		return "refused"
	case errors.As(err, &unknown):
		return "unknown"
	case errors.As(err, &busy):
		return "busy"
	}
	return "retry"
}

func checkError(t *testing.T, err error, wantKind, want string) {
	t.Helper()
	if kindOf(err) != wantKind || err == nil || err.Error() != want {
		t.Errorf("error (%s):\n%v\nwant (%s):\n%s", kindOf(err), err, wantKind, want)
	}
	if err != nil && strings.Contains(err.Error(), "hush") {
		t.Errorf("the error tells a secret: %v", err)
	}
}
