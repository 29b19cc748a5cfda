package scrape

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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

// Scrape asks all targets at once and returns when all answered or the context ends. at is the tick the round belongs to.
func (s *Scraper) Scrape(ctx context.Context, at time.Time, targets []Target) window.Round {
	round := window.Round{At: at, Sightings: make([]window.Sighting, len(targets))}
	var asking sync.WaitGroup
	for i, target := range targets {
		asking.Go(func() {
			seen := window.Sighting{Proxy: target.Proxy, Ready: target.Ready}
			snapshot, err := s.ask(ctx, target.Address)
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

// ask reads one proxy.
func (s *Scraper) ask(ctx context.Context, address string) (*window.Snapshot, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+metricsPath, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", Accepted)
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // all of it was read, or the answer is refused
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("http://%s%s answered %s", address, metricsPath, response.Status)
	}
	body := &io.LimitedReader{R: response.Body, N: maxAnswer + 1}
	snapshot, err := Parse(body, expfmt.ResponseFormat(response.Header))
	switch {
	case body.N <= 0:
		return nil, fmt.Errorf("http://%s%s answered more than %d bytes", address, metricsPath, maxAnswer)
	case err != nil:
		return nil, fmt.Errorf("http://%s%s: %w", address, metricsPath, err)
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
