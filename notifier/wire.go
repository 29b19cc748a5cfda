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

// wire is the transport of one try. It notes of the newest request what an error alone does not tell: whether the request
// went out whole, and what was answered.
type wire struct {
	next  http.RoundTripper
	wrote atomic.Bool

	status     int
	reason     string
	retryAfter time.Duration
}

// client sends over the wire, and never to where an answer leads.
func (w *wire) client() *http.Client { return &http.Client{Transport: w, CheckRedirect: keepRedirect} }

// RoundTrip carries the request and notes the answer.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.wrote.Store(false)
	w.status, w.reason, w.retryAfter = 0, "", 0
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
	w.retryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	if resp.StatusCode != http.StatusOK {
		w.reason = peekReason(resp)
	}
	return resp, nil
}

// retryAfter reads the header of that name, which is a number of seconds, whole or not, or an instant; 0 if it is neither.
func retryAfter(header string, now time.Time) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	if seconds, err := strconv.ParseFloat(header, 64); err == nil {
		if seconds > 0 && seconds < most.Seconds() {
			return time.Duration(seconds * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
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

// keepRedirect hands a redirect back as the answer: followed, the POST would become a GET that posts nothing and succeeds,
// or carry a secret to somewhere that nobody chose.
func keepRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// post sends a request and drains its answer up to a bound; the wire has noted what matters of it.
func post(client *http.Client, req *http.Request) error {
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 1<<16)
	return nil
}
