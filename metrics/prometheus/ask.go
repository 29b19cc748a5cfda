package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/serin-dev/serin/metrics/window"
)

// maxAnswer bounds one answer, in bytes; a thousand backends with twenty buckets are about 4 MB.
const maxAnswer = 64 << 20

var errTooLong = errors.New("the answer is too long")

// client asks a Prometheus.
type client struct {
	api v1.API
	// shown is the address as people may see it.
	shown   string
	timeout time.Duration
}

func newClient(address string, transport http.RoundTripper, timeout time.Duration) (*client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("the address of Prometheus is %.80q, not one such as http://prometheus.monitoring:9090", address)
	}
	c, err := api.NewClient(api.Config{Address: address, Client: &http.Client{Transport: &bounded{transport}}})
	if err != nil {
		return nil, err
	}
	return &client{api: v1.NewAPI(c), shown: u.Scheme + "://" + u.Host + u.Path, timeout: timeout}, nil
}

// vector asks for the series that an expression gives at a time. Its errors are *window.UnavailableError.
func (c *client) vector(ctx context.Context, expression string, at time.Time) (model.Vector, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	value, warnings, _, err := c.api.Query(ctx, expression, at)
	if err != nil {
		return nil, window.Unavailable("%s", c.failed(err))
	}
	if len(warnings) > 0 {
		return nil, window.Unavailable("Prometheus %s warns that its answer is not whole: %s", c.shown, oneLine(warnings[0]))
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, window.Unavailable("what answers at %s is no Prometheus: the address must be the one before /api/v1", c.shown)
	}
	return vector, nil
}

// failed says in a sentence why there is no answer, in the same words as long as the cause is the same.
func (c *client) failed(err error) string {
	var said *v1.Error
	var network net.Error
	var unknown *net.DNSError
	switch {
	case errors.Is(err, errTooLong):
		return fmt.Sprintf("Prometheus %s answered more than %d MiB", c.shown, maxAnswer>>20)
	case errors.As(err, &said) && said.Type == v1.ErrBadResponse:
		return fmt.Sprintf("what answers at %s is no Prometheus: the address must be the one before /api/v1", c.shown)
	case errors.As(err, &said):
		return fmt.Sprintf("Prometheus %s refused the query: %s", c.shown, words(said))
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return fmt.Sprintf("Prometheus %s did not answer within %s", c.shown, c.timeout)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("Prometheus %s cannot be reached: connection refused", c.shown)
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return fmt.Sprintf("Prometheus %s cannot be reached: the host is unknown", c.shown)
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("Prometheus %s cannot be reached: %s", c.shown, oneLine(err.Error()))
}

// words are what a Prometheus, or what stands before it, says itself.
func words(said *v1.Error) string {
	var body struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte(said.Detail), &body) == nil && body.Error != "" {
		return oneLine(body.Error)
	}
	return oneLine(said.Msg)
}

// oneLine keeps a sentence short and in one line.
func oneLine(text string) string {
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > 200 {
		line = append(line[:199], '…')
	}
	return string(line)
}

// bounded bounds the answers.
type bounded struct{ http.RoundTripper }

// RoundTrip sends a request.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &limited{ReadCloser: response.Body, left: maxAnswer}
	}
	return response, err
}

type limited struct {
	io.ReadCloser
	left int
}

// Read reads on, up to the bound.
func (l *limited) Read(into []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.ReadCloser.Read(into[:min(len(into), l.left)])
	l.left -= n
	return n, err
}
