package notifier

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptrace"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// longestReason bounds how much of a refusal's body is read, in bytes.
const longestReason = 64

// reasonCode is what Slack answers in a refusal's body, such as "no_service". Nothing else of an answer is repeated: the
// address comes from a user's Secret and may be anything.
var reasonCode = regexp.MustCompile(`^[a-z0-9_]+$`)

// wire is the transport of one try. It notes what an error alone does not tell: whether the request went out whole, and
// what was answered.
type wire struct {
	next  http.RoundTripper
	wrote atomic.Bool

	status     int
	reason     string
	retryAfter time.Duration
}

// RoundTrip carries the request and notes the answer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	trace := &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) {
		if info.Err == nil {
			w.wrote.Store(true)
		}
	}}
	resp, err := w.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, err
	}
	w.status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		w.retryAfter = time.Duration(seconds) * time.Second
	}
	if resp.StatusCode != http.StatusOK {
		w.reason = peekReason(resp)
	}
	return resp, nil
}

// peekReason returns the answer's reason code and leaves the body readable.
func peekReason(resp *http.Response) string {
	head, err := io.ReadAll(io.LimitReader(resp.Body, longestReason))
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	reason := strings.TrimSpace(string(head))
	if err != nil || !reasonCode.MatchString(reason) {
		return ""
	}
	return reason
}
