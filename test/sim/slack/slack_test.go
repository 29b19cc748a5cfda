package slack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"
)

const token = "bot-token"

func TestTheClientLibraryIsUnderstood(t *testing.T) {
	s := start(t)
	block := slackgo.NewSectionBlock(slackgo.NewTextBlockObject("mrkdwn", "*v2* is stable", false, false), nil, nil)
	webhook := &slackgo.WebhookMessage{Text: "v2 is stable", Blocks: &slackgo.Blocks{BlockSet: []slackgo.Block{block}}}
	if err := slackgo.PostWebhookContext(t.Context(), s.WebhookURL(), webhook); err != nil {
		t.Fatal(err)
	}
	api := slackgo.New(token, slackgo.OptionAPIURL(s.APIURL()))
	channel, ts, err := api.PostMessageContext(t.Context(), "#shop", slackgo.MsgOptionText("v3 was rolled back", false))
	if err != nil || channel != "#shop" || ts == "" {
		t.Fatalf("PostMessage() = %q, %q, %v", channel, ts, err)
	}
	got := s.Messages()
	if len(got) != 2 || got[0].Text != "v2 is stable" || !strings.Contains(got[0].Blocks, "*v2* is stable") ||
		got[1].Channel != "#shop" || got[1].Text != "v3 was rolled back" || got[1].Blocks != "" {
		t.Errorf("messages %+v", got)
	}
}

func TestTheClientLibraryHearsRefusals(t *testing.T) {
	s := start(t)
	for want, try := range map[string]struct{ token, channel, text string }{
		"invalid_auth":      {"another", "#shop", "hello"},
		"not_authed":        {"", "#shop", "hello"},
		"channel_not_found": {token, "my channel", "hello"},
		"no_text":           {token, "#shop", ""},
	} {
		api := slackgo.New(try.token, slackgo.OptionAPIURL(s.APIURL()))
		_, _, err := api.PostMessageContext(t.Context(), try.channel, slackgo.MsgOptionText(try.text, false))
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if len(s.Messages()) != 0 || len(s.Refused()) != 4 {
		t.Errorf("messages %v, refusals %v", s.Messages(), s.Refused())
	}
}

func TestAWebhookRefusesWhatSlackRefuses(t *testing.T) {
	s := start(t)
	long := `{"text":"` + strings.Repeat("a", maxText+1) + `"}`
	for _, tc := range []struct {
		kind, body string
		status     int
		want       string
	}{
		{"application/json", `{"text":"hello"}`, 200, "ok"},
		{"application/json; charset=utf-8", `{"text":"hello","attachments":null}`, 200, "ok"},
		{"application/x-www-form-urlencoded", `payload=%7B%22text%22%3A%22hello%22%7D`, 200, "ok"},
		{"text/plain", `{"text":"hello"}`, 400, "invalid_post_type"},
		{"application/json", `text`, 400, "invalid_payload"},
		{"application/json", `{"text":"","blocks":[],"attachments":[]}`, 400, "no_text"},
		{"application/json", `{"text":"hello","blocks":[{}]}`, 400, "invalid_blocks"},
		{"application/json", `{"text":"hello","blocks":3}`, 400, "invalid_blocks"},
		{"application/json", `{"text":"hello","channel":"a b"}`, 400, "channel_not_found"},
		{"application/json", long, 400, "msg_too_long"},
	} {
		if status, body := postBody(t, s.WebhookURL(), tc.kind, tc.body); status != tc.status || body != tc.want {
			t.Errorf("%.60s: %d %s, want %d %s", tc.body, status, body, tc.status, tc.want)
		}
	}
	if status, body := postBody(t, s.base+"/services/T1/B1/unknown", "application/json", `{"text":"hello"}`); status != 404 || body != "no_service" {
		t.Errorf("an unknown webhook: %d %s", status, body)
	}
	if len(s.Messages()) != 3 || !slices.Contains(s.Refused(), "no_service") {
		t.Errorf("messages %v, refusals %v", s.Messages(), s.Refused())
	}
}

func TestTroubleComesInTurn(t *testing.T) {
	s := start(t)
	s.Trouble(Trouble{Status: 429, RetryAfter: 3 * time.Second}, Trouble{Status: 500})
	message := &slackgo.WebhookMessage{Text: "hello"}
	var limited *slackgo.RateLimitedError
	if err := slackgo.PostWebhook(s.WebhookURL(), message); !errors.As(err, &limited) || limited.RetryAfter != 3*time.Second {
		t.Errorf("first post: %v, want a rate limit of 3 s", err)
	}
	if err := slackgo.PostWebhook(s.WebhookURL(), message); err == nil {
		t.Error("second post succeeded, want 500")
	}
	if err := slackgo.PostWebhook(s.WebhookURL(), message); err != nil {
		t.Errorf("third post: %v", err)
	}
	if len(s.Messages()) != 1 {
		t.Errorf("messages %v, want the third only", s.Messages())
	}
}

func TestAHangEndsWithTheClientOrTheServer(t *testing.T) {
	s := start(t)
	s.Trouble(Trouble{}, Trouble{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := slackgo.PostWebhookContext(ctx, s.WebhookURL(), &slackgo.WebhookMessage{Text: "hello"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a post that hangs: %v", err)
	}
	ended := make(chan error)
	go func() { ended <- slackgo.PostWebhook(s.WebhookURL(), &slackgo.WebhookMessage{Text: "hello"}) }()
	s.Stop()
	if err := <-ended; err == nil {
		t.Error("a post to a Slack that stopped succeeded")
	}
}

func start(t *testing.T) *Server {
	t.Helper()
	s, err := Start(token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func postBody(t *testing.T, url, kind, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(url, kind, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}
