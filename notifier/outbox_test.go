package notifier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var shop = Destination{Namespace: "shop", SecretName: "slack", Channel: "#shop"}

func message(key string) Message {
	return Message{Key: key, Namespace: "shop", Canary: "foobar", Title: key}
}

// record is what an outbox reported: its log, and what it lost.
type record struct {
	mu   sync.Mutex
	log  strings.Builder
	lost []string
}

func (r *record) lostTitles() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lost)
}

func (r *record) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.String()
}

// options returns Options that read one Secret and report to the record. Connections are not kept, since an idle one would
// keep synctest's clock from moving.
func (r *record) options(secret map[string][]byte) Options {
	return Options{
		Secrets: func(context.Context, string, string) (map[string][]byte, error) { return secret, nil },
		Log: funcr.New(func(_, line string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.log.WriteString(line + "\n")
		}, funcr.Options{}),
		HTTPClient: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
		OnLost: func(_ Destination, m Message, _ error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.lost = append(r.lost, m.Title)
		},
	}
}

// run runs the outbox until the returned function stops it and waits for its end.
func run(t *testing.T, o *Outbox) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.Start(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Start: %v", err)
		}
	}
}

// counted is the value of serin_notifications_total for an outcome.
func counted(o *Outbox, outcome outcome) int {
	return int(testutil.ToFloat64(o.counts.total.WithLabelValues(serviceSlack, string(outcome))))
}

// fakeSink is a Sink whose answers are a function of the message and of how often it was tried.
type fakeSink struct {
	answer func(ctx context.Context, m Message, try int) error

	mu    sync.Mutex
	tries map[string]int
	sent  []string
}

func (s *fakeSink) Send(ctx context.Context, m Message) error {
	s.mu.Lock()
	if s.tries == nil {
		s.tries = map[string]int{}
	}
	s.tries[m.Key]++
	try := s.tries[m.Key]
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(ctx, m, try); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, m.Key)
	return nil
}

func (s *fakeSink) delivered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// outboxTo makes an outbox whose only sink is the fake.
func outboxTo(sink Sink, opts Options) *Outbox {
	o := NewOutbox(opts)
	o.sinkFor = func(Destination) Sink { return sink }
	return o
}

func hang(ctx context.Context, _ Message, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestOutboxDeliversThroughTrouble(t *testing.T) {
	tests := map[string]struct {
		script    []http.HandlerFunc
		wantTries int
		wantAfter time.Duration // at least; jitter adds up to a fifth
		wantCount map[outcome]int
	}{
		"at once":                          {wantTries: 1, wantCount: map[outcome]int{outcomeSent: 1}},
		"three times 500":                  {script: []http.HandlerFunc{status(500, "<html>"), status(502, ""), status(503, "")}, wantTries: 4, wantAfter: 7 * time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 3}},
		"429 with Retry-After":             {script: []http.HandlerFunc{retryAfter("30")}, wantTries: 2, wantAfter: 30 * time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 1}},
		"429 with a Retry-After of no use": {script: []http.HandlerFunc{retryAfter("soon")}, wantTries: 2, wantAfter: time.Second, wantCount: map[outcome]int{outcomeSent: 1, outcomeRetried: 1}},
		"429 for longer than an hour":      {script: []http.HandlerFunc{retryAfter("7200")}, wantTries: 1, wantCount: map[outcome]int{outcomeExpired: 1}},
		"revoked webhook":                  {script: []http.HandlerFunc{status(404, "no_service")}, wantTries: 1, wantCount: map[outcome]int{outcomeRefused: 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			server := newSlackServer(t, tc.script...)
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var seen record
				o := NewOutbox(seen.options(server.webhookSecret()))
				stop := run(t, o)
				o.Enqueue(shop, message("a"))
				waitUntil(func() bool { return counted(o, outcomeSent)+len(seen.lostTitles()) == 1 })
				if after := time.Since(start); after < tc.wantAfter || after > tc.wantAfter*5/4+50*time.Millisecond {
					t.Errorf("settled after %s, want about %s", after, tc.wantAfter)
				}
				stop()
				tries, taken := server.received()
				if tries != tc.wantTries || len(taken) != tc.wantCount[outcomeSent] {
					t.Errorf("%d tries, %d taken, want %d and %d", tries, len(taken), tc.wantTries, tc.wantCount[outcomeSent])
				}
				for _, outcome := range []outcome{outcomeSent, outcomeRetried, outcomeRefused, outcomeExpired, outcomeUnknown, outcomeDropped} {
					if got := counted(o, outcome); got != tc.wantCount[outcome] {
						t.Errorf("%s = %d, want %d", outcome, got, tc.wantCount[outcome])
					}
				}
				if strings.Contains(seen.logged(), "hush") {
					t.Errorf("the log tells the webhook's address:\n%s", seen.logged())
				}
			})
		})
	}
}

