package notifier

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ledger is what a Canary's status knows of one destination.
type ledger struct {
	mu     sync.Mutex
	seq    int64
	thread map[string]string // by rollout
}

func (l *ledger) record(receipt Receipt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq = receipt.Seq
	l.thread[receipt.Rollout] = receipt.Thread
}

// enqueue hands over what has no receipt, as the controller does at every look.
func (l *ledger) enqueue(o *Outbox, dest Destination, all []Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range all {
		if m.Seq > l.seq {
			o.Enqueue(Letter{Dest: dest, Message: m, Thread: l.thread[m.Rollout], Restored: true})
		}
	}
}

// mortal carries requests until it was handed so many answers to messages; with the last one its process dies.
type mortal struct {
	next  http.RoundTripper
	posts int
	dead  chan struct{}
}

func (m *mortal) RoundTrip(req *http.Request) (*http.Response, error) {
	if isClosed(m.dead) {
		return nil, errors.New("there is no process any more")
	}
	resp, err := m.next.RoundTrip(req)
	if method := req.URL.Path; err == nil && method != "/api/chat.update" && method != "/api/conversations.history" &&
		method != "/api/conversations.replies" && method != "/api/conversations.list" {
		if m.posts--; m.posts == 0 {
			close(m.dead)
			_ = resp.Body.Close()
			return nil, errors.New("killed before the answer was read")
		}
	}
	return resp, err
}

// live runs one process until it dies of its n-th message, or has nothing to do; 0 never dies.
func live(t *testing.T, opts Options, status *ledger, dest Destination, n int) {
	synctest.Test(t, func(t *testing.T) {
		death := &mortal{next: opts.HTTPClient.Transport, posts: n, dead: make(chan struct{})}
		opts.HTTPClient = &http.Client{Transport: death}
		opts.Settled = func(receipt Receipt) {
			if !isClosed(death.dead) {
				status.record(receipt)
			}
		}
		o := NewOutbox(opts)
		stop := run(t, o)
		status.enqueue(o, dest, transitions())
		waitUntil(func() bool {
			status.enqueue(o, dest, transitions()) // another look
			return isClosed(death.dead) || testWaiting(o, dest) == 0
		})
		stop()
	})
}

func testWaiting(o *Outbox, dest Destination) int {
	o.backlog.mu.Lock()
	defer o.backlog.mu.Unlock()
	count := 0
	for at := range o.backlog.open {
		if at.dest == dest.ID() {
			count++
		}
	}
	return count
}

// TestKillsLoseNothing kills a process after each message was accepted and before the receipt was recorded, wherever it is.
func TestKillsLoseNothing(t *testing.T) {
	webhook := Destination{Service: Webhook, Namespace: "shop", SecretName: "sink"}
	for n := 1; n <= 5; n++ {
		t.Run(fmt.Sprintf("a bot killed at message %d repeats nothing", n), func(t *testing.T) {
			server := newSlackServer(t)
			var seen record
			opts := seen.options(botSecret())
			opts.SlackAPIURL = server.URL + "/api/"
			status := &ledger{thread: map[string]string{}}
			live(t, opts, status, shop, n)
			live(t, opts, status, shop, 0)
			_, taken := server.received()
			var got []string
			for _, p := range toldBy(taken) {
				got = append(got, p.Key)
			}
			if diff := cmp.Diff(keys("7d1c", 1, 2, 3, 4, 5), got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
			if want := ":white_check_mark: shop/foobar: v3 Promoted"; taken[3].Text != want || taken[4].ThreadTS != taken[3].TS {
				t.Errorf("the head of v3 says %q, want %q and a reply in its thread", taken[3].Text, want)
			}
		})
		t.Run(fmt.Sprintf("an incoming webhook killed at message %d repeats that one", n), func(t *testing.T) {
			server := newSlackServer(t)
			var seen record
			status := &ledger{thread: map[string]string{}}
			live(t, seen.options(server.webhookSecret()), status, shop, n)
			live(t, seen.options(server.webhookSecret()), status, shop, 0)
			_, taken := server.received()
			var got, want []string
			for _, p := range taken {
				got = append(got, p.Text)
			}
			for i, m := range transitions() {
				want = append(want, render(m).text)
				if i+1 == n {
					want = append(want, render(m).text)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
		t.Run(fmt.Sprintf("a CloudEvent killed at message %d is repeated under the same id", n), func(t *testing.T) {
			server := newStandIn(t, takesEvents)
			var seen record
			status := &ledger{thread: map[string]string{}}
			live(t, seen.options(server.secret()), status, webhook, n)
			live(t, seen.options(server.secret()), status, webhook, 0)
			bodies := map[string]string{}
			for _, body := range server.got {
				var e struct{ ID string }
				if err := json.Unmarshal([]byte(body), &e); err != nil {
					t.Fatal(err)
				}
				if before, known := bodies[e.ID]; known && before != body {
					t.Errorf("two events of id %s:\n%s\n%s", e.ID, before, body)
				}
				bodies[e.ID] = body
			}
			if len(server.got) != 6 || len(bodies) != 5 {
				t.Errorf("%d events with %d ids, want 6 with 5", len(server.got), len(bodies))
			}
		})
	}
}

// TestStopsNeitherLoseNorRepeat stops and starts the outbox while the service fails now and then.
func TestStopsNeitherLoseNorRepeat(t *testing.T) {
	flaky := func(n int) (script []http.HandlerFunc) {
		for range n {
			script = append(script, status(503, ""), nil, busyFor("20"))
		}
		return script
	}
	for life := range 8 {
		t.Run(fmt.Sprintf("after %d s each", life), func(t *testing.T) {
			server := newSlackServer(t, flaky(5)...)
			status := &ledger{thread: map[string]string{}}
			for range 12 {
				synctest.Test(t, func(t *testing.T) {
					var seen record
					opts := seen.options(server.webhookSecret())
					opts.Settled = status.record
					o := NewOutbox(opts)
					stop := run(t, o)
					status.enqueue(o, shop, transitions())
					time.Sleep(time.Duration(life) * time.Second)
					stop()
				})
			}
			_, taken := server.received()
			var got, want []string
			for _, p := range taken {
				got = append(got, p.Text)
			}
			for _, m := range transitions() {
				want = append(want, render(m).text)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}
