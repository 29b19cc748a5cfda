package slack

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// webhookPath is the path of the one incoming webhook.
const webhookPath = "/services/T0SERIN/B0SERIN/stand-in"

// Message is one message that Slack took.
type Message struct {
	// At is when it came.
	At time.Time
	// Channel is the channel it was posted to; empty for a webhook that named none, which has one of its own.
	Channel string
	// Text is the text, the notification's when there are blocks.
	Text string
	// Blocks are the blocks as JSON, or empty.
	Blocks string
}

// Server is a Slack.
type Server struct {
	token string
	http  *http.Server
	base  string
	quit  chan struct{}
	stop  sync.Once

	mu       sync.Mutex
	messages []Message
	refused  []string
	troubles []Trouble
}

// Start starts a Slack that knows one bot token.
func Start(token string) (*Server, error) {
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{token: token, base: "http://" + l.Addr().String(), quit: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+webhookPath, s.troubled(s.webhook))
	mux.HandleFunc("POST /services/", func(w http.ResponseWriter, _ *http.Request) {
		s.refuse(w, http.StatusNotFound, "no_service")
	})
	mux.HandleFunc("POST /api/chat.postMessage", s.troubled(s.postMessage))
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(l) }()
	return s, nil
}

// Stop ends the server and every answer that hangs.
func (s *Server) Stop() {
	s.stop.Do(func() {
		close(s.quit)
		_ = s.http.Close()
	})
}

// WebhookURL is the address of the incoming webhook.
func (s *Server) WebhookURL() string { return s.base + webhookPath }

// APIURL is the address of the API, with a slash at its end, as client libraries take it.
func (s *Server) APIURL() string { return s.base + "/api/" }

// Messages returns what came, in order.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Message(nil), s.messages...)
}

// Refused returns Slack's words for each post that was refused for what it was, in order; troubles do not count.
func (s *Server) Refused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refused...)
}

func (s *Server) take(m Message) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	m.At = time.Now()
	s.messages = append(s.messages, m)
	return m.At
}

func (s *Server) note(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, reason)
}

// timestamp is how Slack names a message.
func timestamp(at time.Time) string {
	return strconv.FormatInt(at.Unix(), 10) + "." + at.Format("000000")[:6]
}
