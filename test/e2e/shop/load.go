package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// plan is what to ask, and how.
type plan struct {
	url string
	// rate is how many requests are due each second.
	rate int
	// freshEvery is N if each Nth request opens a connection of its own; the others share a pool.
	freshEvery int
	// most bounds the requests under way; one that is due beyond it is an error of its own kind.
	most    int
	timeout time.Duration
}

func loadCommand() *cobra.Command {
	p := plan{}
	address, every, first := "", time.Duration(0), time.Duration(0)
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Ask a URL at a fixed rate and count every answer",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.url == "" || p.rate < 1 || p.freshEvery < 1 {
				return fmt.Errorf("--url must be set, --rate and --fresh-every at least 1")
			}
			listener, err := listen(cmd.Context(), address)
			if err != nil {
				return err
			}
			l := newLoader(p)
			server := newServer(l.handler())
			go func() { _ = server.Serve(listener) }()
			fmt.Fprintf(cmd.OutOrStdout(), "asks %s %d times per second; the ledger is at http://%s/ledger\n", p.url, p.rate, listener.Addr())
			l.await(cmd.Context(), first)
			go l.ledger.report(cmd.Context(), cmd.OutOrStdout(), every)
			l.run(cmd.Context())
			_ = server.Close()
			return json.NewEncoder(cmd.OutOrStdout()).Encode(l.ledger.snapshot())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&p.url, "url", "", "what to get")
	flags.IntVar(&p.rate, "rate", 200, "requests per second")
	flags.IntVar(&p.freshEvery, "fresh-every", 10, "each how many requests one opens a connection of its own")
	flags.IntVar(&p.most, "most", 2000, "most requests under way; more are errors")
	flags.DurationVar(&p.timeout, "timeout", 10*time.Second, "bounds one request")
	flags.DurationVar(&first, "await", 0, "how long at most to wait for the first answer of a version before the ledger begins")
	flags.StringVar(&address, "address", ":8080", "where to serve /ledger")
	flags.DurationVar(&every, "report", 2*time.Second, "how often to print a line")
	return cmd
}

// loader sends requests.
type loader struct {
	plan
	ledger        *ledger
	pooled, fresh *http.Client
	slots         chan struct{}
}

func newLoader(p plan) *loader {
	pooled := &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second}
	fresh := &http.Transport{DisableKeepAlives: true}
	return &loader{
		plan: p, ledger: newLedger(time.Now()), slots: make(chan struct{}, p.most),
		pooled: &http.Client{Transport: pooled, Timeout: p.timeout},
		fresh:  &http.Client{Transport: fresh, Timeout: p.timeout},
	}
}

// handler serves the ledger.
func (l *loader) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(l.ledger.snapshot()) // the reader may have left
	})
	mux.HandleFunc("POST /reset", func(http.ResponseWriter, *http.Request) { l.ledger.reset(time.Now()) })
	return mux
}

// await asks until a version answers, and no longer than the patience given. None of it is in the ledger.
func (l *loader) await(ctx context.Context, patience time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil && l.send(0, time.Now()).version == "" {
		pause(ctx, 200*time.Millisecond)
	}
	l.ledger.reset(time.Now())
}

// run sends until the context ends, then waits for the answers that are still due.
func (l *loader) run(ctx context.Context) {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	defer l.pooled.CloseIdleConnections()
	began := time.Now()
	for i := 0; ; i++ {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(l.rate))
		pause(ctx, time.Until(due))
		if ctx.Err() != nil {
			return
		}
		page := l.ledger.begin()
		select {
		case l.slots <- struct{}{}:
			underWay.Go(func() {
				l.ledger.end(page, l.send(i, due))
				<-l.slots
			})
		default:
			l.ledger.end(page, answer{at: due, kind: "overflow", what: fmt.Sprintf("%d requests had no answer yet", l.most)})
		}
	}
}

// send gets the URL once. The time an answer took is counted from when the request was due.
func (l *loader) send(i int, due time.Time) answer {
	client := l.pooled
	if i%l.freshEvery == 0 {
		client = l.fresh
	}
	response, err := client.Get(l.url)
	if err != nil {
		return failed(due, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return failed(due, err)
	}
	return answered(due, response, string(body))
}
