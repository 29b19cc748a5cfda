package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
)

var byBackendAndOutcome = []string{labelBackend, labelOutcome}

func TestWebSocketsPassAndCountOnce(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{Subprotocols: []string{"chat"}}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil {
				return
			}
			_ = conn.WriteMessage(kind, append([]byte("echo "), message...))
		}
	}))
	l.put()
	dialer := websocket.Dialer{Subprotocols: []string{"chat"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(l.url(80), "http")+"/talk", nil)
	if err != nil {
		t.Fatal(err)
	}
	if conn.Subprotocol() != "chat" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	for i := range 3 {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, "%d", i)); err != nil {
			t.Fatal(err)
		}
		if _, message, err := conn.ReadMessage(); err != nil || string(message) != fmt.Sprintf("echo %d", i) {
			t.Fatalf("got %q, error %v", message, err)
		}
	}
	if diff := cmp.Diff(map[string]float64{"v1 success": 1}, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters while the connection is open (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]float64{"v1": 1}, l.tally("serin_proxy_in_flight", labelBackend)); diff != "" {
		t.Errorf("in flight (-want +got):\n%s", diff)
	}
	conn.Close()
	eventually(t, "nothing is in flight", func() bool { return len(l.tally("serin_proxy_in_flight", labelBackend)) == 0 })
}

func TestEventsArriveOneByOneAndTheStreamCountsAtItsHeader(t *testing.T) {
	for name, newClient := range clients {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			client := newClient(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			next := make(chan struct{})
			l.backend("10.0.1.1:8080", eventStream(next))
			l.put()
			response, err := client.Get(l.url(80))
			if err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(response.Body)
			for i := range 3 {
				next <- struct{}{}
				for lines.Scan() && lines.Text() == "" {
				}
				if want := fmt.Sprintf("data: %d", i); lines.Text() != want {
					t.Fatalf("got %q, want %q", lines.Text(), want)
				}
			}
			if diff := cmp.Diff(map[string]float64{"v1 success": 1}, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
			response.Body.Close()
		})
	}
}

// eventStream sends an event for each token.
func eventStream(next <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for i := 0; ; i++ {
			select {
			case <-next:
				fmt.Fprintf(w, "data: %d\n\n", i)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	})
}

func TestBodiesStreamInBothDirectionsAtOnce(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		w.WriteHeader(http.StatusOK)
		_ = control.Flush()
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			fmt.Fprintf(w, "echo %s\n", lines.Text())
			_ = control.Flush()
		}
	}))
	l.put()
	for name, newClient := range clients {
		t.Run(name, func(t *testing.T) {
			client := newClient(t)
			reader, writer := io.Pipe()
			response, err := client.Post(l.url(80), "text/plain", reader)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			lines := bufio.NewScanner(response.Body)
			for i := range 3 {
				fmt.Fprintf(writer, "%d\n", i)
				if !lines.Scan() || lines.Text() != fmt.Sprintf("echo %d", i) {
					t.Fatalf("got %q, error %v", lines.Text(), lines.Err())
				}
			}
			writer.Close()
			if lines.Scan() {
				t.Errorf("more came: %q", lines.Text())
			}
		})
	}
}

func TestAnAnswerBeforeTheBodyIsSentPasses(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
	}))
	l.put()
	for name, newClient := range clients {
		t.Run(name, func(t *testing.T) {
			client := newClient(t)
			reader, writer := io.Pipe()
			defer writer.Close()
			go fmt.Fprint(writer, "a beginning without an end")
			response, err := client.Post(l.url(80), "text/plain", reader)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("got %d", response.StatusCode)
			}
		})
	}
}

func TestABodyIsSentWhenThePodAsksForIt(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
	}{
		"it asks":    {status: http.StatusOK, body: "payload"},
		"it refuses": {status: http.StatusExpectationFailed},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tc.status != http.StatusOK {
					w.WriteHeader(tc.status)
					return
				}
				_, _ = io.Copy(w, r.Body)
			}))
			l.put()
			var sent readCounter
			r, _ := http.NewRequest(http.MethodPost, l.url(80), io.TeeReader(strings.NewReader("payload"), &sent))
			r.ContentLength = int64(len("payload"))
			r.Header.Set("Expect", "100-continue")
			client := newClient(t)
			client.Transport.(*http.Transport).ExpectContinueTimeout = time.Minute
			response, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if body, _ := io.ReadAll(response.Body); response.StatusCode != tc.status || string(body) != tc.body {
				t.Errorf("got %d %q", response.StatusCode, body)
			}
			if int(sent.n.Load()) != len(tc.body) {
				t.Errorf("%d bytes were sent", sent.n.Load())
			}
		})
	}
}

// readCounter counts what is written to it.
type readCounter struct{ n atomic.Int64 }

func (c *readCounter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

func TestARequestThatTheClientGivesUpIsNeitherSuccessNorFailure(t *testing.T) {
	tests := map[string]struct{ started bool }{
		"before the response begins": {started: false},
		"in the midst of it":         {started: true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.world = shared(map[string]int64{"v1": 1}, "v1")
			arrived := make(chan struct{})
			left := make(chan struct{})
			l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tc.started {
					fmt.Fprint(w, "begun")
					_ = http.NewResponseController(w).Flush()
				}
				close(arrived)
				<-r.Context().Done()
				close(left)
			}))
			l.put()
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			r, _ := http.NewRequestWithContext(ctx, http.MethodGet, l.url(80), nil)
			if response, err := newClient(t).Do(r); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			<-left // the pod learns of it
			eventually(t, "it is counted as cancelled", func() bool {
				return cmp.Equal(map[string]float64{"v1": 1}, l.tally("serin_proxy_cancelled_total", labelBackend))
			})
			if got := l.tally("serin_proxy_requests_total", byBackendAndOutcome...); len(got) > 0 {
				t.Errorf("counted as %v", got)
			}
		})
	}
}

func TestAResponseThatBreaksOffIsAFailure(t *testing.T) {
	l := newLab(t)
	l.world = shared(map[string]int64{"v1": 1}, "v1")
	l.backend("10.0.1.1:8080", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "a part")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	l.put()
	response, err := newClient(t).Get(l.url(80))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("the client got %q without an error", body)
	}
	if diff := cmp.Diff(map[string]float64{"v1 failure": 1}, l.tally("serin_proxy_requests_total", byBackendAndOutcome...)); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}
