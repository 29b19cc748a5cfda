package hooks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/serin-dev/serin/controllers/canary/outbound"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Bounds of one try.
const (
	defaultTimeout = 10 * time.Second
	// maxRead is how much of an answer is read.
	maxRead = 64 << 10
	// maxRetryAfter is the longest pause that a service may ask for.
	maxRetryAfter = 30 * time.Second
)

// try asks once.
func (c *Caller) try(ctx context.Context, q *question) reply {
	w := q.call.Webhook
	timeout := w.Timeout.Of()
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	header := http.Header{}
	if w.HeadersFrom != nil {
		data, err := c.opts.Secrets(ctx, q.of.name.Namespace, w.HeadersFrom.Name)
		if err != nil {
			return unreadable(w.HeadersFrom.Name, err, timeout)
		}
		var problem string
		if header, problem = outbound.Headers(w.HeadersFrom.Name, data); problem != "" {
			return reply{outcome: outcomeFailed, text: problem}
		}
	}
	request, err := q.request(ctx, header)
	if err != nil {
		return reply{outcome: outcomeFailed, text: fmt.Sprintf("the URL of webhook %q cannot be understood", w.Name)}
	}
	hide := outbound.Hiding(header, request.URL)
	response, err := c.opts.HTTPClient.Do(request)
	if err != nil {
		return reply{outcome: outcomeFailed, silent: true, again: true, text: hide.Replace(outbound.Cause(err, timeout))}
	}
	defer func() { _ = response.Body.Close() }()
	// What was read before the service fell silent is enough: the status is the answer.
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRead))
	return c.judge(response, body, hide)
}

// unreadable is the reply when the Secret with the headers could not be read.
func unreadable(name string, err error, timeout time.Duration) reply {
	if apierrors.IsNotFound(err) {
		return reply{outcome: outcomeFailed, text: fmt.Sprintf("Secret %q does not exist", name)}
	}
	return reply{outcome: outcomeFailed, again: true, text: fmt.Sprintf("Secret %q could not be read: %s", name, outbound.Cause(err, timeout))}
}

// request is the POST that asks.
func (q *question) request(ctx context.Context, header http.Header) (*http.Request, error) {
	body, err := json.Marshal(q.body())
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, q.call.Webhook.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/json")
	header.Set("Serin-Question", fmt.Sprintf("%s/%s/%d", q.of.uid, q.call.ID, q.call.Ask))
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "serin")
	}
	request.Header = header
	return request, nil
}

// judge turns a status into a reply: from 200 to 299 is yes, what says "not now" is worth another try, all else is no.
func (c *Caller) judge(response *http.Response, body []byte, hide *strings.Replacer) reply {
	text := say(response, body, hide)
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		return reply{outcome: outcomeYes, text: text}
	case code == http.StatusTooManyRequests || code >= 500:
		return reply{outcome: outcomeFailed, again: true, after: c.retryAfter(response.Header.Get("Retry-After")), text: text}
	case code >= 300 && code <= 399:
		if to, err := response.Location(); err == nil {
			text = fmt.Sprintf("%s: it points to %s, and redirects are not followed", status(response), hide.Replace(outbound.Address(to)))
		}
	}
	return reply{outcome: outcomeNo, text: text}
}

// retryAfter reads the header of that name, in seconds or as a date; nil when it says nothing.
func (c *Caller) retryAfter(value string) *time.Duration {
	length := time.Duration(-1)
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		length = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		length = max(at.Sub(c.opts.Now()), 0)
	}
	if length < 0 {
		return nil
	}
	length = min(length, maxRetryAfter)
	return &length
}
