package notifier

import (
	"encoding/json"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// posted is one message that the stand-in server took.
type posted struct {
	Path    string
	Token   string
	Channel string            `json:"channel"`
	Text    string            `json:"text"`
	Blocks  []json.RawMessage `json:"blocks"`
}

// slackServer stands in for Slack on loopback: webhooks under /services/, the API under /api/. It checks what it receives,
// answers by a script, one handler per request, and with success once the script is at its end.
type slackServer struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex
	script []http.HandlerFunc
	tries  int
	posted []posted
}

func newSlackServer(t *testing.T, script ...http.HandlerFunc) *slackServer {
	t.Helper()
	s := &slackServer{t: t, script: script}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP answers one request.
func (s *slackServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	message := s.decode(r)
	s.mu.Lock()
	s.tries++
	var scripted http.HandlerFunc
	if len(s.script) > 0 {
		scripted, s.script = s.script[0], s.script[1:]
	}
	if scripted == nil {
		s.posted = append(s.posted, message)
	}
	s.mu.Unlock()
	switch {
	case scripted != nil:
		scripted(w, r)
	case message.Token != "":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true,"channel":"C1","ts":"1.2"}`))
	default:
		_, _ = w.Write([]byte("ok"))
	}
}

// decode reads a request as Slack would, and fails the test on what Slack would refuse.
func (s *slackServer) decode(r *http.Request) posted {
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
		if err == nil {
			err = json.Unmarshal([]byte(r.PostForm.Get("blocks")), &message.Blocks)
		}
	default:
		s.t.Errorf("content type = %q, want JSON or a form", content)
	}
	if err != nil {
		s.t.Errorf("the body is not what its content type says: %v", err)
	}
	if message.Text == "" || len(message.Blocks) == 0 {
		s.t.Errorf("a message without text or blocks: %+v", message)
	}
	return message
}

func (s *slackServer) received() (tries int, taken []posted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries, append([]posted(nil), s.posted...)
}

// webhookSecret opens the server's webhook.
func (s *slackServer) webhookSecret() map[string][]byte {
	return map[string][]byte{"address": []byte(s.URL + "/services/T1/B1/hush\n")}
}

// status answers with a status and a body.
func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// retryAfter answers 429 as Slack does.
func retryAfter(seconds string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", seconds)
		w.WriteHeader(http.StatusTooManyRequests)
	}
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
