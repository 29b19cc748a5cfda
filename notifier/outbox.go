package notifier

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/slack-go/slack"
	"k8s.io/apimachinery/pkg/util/wait"
)

// Options configure an Outbox. Only Secrets is required.
type Options struct {
	// Secrets reads the Secret of a destination.
	Secrets SecretReader
	// Log gets one line for every retry and every message that is lost.
	Log logr.Logger
	// HTTPClient lends its transport; default http.DefaultTransport. Redirects are never followed.
	HTTPClient *http.Client
	// SlackAPIURL is the base of Slack's API for bot tokens; default https://slack.com/api/.
	SlackAPIURL string
	// Backoff is the pause between two tries; default 1 s, doubled each time up to 5 min, with 20 % jitter.
	Backoff wait.Backoff
	// RequestTimeout bounds one try; default 1 min, because a try that ends without an answer cannot be repeated.
	RequestTimeout time.Duration
	// GiveUpAfter is how long a message is tried, from when it was queued; default 1 h. No try starts later, so the last one
	// comes up to one pause earlier.
	GiveUpAfter time.Duration
	// FlushTimeout bounds how long Run goes on after its context has ended; default 5 s.
	FlushTimeout time.Duration
	// Capacity is how many messages may wait, over all destinations; default 1,000.
	Capacity int
	// Remember is how many sent or lost messages are known, so that they are not sent again; default 10,000.
	Remember int
	// Registerer gets serin_notifications_total; nil leaves it unregistered.
	Registerer prometheus.Registerer
	// OnLost is told of every message that will not be sent, and why; it must not block.
	OnLost func(dest Destination, m Message, why error)
}

func (o Options) withDefaults() Options {
	transport := http.DefaultTransport
	if o.HTTPClient != nil && o.HTTPClient.Transport != nil {
		transport = o.HTTPClient.Transport
	}
	o.HTTPClient = &http.Client{Transport: transport}
	o.SlackAPIURL = strings.TrimRight(cmp.Or(o.SlackAPIURL, slack.APIURL), "/") + "/"
	if o.Backoff.Duration == 0 {
		o.Backoff = wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 0.2, Steps: 32, Cap: 5 * time.Minute}
	}
	o.RequestTimeout = cmp.Or(o.RequestTimeout, time.Minute)
	o.GiveUpAfter = cmp.Or(o.GiveUpAfter, time.Hour)
	o.FlushTimeout = cmp.Or(o.FlushTimeout, 5*time.Second)
	o.Capacity = cmp.Or(o.Capacity, 1000)
	o.Remember = cmp.Or(o.Remember, 10000)
	if o.OnLost == nil {
		o.OnLost = func(Destination, Message, error) {}
	}
	return o
}

// Outbox sends messages in the background: in order to each destination, and each destination on its own, so that a broken
// one delays no other. It is a manager.Runnable that runs on the leader only.
type Outbox struct {
	opts    Options
	backlog *backlog
	counts  counts
	arrived chan struct{}
	sinkFor func(Destination) Sink
}

// NewOutbox makes an Outbox. Messages may be enqueued at once; they are sent while Run runs.
func NewOutbox(opts Options) *Outbox {
	opts = opts.withDefaults()
	o := &Outbox{
		opts:    opts,
		backlog: newBacklog(opts.Capacity, opts.Remember),
		counts:  newCounts(opts.Registerer),
		arrived: make(chan struct{}, 1),
	}
	o.sinkFor = func(dest Destination) Sink {
		return slackSink{dest: dest, secrets: opts.Secrets, http: opts.HTTPClient.Transport, apiURL: opts.SlackAPIURL}
	}
	return o
}

// Enqueue hands a message over and returns at once, whatever the destination does. A message whose Key was enqueued for
// the same destination before is ignored.
func (o *Outbox) Enqueue(dest Destination, m Message) {
	m.Act = slices.Clone(m.Act)
	if lost, why := o.backlog.add(letter{dest: dest, message: m, queued: time.Now()}); why != nil {
		o.lose(lost, outcomeDropped, why)
	}
	select {
	case o.arrived <- struct{}{}:
	default: // Run will look anyway
	}
}

// Run sends what is enqueued until the context ends, then flushes: each message that waits is tried once more, for at most
// FlushTimeout in all. It is called once.
func (o *Outbox) Run(ctx context.Context) error {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	var workers sync.WaitGroup
	attend := func() {
		for _, dest := range o.backlog.unattended() {
			workers.Go(func() { o.drain(sending, ctx.Done(), dest) })
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
	for _, l := range o.backlog.close() {
		o.lose(l, outcomeDropped, errStopped)
	}
	return nil
}

// Start is Run, by the name that a controller-runtime manager calls.
func (o *Outbox) Start(ctx context.Context) error { return o.Run(ctx) }

// NeedLeaderElection says that only the leader sends.
func (o *Outbox) NeedLeaderElection() bool { return true }