// waitUntil lets the bubble's clock run until the condition holds.
func waitUntil(holds func() bool) {
	for !holds() {
		time.Sleep(time.Millisecond)
	}
}

func TestOutboxKeepsTryingWhileNothingListens(t *testing.T) {
	secret := map[string][]byte{"address": []byte(closedAddress(t))}
	synctest.Test(t, func(t *testing.T) {
		var seen record
		o := NewOutbox(seen.options(secret))
		stop := run(t, o)
		o.Enqueue(shop, message("a"))
		time.Sleep(53 * time.Minute)
		if lost := seen.lostTitles(); len(lost) != 0 {
			t.Errorf("lost %v within the hour", lost)
		}
		time.Sleep(8 * time.Minute)
		if got := counted(o, outcomeExpired); got != 1 {
			t.Errorf("expired = %d after an hour, want 1", got)
		}
		if tries := counted(o, outcomeRetried); tries < 12 || tries > 25 {
			t.Errorf("%d retries in an hour, want the backoff to keep them between 12 and 25", tries)
		}
		stop()
		if !strings.Contains(seen.logged(), "not delivered within 1h0m0s") || strings.Contains(seen.logged(), "hush") {
			t.Errorf("log = %s", seen.logged())
		}
	})
}

func TestOutboxDoesNotRepeatWhatMayHaveArrived(t *testing.T) {
	release := make(chan struct{})
	server := newSlackServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	var seen record
	opts := seen.options(server.webhookSecret())
	opts.RequestTimeout = 30 * time.Millisecond // the one real wait: a real connection that is never answered
	o := NewOutbox(opts)
	stop := run(t, o)
	o.Enqueue(shop, message("a"))
	o.Enqueue(shop, message("b"))
	stop()
	tries, taken := server.received()
	if tries != 2 || len(taken) != 1 || counted(o, outcomeUnknown) != 1 || counted(o, outcomeSent) != 1 {
		t.Errorf("%d tries, %d taken, unknown %d, sent %d; want 2, 1, 1, 1", tries, len(taken), counted(o, outcomeUnknown), counted(o, outcomeSent))
	}
	if !strings.Contains(seen.logged(), "may have arrived") {
		t.Errorf("log = %s", seen.logged())
	}
}

func TestEnqueueReturnsAtOnceWhileTheSinkHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen record
		opts := seen.options(nil)
		opts.Capacity = 100
		o := outboxTo(&fakeSink{answer: hang}, opts)
		stop := run(t, o)
		start := time.Now()
		for i := range 300 {
			o.Enqueue(shop, message(fmt.Sprint(i)))
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Enqueue waited %s", took)
		}
		synctest.Wait()
		if lost := seen.lostTitles(); len(lost) < 199 || lost[0] == "299" {
			t.Errorf("lost %d messages first %q, want the oldest beyond the capacity", len(lost), lost[0])
		}
		start = time.Now()
		stop()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("stopped after %s, want FlushTimeout", took)
		}
	})
}

func TestOutboxSendsNothingTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{answer: func(_ context.Context, m Message, try int) error {
			if try <= len(m.Key)%3 {
				return errors.New("not now")
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		var tellers sync.WaitGroup
		for range 20 {
			tellers.Go(func() {
				for i := range 50 {
					o.Enqueue(shop, message(strings.Repeat("k", i+1)))
					time.Sleep(time.Duration(i) * time.Millisecond)
				}
			})
		}
		tellers.Wait()
		time.Sleep(time.Hour)
		o.Enqueue(shop, message("k"))
		stop()
		sent := sink.delivered()
		slices.Sort(sent)
		if len(sent) != 50 || len(slices.Compact(sent)) != 50 {
			t.Errorf("sent %d messages, %d different ones, want 50 and 50", len(sink.delivered()), len(slices.Compact(sent)))
		}
	})
}

func TestOutboxKeepsTheOrderOfADestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{answer: func(_ context.Context, m Message, try int) error {
			if m.Key == "m3" && try < 6 {
				return busyError{retryAfter: 40 * time.Second}
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		var want []string
		for i := range 10 {
			key := fmt.Sprintf("m%d", i)
			want = append(want, key)
			o.Enqueue(shop, message(key))
			time.Sleep(time.Second)
		}
		time.Sleep(10 * time.Minute)
		stop()
		if diff := cmp.Diff(want, sink.delivered()); diff != "" {
			t.Errorf("order (-want +got):\n%s", diff)
		}
	})
}

func TestBrokenDestinationDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen record
		good, bad := &fakeSink{}, &fakeSink{answer: hang}
		o := NewOutbox(seen.options(nil))
		broken := Destination{Namespace: "shop", SecretName: "broken"}
		o.sinkFor = func(dest Destination) Sink {
			if dest == broken {
				return bad
			}
			return good
		}
		stop := run(t, o)
		for i := range 5 {
			o.Enqueue(broken, message(fmt.Sprint(i)))
			o.Enqueue(shop, message(fmt.Sprint(i)))
		}
		synctest.Wait()
		if got := len(good.delivered()); got != 5 {
			t.Errorf("%d messages reached the good destination without waiting, want 5", got)
		}
		stop()
	})
}

func TestShutdownFlushesWhatIsQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		sink := &fakeSink{answer: func(_ context.Context, m Message, _ int) error {
			if m.Key == "doomed" || !up.Load() {
				return errors.New("not now")
			}
			return nil
		}}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		stop := run(t, o)
		for _, key := range []string{"a", "doomed", "b"} {
			o.Enqueue(shop, message(key))
		}
		time.Sleep(10 * time.Second)
		up.Store(true)
		start := time.Now()
		stop()
		if took := time.Since(start); took != 0 {
			t.Errorf("the flush took %s, want each message tried once more without waiting", took)
		}
		if diff := cmp.Diff([]string{"a", "b"}, sink.delivered()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		o.Enqueue(shop, message("late"))
		if diff := cmp.Diff([]string{"doomed", "late"}, seen.lostTitles()); diff != "" {
			t.Errorf("lost (-want +got):\n%s", diff)
		}
	})
}

func TestOutboxSendsWhatWasEnqueuedBeforeItRan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{}
		var seen record
		o := outboxTo(sink, seen.options(nil))
		o.Enqueue(shop, message("a"))
		run(t, o)()
		if diff := cmp.Diff([]string{"a"}, sink.delivered()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestOutboxRegistersItsCounter(t *testing.T) {
	registry := prometheus.NewRegistry()
	o := NewOutbox(Options{Registerer: registry})
	if got, err := testutil.GatherAndCount(registry, "serin_notifications_total"); err != nil || got != 6 {
		t.Errorf("%d series (%v), want all six outcomes from the start", got, err)
	}
	if !o.NeedLeaderElection() {
		t.Error("NeedLeaderElection = false, want the leader alone to send")
	}
}
