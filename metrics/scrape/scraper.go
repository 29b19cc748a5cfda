package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/serin-dev/serin/metrics/window"
)

// maxAnswer bounds one proxy's answer, in bytes; ten thousand series are about 30 MB.
const maxAnswer = 64 << 20

// Scraper asks proxies over HTTP. It is safe for concurrent use.
type Scraper struct {
	client *http.Client
}

// DialFunc opens a connection; it has the form of net.Dialer.DialContext.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// New returns a scraper that connects with dial, or with a plain dialer if dial is nil.
func New(dial DialFunc) *Scraper {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &Scraper{client: &http.Client{Transport: &http.Transport{
		DialContext:         dial,
		MaxIdleConnsPerHost: 1,
		IdleConnTimeout:     time.Minute,
		// The proxies are neighbours: compression would cost more than it saves.
		DisableCompression: true,
	}}}
}

// Scrape asks all targets at once and returns when all answered or the context ends. at is the tick the round belongs to, and
// what the proxies are asked for: everybody who asks for it gets the same numbers, as long as no proxy is too old to know ticks.
func (s *Scraper) Scrape(ctx context.Context, at time.Time, targets []Target) window.Round {
	round := window.Round{At: at, Sightings: make([]window.Sighting, len(targets))}
	var asking sync.WaitGroup
	for i, target := range targets {
		asking.Go(func() {
			seen := window.Sighting{Proxy: target.Proxy, Ready: target.Ready}
			snapshot, err := s.ask(ctx, at, target.Address)
			if err != nil {
				seen.Reason = reason(err)
			}
			seen.Snapshot = snapshot
			round.Sightings[i] = seen
		})
	}
	asking.Wait()
	return round
}

// ask reads what one proxy says about the tick. A proxy that does not know the path is asked for its counters as they are now;
// every other refusal is a missed scrape, because what is counted now is not what others got for the tick.
func (s *Scraper) ask(ctx context.Context, at time.Time, address string) (*window.Snapshot, error) {
	tick := url.Values{tickParameter: {at.UTC().Format(time.RFC3339Nano)}}
	snapshot, err := s.get(ctx, url.URL{Scheme: "http", Host: address, Path: tickPath, RawQuery: tick.Encode()})
	var refused *refusal
	if errors.As(err, &refused) && refused.code == http.StatusNotFound {
		return s.get(ctx, url.URL{Scheme: "http", Host: address, Path: metricsPath})
	}
	return snapshot, err
}

// get reads one answer.
func (s *Scraper) get(ctx context.Context, from url.URL) (*window.Snapshot, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", Accepted)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // all of it was read, or the answer is refused
	from.RawQuery = ""                           // another one at every tick, which reasons must not be
	if response.StatusCode != http.StatusOK {
		return nil, refusalOf(&from, response)
	}
	body := &io.LimitedReader{R: response.Body, N: maxAnswer + 1}
	snapshot, err := Parse(body, expfmt.ResponseFormat(response.Header))
	switch {
	case body.N <= 0:
		return nil, fmt.Errorf("%s answered more than %d bytes", &from, maxAnswer)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", &from, err)
	}
	return snapshot, nil
}

// reason says why a proxy did not answer, in the same words as long as the cause is the same: without the port of the failed
// connection, which is another one each time.
func reason(err error) string {
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.As(err, &network) && network.Addr != nil:
		return fmt.Sprintf("%s %s: %v", network.Op, network.Addr, network.Err)
	default:
		return err.Error()
	}
}

// Close closes idle connections.
func (s *Scraper) Close() { s.client.CloseIdleConnections() }
