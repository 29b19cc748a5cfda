package notifier

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/lru"
)

// Options configure an Outbox. Only Secrets is required.
type Options struct {
	// Secrets reads the Secret of a destination.
	Secrets SecretReader
	// Settled is told of every letter once: when it was delivered or given up. It is called before the next letter to the
	// same destination is sent, and possibly for several destinations at the same time. Run does not end before it has
	// returned.
	Settled func(Receipt)
	// Log gets one line for every retry and every message that is lost.
	Log logr.Logger
	// HTTPClient lends its transport; default http.DefaultTransport. Redirects are never followed.
	HTTPClient *http.Client
	// SlackAPIURL is the base of Slack's API for bot tokens; default https://slack.com/api/.
	SlackAPIURL string
	// Backoff is the pause between two tries; default 1 s, doubled each time up to 50 s, plus up to 20 % jitter.
	Backoff wait.Backoff
	// RequestTimeout bounds one try; default 1 min, because a try that ends without an answer may have to be repeated.
	RequestTimeout time.Duration
	// GiveUpAfter is how long a message is tried, from Message.Time on; default 24 h. No try starts later, so the last one
	// comes up to one pause earlier.
	GiveUpAfter time.Duration
	// FlushTimeout bounds how long Run goes on after its context has ended; default 5 s.
	FlushTimeout time.Duration
	// Remember is how many settled letters, and how many threads, are known; default 50,000 each. A settled letter must not
	// be enqueued again after it was forgotten.
	Remember int
	// Registerer gets serin_notifications_total and serin_notifications_waiting; nil leaves them unregistered.
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	transport := http.DefaultTransport
	if o.HTTPClient != nil && o.HTTPClient.Transport != nil {
		transport = o.HTTPClient.Transport
	}
	o.HTTPClient = &http.Client{Transport: transport}
	o.SlackAPIURL = strings.TrimRight(cmp.Or(o.SlackAPIURL, slack.APIURL), "/") + "/"
	if o.Backoff.Duration == 0 {
		o.Backoff = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 32, Cap: 50 * time.Second}
	}
	o.RequestTimeout = cmp.Or(o.RequestTimeout, time.Minute)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, 24*time.Hour)
	o.FlushTimeout = cmp.Or(o.FlushTimeout, 5*time.Second)
	o.Remember = cmp.Or(o.Remember, 50000)
	if o.Settled == nil {
		o.Settled = func(Receipt) {}
	}
	return o
}

// Outbox sends letters in the background: one at a time to each destination, in order for each Canary, and each
// destination on its own, so that a broken one delays no other. It is a manager.Runnable that runs on the leader only.
type Outbox struct {
	opts    Options
	backlog *backlog
	threads *lru.Cache // of topic: the newest thread
	counts  counts
	arrived chan struct{}
	sinkFor func(Destination) Sink
}

// NewOutbox makes an Outbox. Letters may be enqueued at once; they are sent while Run runs.
func NewOutbox(opts Options) *Outbox {
	opts = opts.withDefaults()
	counts := newCounts(opts.Registerer)
	return &Outbox{
		opts:    opts,
		backlog: newBacklog(opts.Backoff, opts.Remember, counts),
		threads: lru.New(opts.Remember),
		counts:  counts,
		arrived: make(chan struct{}, 1),
		sinkFor: opener{secrets: opts.Secrets, transport: opts.HTTPClient.Transport, slackAPI: opts.SlackAPIURL}.open,
	}
}

// Enqueue hands a letter over and returns at once, whatever the destination does. A letter that waits, is being sent or
// was settled is ignored: enqueueing what is not known to be delivered, again and again, costs nothing.
func (o *Outbox) Enqueue(l Letter) {
	if l.Message.Time.IsZero() {
		l.Message.Time = time.Now()
	}
	if o.backlog.add(l) {
		signal(o.arrived)
	}
}

// Run sends what is enqueued until the context ends, then flushes: each letter that waits is tried once more, for at most
// FlushTimeout in all. What is not delivered then has no receipt, and is left for the next process. It is called once.
func (o *Outbox) Run(ctx context.Context) error {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var workers sync.WaitGroup
	attend := func() {
		for _, id := range o.backlog.unattended() {
			workers.Go(func() { o.attend(sending, ctx.Done(), id) })
		}
	}
	for ctx.Err() == nil {
		attend()
		select {
		case <-o.arrived:
		case <-ctx.Done():
		}
	}
	attend()
	timer := time.AfterFunc(o.opts.FlushTimeout, cut)
	defer timer.Stop()
	workers.Wait()
	o.backlog.close()
	return nil
}

// Start is Run, by the name that a controller-runtime manager calls.
func (o *Outbox) Start(ctx context.Context) error { return o.Run(ctx) }

// NeedLeaderElection says that only the leader sends.
func (o *Outbox) NeedLeaderElection() bool { return true }
