package queries

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/serin-dev/serin/controllers/canary/outbound"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// maxRead is how much of an answer is read; one number takes less than a thousandth of it.
const maxRead = 1 << 20

var errTooLong = errors.New("the answer is too long")

// ask puts one question.
func (s *source) ask(ctx context.Context, q question, timeout time.Duration) answer {
	exchange := &exchange{base: s.base, header: s.header}
	client, err := api.NewClient(api.Config{
		Address: s.address.String(),
		Client:  &http.Client{Transport: exchange, CheckRedirect: keepRedirect},
	})
	if err != nil {
		return answer{failure: s.unreachable(err, timeout)}
	}
	value, _, _, err := v1.NewAPI(client).Query(ctx, q.query, q.time())
	if err != nil {
		return answer{failure: s.failed(err, exchange, timeout)}
	}
	if value == nil {
		return answer{failure: s.foreign()}
	}
	p, f := read(value)
	return answer{p, f}
}

// keepRedirect hands a redirect back as the answer: followed, it would carry the headers to another host.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// exchange carries the requests of one question, and keeps what the client does not tell of the last response.
type exchange struct {
	base   http.RoundTripper
	header http.Header

	status int
	// moved is where a redirect points.
	moved string
}

// RoundTrip sends a request with the headers, and bounds the answer.
func (e *exchange) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", "serin")
	for name, values := range e.header {
		request.Header[name] = values
	}
	response, err := e.base.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	e.status = response.StatusCode
	if to, err := response.Location(); err == nil && e.status/100 == 3 {
		e.moved = outbound.Address(to)
	}
	response.Body = &bounded{ReadCloser: response.Body, left: maxRead}
	return response, nil
}

// bounded is a body that fails when it is too long.
type bounded struct {
	io.ReadCloser
	left int
}

// Read reads on, up to the bound.
func (b *bounded) Read(into []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(into[:min(len(into), b.left)])
	b.left -= n
	return n, err
}
