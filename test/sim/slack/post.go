package slack

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Limits that Slack documents.
const (
	maxBody   = 1 << 20
	maxText   = 40000
	maxBlocks = 50
)

// post is what both ways of posting have in common.
type post struct {
	Token   string          `json:"token"`
	Channel string          `json:"channel"`
	Text    string          `json:"text"`
	Blocks  json.RawMessage `json:"blocks"`
	// Attachments are the older form of blocks.
	Attachments json.RawMessage `json:"attachments"`
}

// webhook answers an incoming webhook: plain words, and a status that tells.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	p, err := read(r)
	if err == nil && p.Text == "" && len(p.Blocks) == 0 && len(p.Attachments) == 0 {
		err = errors.New("no_text")
	}
	if err == nil && p.Channel != "" && !named(p.Channel) {
		err = errors.New("channel_not_found")
	}
	if err != nil {
		s.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.take(Message{Channel: p.Channel, Text: p.Text, Blocks: string(p.Blocks)})
	_, _ = io.WriteString(w, "ok")
}

// postMessage answers chat.postMessage: always 200, and a JSON object that tells.
func (s *Server) postMessage(w http.ResponseWriter, r *http.Request) {
	p, err := read(r)
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		p.Token = bearer
	}
	switch {
	case err != nil:
	case p.Token == "":
		err = errors.New("not_authed")
	case p.Token != s.token:
		err = errors.New("invalid_auth")
	case !named(p.Channel):
		err = errors.New("channel_not_found")
	case p.Text == "" && len(p.Blocks) == 0 && len(p.Attachments) == 0:
		err = errors.New("no_text")
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err != nil {
		s.note(err.Error())
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": err.Error()})
		return
	}
	at := s.take(Message{Channel: p.Channel, Text: p.Text, Blocks: string(p.Blocks)})
	_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "channel": p.Channel, "ts": timestamp(at)})
}

func (s *Server) refuse(w http.ResponseWriter, status int, reason string) {
	s.note(reason)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, reason)
}

// read reads a post in either encoding. Its errors are Slack's words.
func read(r *http.Request) (post, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return post{}, errors.New("invalid_payload")
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	p, err := post{}, error(nil)
	switch kind {
	case "application/json":
		err = json.Unmarshal(body, &p)
	case "application/x-www-form-urlencoded":
		p, err = readForm(string(body))
	default:
		return post{}, errors.New("invalid_post_type")
	}
	if err != nil {
		return post{}, errors.New("invalid_payload")
	}
	if err := check(&p); err != nil {
		return post{}, err
	}
	return p, nil
}

// readForm reads chat.postMessage's form, or a webhook's form with its one field payload.
func readForm(body string) (post, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return post{}, err
	}
	if payload := form.Get("payload"); payload != "" {
		p := post{}
		err := json.Unmarshal([]byte(payload), &p)
		return p, err
	}
	return post{
		Token: form.Get("token"), Channel: form.Get("channel"), Text: form.Get("text"),
		Blocks: json.RawMessage(form.Get("blocks")), Attachments: json.RawMessage(form.Get("attachments")),
	}, nil
}

// check refuses what Slack would, and drops lists that are null or empty.
func check(p *post) error {
	if len(p.Text) > maxText {
		return errors.New("msg_too_long")
	}
	blocks := []struct {
		Type string `json:"type"`
	}{}
	if len(p.Blocks) > 0 {
		if json.Unmarshal(p.Blocks, &blocks) != nil || len(blocks) > maxBlocks {
			return errors.New("invalid_blocks")
		}
	}
	for _, block := range blocks {
		if block.Type == "" {
			return errors.New("invalid_blocks")
		}
	}
	if len(blocks) == 0 {
		p.Blocks = nil
	}
	if list := strings.TrimSpace(string(p.Attachments)); list == "null" || list == "[]" {
		p.Attachments = nil
	}
	return nil
}

// named says whether a channel is one that Slack could find: a name with its # or an id.
func named(channel string) bool {
	return len(channel) > 1 && !strings.ContainsAny(channel, " \t\n")
}
