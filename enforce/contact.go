package enforce

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// Contact knows when the API server was last heard from: each piece of a response counts, so the bookmarks that watches get about
// once a minute are enough.
type Contact struct {
	heard atomic.Int64 // nanoseconds since 1970
}

func (c *Contact) note() {
	c.heard.Store(time.Now().UnixNano())
}

// Age is how long ago the API server was last heard from; it is negative if it never was.
func (c *Contact) Age(now time.Time) time.Duration {
	heard := c.heard.Load()
	if heard == 0 {
		return -1
	}
	return max(0, now.Sub(time.Unix(0, heard)))
}

func (c *Contact) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		c.note()
		response.Body = &listener{ReadCloser: response.Body, contact: c}
		return response, nil
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// listener notes each piece of a body.
type listener struct {
	io.ReadCloser

	contact *Contact
}

// Read implements io.Reader.
func (l *listener) Read(into []byte) (int, error) {
	n, err := l.ReadCloser.Read(into)
	if n > 0 {
		l.contact.note()
	}
	return n, err
}
