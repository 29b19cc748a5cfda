package notifier

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var shop = Destination{Service: Slack, Namespace: "shop", SecretName: "slack", Channel: "#shop"}

func message(seq int64) Message {
	return Message{UID: "7d1c", Seq: seq, Rollout: "v2", Reason: "WeightRaised", Namespace: "shop", Canary: "foobar", Title: fmt.Sprint("m", seq)}
}

func to(dest Destination, seq int64) Letter { return Letter{Dest: dest, Message: message(seq)} }

// about makes it a letter about another Canary.
func (l Letter) about(canary string) Letter {
	l.Message.UID, l.Message.Canary = canary, canary
	return l
}

// record is what an outbox reported: its log, and its receipts.
type record struct {
	mu       sync.Mutex
	log      strings.Builder
	receipts []Receipt
}

// settled returns the keys of the letters that were delivered or given up, in order; those given up with a mark.
func (r *record) settled() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var keys []string
	for _, receipt := range r.receipts {
		if receipt.Lost != "" {
			receipt.Key += " lost"
		}
		keys = append(keys, receipt.Key)
	}
	return keys
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
		Settled: func(receipt Receipt) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.receipts = append(r.receipts, receipt)
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

// counted is the value of serin_notifications_total for an outcome at Slack.
func counted(o *Outbox, outcome outcome) int {
	return int(testutil.ToFloat64(o.counts.total.WithLabelValues(string(Slack), string(outcome))))
}

// waiting is the value of serin_notifications_waiting for Slack.
func waiting(o *Outbox) int {
	return int(testutil.ToFloat64(o.counts.waiting.WithLabelValues(string(Slack))))
}

// fakeSink is a Sink whose answers are a function of the letter and of how often it was tried.
type fakeSink struct {
	answer func(ctx context.Context, l Letter, try int) error
	thread string

	mu    sync.Mutex
	tries map[string]int
	sent  []string
	had   []string // the threads of what was sent
}

func (s *fakeSink) Send(ctx context.Context, l Letter) (string, error) {
	key := l.Message.Key()
	s.mu.Lock()
	if s.tries == nil {
		s.tries = map[string]int{}
	}
	s.tries[key]++
	try := s.tries[key]
	s.mu.Unlock()
	if s.answer != nil {
		if err := s.answer(ctx, l, try); err != nil {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, key)
	s.had = append(s.had, l.Thread)
	return s.thread, nil
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

func hang(ctx context.Context, _ Letter, _ int) error {
	<-ctx.Done()
	return ctx.Err()
}

// keys are the keys of a Canary's letters.
func keys(uid string, seqs ...int) (keys []string) {
	for _, seq := range seqs {
		keys = append(keys, fmt.Sprintf("%s/%d", uid, seq))
	}
	return keys
}

// waitUntil lets the bubble's clock run until the condition holds.
func waitUntil(holds func() bool) {
	for !holds() {
		time.Sleep(time.Millisecond)
	}
}
