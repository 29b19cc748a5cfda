package notifier

import (
	"cmp"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// posted is one message as the stand-in server has it now.
type posted struct {
	Path     string
	Token    string
	Channel  string `json:"channel"`
	Text     string `json:"text"`
	TS       string
	ThreadTS string `json:"thread_ts"`
	Edits    int
	Metadata struct {
		EventType    string         `json:"event_type"`
		EventPayload map[string]any `json:"event_payload"`
	} `json:"metadata"`
	Attachments []struct {
		Color    string            `json:"color"`
		Fallback string            `json:"fallback"`
		Blocks   []json.RawMessage `json:"blocks"`
	} `json:"attachments"`
}

// slackServer stands in for Slack on loopback: webhooks under /services/, the API under /api/, with the channel #shop,
// whose ID is C0SHOP00. It checks what it receives, keeps threads and metadata, and answers by a script, one handler per
// request, before it answers by itself.
type slackServer struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	script []http.HandlerFunc
	calls  []string
	posted []*posted
	down   atomic.Bool       // answers 503 while true
	deny   map[string]string // method: error
	after  func(method string, w http.ResponseWriter) bool
}

func newSlackServer(t *testing.T, script ...http.HandlerFunc) *slackServer {
	t.Helper()
	s := &slackServer{t: t, script: script, deny: map[string]string{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one request.
func (s *slackServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	form, message := s.decode(r)
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	if scripted := s.scripted(method); scripted != nil {
		scripted(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := map[string]any{"ok": false, "error": cmp.Or(s.deny[method], "unknown_method")}
	if s.deny[method] == "" {
		answer = s.answer(method, form, message)
	}
	if s.after != nil && s.after(method, w) {
		return
	}
	if strings.HasPrefix(method, "/services/") {
		_, _ = w.Write([]byte("ok"))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// scripted returns what answers this request instead of the server; nil if nothing does.
func (s *slackServer) scripted(method string) (scripted http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, method)
	if s.down.Load() {
		return status(http.StatusServiceUnavailable, "")
	}
	if len(s.script) > 0 {
		scripted, s.script = s.script[0], s.script[1:]
	}
	return scripted
}

// answer carries a request out.
func (s *slackServer) answer(method string, form url.Values, message posted) map[string]any {
	refuse := func(code string) map[string]any { return map[string]any{"ok": false, "error": code} }
	known := func(ts string) *posted {
		at := slices.IndexFunc(s.posted, func(p *posted) bool { return p.TS == ts && p.Channel == "C0SHOP00" })
		if at < 0 {
			return nil
		}
		return s.posted[at]
	}
	switch method {
	case "chat.postMessage":
		if message.Channel != "#shop" && message.Channel != "C0SHOP00" {
			return refuse("channel_not_found")
		}
		if message.ThreadTS != "" && known(message.ThreadTS) == nil {
			return refuse("thread_not_found")
		}
		message.Channel, message.TS = "C0SHOP00", fmt.Sprintf("%d.000100", 1773500000+len(s.posted))
		s.posted = append(s.posted, &message)
		return map[string]any{"ok": true, "channel": message.Channel, "ts": message.TS}
	case "chat.update":
		head := known(form.Get("ts"))
		if form.Get("channel") != "C0SHOP00" {
			return refuse("channel_not_found") // a name is not enough here
		}
		if head == nil {
			return refuse("message_not_found")
		}
		if message.Metadata.EventType == "" {
			message.Metadata = head.Metadata // retained
		}
		head.Text, head.Attachments, head.Metadata, head.Edits = message.Text, message.Attachments, message.Metadata, head.Edits+1
		return map[string]any{"ok": true, "channel": "C0SHOP00", "ts": head.TS, "text": head.Text}
	case "conversations.list":
		return map[string]any{"ok": true, "channels": []any{map[string]any{"id": "C0OTHER0", "name": "other"}, map[string]any{"id": "C0SHOP00", "name": "shop"}}}
	case "conversations.history", "conversations.replies":
		if form.Get("channel") != "C0SHOP00" {
			return refuse("channel_not_found")
		}
		if method == "conversations.replies" && known(form.Get("ts")) == nil {
			return refuse("thread_not_found")
		}
		return s.page(method, form)
	}
	if strings.HasPrefix(method, "/services/") {
		s.posted = append(s.posted, &message)
		return nil
	}
	return refuse("unknown_method")
}

// page is a page of at most two messages.
func (s *slackServer) page(method string, form url.Values) map[string]any {
	var found []any
	for _, p := range s.posted {
		mine := p.ThreadTS == ""
		if method == "conversations.replies" {
			mine = p.ThreadTS == form.Get("ts") || p.TS == form.Get("ts")
		}
		if !mine || seconds(p.TS) < seconds(form.Get("oldest")) {
			continue
		}
		one := map[string]any{"type": "message", "ts": p.TS, "text": p.Text}
		if form.Get("include_all_metadata") == "1" {
			one["metadata"] = p.Metadata
		}
		found = append(found, one)
	}
	from := 0
	_, _ = fmt.Sscan(form.Get("cursor"), &from)
	page, next := found[from:], ""
	if len(page) > 2 {
		page, next = page[:2], fmt.Sprint(from+2)
	}
	return map[string]any{"ok": true, "messages": page, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}}
}

func seconds(ts string) (s float64) {
	_, _ = fmt.Sscan(ts, &s)
	return s
}

// decode reads a request as Slack would, and fails the test on what Slack would refuse.
func (s *slackServer) decode(r *http.Request) (url.Values, posted) {
	if r.Method != http.MethodPost {
		s.t.Errorf("method = %s, want POST", r.Method)
	}
	message := posted{Path: r.URL.Path}
	content, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	switch content {
	case "application/json":
		err = json.NewDecoder(r.Body).Decode(&message)
	case "application/x-www-form-urlencoded":
		err = r.ParseForm()
		message.Token, message.Channel, message.Text = r.PostForm.Get("token"), r.PostForm.Get("channel"), r.PostForm.Get("text")
		message.ThreadTS = r.PostForm.Get("thread_ts")
		for key, into := range map[string]any{"attachments": &message.Attachments, "metadata": &message.Metadata} {
			if text := r.PostForm.Get(key); text != "" && err == nil {
				err = json.Unmarshal([]byte(text), into)
			}
		}
	default:
		s.t.Errorf("content type = %q, want JSON or a form", content)
	}
	if err != nil {
		s.t.Errorf("the body is not what its content type says: %v", err)
	}
	says := strings.HasPrefix(r.URL.Path, "/services/") || strings.HasPrefix(r.URL.Path, "/api/chat.")
	if says && (message.Text == "" || len(message.Attachments) != 1 || len(message.Attachments[0].Blocks) == 0) {
		s.t.Errorf("a message without text, or without blocks in one attachment: %+v", message)
	}
	return r.PostForm, message
}

// received returns how many requests there were, and the messages as they are now.
func (s *slackServer) received() (tries int, taken []posted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.posted {
		taken = append(taken, *p)
	}
	return len(s.calls), taken
}

// called returns the API methods in the order of their calls since the last look.
func (s *slackServer) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// webhookSecret opens the server's webhook.
func (s *slackServer) webhookSecret() map[string][]byte {
	return map[string][]byte{"address": []byte(s.URL + "/services/T1/B1/hush\n")}
}

// botSecret opens the server's API.
func botSecret() map[string][]byte { return map[string][]byte{"token": []byte("xoxb-hush")} }

// status answers with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// busyFor answers 429 as Slack does.
func busyFor(seconds string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", seconds)
		w.WriteHeader(http.StatusTooManyRequests)
	}
}

// elsewhere answers with a redirect.
func elsewhere(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

// apiError answers as Slack's API refuses: with 200.
func apiError(code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": code})
	}
}

// closedAddress is a URL on loopback that nothing listens on.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/services/T1/B1/hush"}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return at.String()
}
