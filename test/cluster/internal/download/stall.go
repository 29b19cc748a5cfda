package download

import (
	"context"
	"fmt"
	"io"
	"time"
)

// watched is the body of an answer whose request is canceled when nothing arrives for a while.
type watched struct {
	io.ReadCloser
	bound  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
}

// watch returns body with a bound on the time between two arrivals; cancel cancels the request.
func watch(body io.ReadCloser, bound time.Duration, cancel context.CancelCauseFunc) io.ReadCloser {
	stalled := fmt.Errorf("nothing arrived for %s", bound)
	return &watched{ReadCloser: body, bound: bound, timer: time.AfterFunc(bound, func() { cancel(stalled) }), cancel: cancel}
}

// Read reads and starts the time anew.
func (w *watched) Read(text []byte) (int, error) {
	n, err := w.ReadCloser.Read(text)
	w.timer.Reset(w.bound)
	return n, err
}

// Close ends the request.
func (w *watched) Close() error {
	w.timer.Stop()
	w.cancel(nil)
	return w.ReadCloser.Close()
}
