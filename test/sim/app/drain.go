package app

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// activity knows when the last request was answered and how many are being answered.
type activity struct {
	mu       sync.Mutex
	active   int
	last     time.Time
	draining bool
}

func newActivity() *activity { return &activity{last: time.Now()} }

// watch notes the handler's requests. While draining, each answer asks the caller to come back by another connection.
func (a *activity) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.begin() {
			w.Header().Set("Connection", "close")
		}
		defer a.end()
		next.ServeHTTP(w, r)
	})
}

func (a *activity) begin() (draining bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active++
	return a.draining
}

func (a *activity) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active--
	a.last = time.Now()
}

// drain returns when no request has come for the quiet time, counted from now at the earliest, or when the context ends.
func (a *activity) drain(ctx context.Context, quiet time.Duration) {
	a.mu.Lock()
	a.draining, a.last = true, time.Now()
	a.mu.Unlock()
	for left := quiet; left > 0; left = a.quietIn(quiet) {
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// quietIn returns how long it takes at least until the quiet time has passed.
func (a *activity) quietIn(quiet time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.active > 0 {
		return quiet
	}
	return quiet - time.Since(a.last)
}
