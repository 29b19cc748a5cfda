package load

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options say what to send. URL, PerSecond and Dial must be set.
type Options struct {
	// URL is what every request gets.
	URL string
	// PerSecond is how many requests are due each second.
	PerSecond int
	// Dial opens connections.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Expect classifies answers, ExpectRelease by default.
	Expect func(Answer) Outcome
	// FreshEvery is N if each Nth request opens a connection of its own, 4 by default; the others share a pool.
	FreshEvery int
	// MaxInFlight bounds the requests under way, 2000 by default. One that is due beyond it has failed.
	MaxInFlight int
	// Timeout bounds one request, 10 s by default.
	Timeout time.Duration
	// Examples is how many failures between caller and release are kept, 10 by default.
	Examples int
}

// Generator sends requests.
type Generator struct {
	options       Options
	pooled, fresh *http.Client
	slots         chan struct{}
	ledger        ledger
}

// New returns a generator that Run starts.
func New(options Options) *Generator {
	setDefaults(&options)
	pooled := &http.Transport{DialContext: options.Dial, MaxIdleConnsPerHost: 32, IdleConnTimeout: 30 * time.Second}
	fresh := &http.Transport{DialContext: options.Dial, DisableKeepAlives: true}
	return &Generator{
		options: options,
		pooled:  &http.Client{Transport: pooled, Timeout: options.Timeout},
		fresh:   &http.Client{Transport: fresh, Timeout: options.Timeout},
		slots:   make(chan struct{}, options.MaxInFlight),
		ledger:  ledger{room: options.Examples},
	}
}

func setDefaults(o *Options) {
	if o.Expect == nil {
		o.Expect = ExpectRelease
	}
	if o.FreshEvery == 0 {
		o.FreshEvery = 4
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 2000
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Examples == 0 {
		o.Examples = 10
	}
}

// Run sends until the context ends, then waits for the answers that are still due.
func (g *Generator) Run(ctx context.Context) {
	defer g.pooled.CloseIdleConnections()
	var underWay sync.WaitGroup
	defer underWay.Wait()
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(g.options.PerSecond))
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		chapter := g.ledger.open(due)
		select {
		case g.slots <- struct{}{}:
			underWay.Go(func() {
				g.send(i, due, chapter)
				<-g.slots
			})
		default:
			overflow := Outcome{Class: FailedBetween, Text: "too many requests without an answer"}
			g.ledger.record(chapter, due, overflow)
		}
	}
}

// Mark begins a chapter: requests that are due from now on count for it.
func (g *Generator) Mark(name string) { g.ledger.mark(name, time.Now()) }

// Snapshot returns everything counted until now.
func (g *Generator) Snapshot() Snapshot {
	snapshot := g.ledger.snapshot()
	snapshot.InFlight = len(g.slots)
	return snapshot
}

func (g *Generator) send(i int, due time.Time, chapter int) {
	client := g.pooled
	if i%g.options.FreshEvery == 0 {
		client = g.fresh
	}
	g.ledger.record(chapter, due, g.options.Expect(get(client, g.options.URL)))
}

func get(client *http.Client, url string) Answer {
	response, err := client.Get(url)
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return Answer{Response: response, Body: string(body), Err: err}
}
