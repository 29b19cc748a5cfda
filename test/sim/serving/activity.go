package serving

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Activity knows when the last request was answered and how many are being answered.
type Activity struct {
	mu       sync.Mutex
	active   int
	last     time.Time
	draining bool
}

// NewActivity begins now.
func NewActivity() *Activity { return &Activity{last: time.Now()} }

// Watch notes the handler's requests. While draining, each answer asks the caller to come back by another connection.
func (a *Activity) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.begin() {
			w.Header().Set("Connection", "close")
		}
		defer a.end()
		next.ServeHTTP(w, r)
	})
}

func (a *Activity) begin() (draining bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active++
	return a.draining
}

func (a *Activity) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.active--
	a.last = time.Now()
}

// Drain returns when the time least has passed and nobody has asked for the time quiet, counted from now at the earliest, or when the
// context ends.
func (a *Activity) Drain(ctx context.Context, least, quiet time.Duration) {
	began := time.Now()
	a.mu.Lock()
	a.draining, a.last = true, began
	a.mu.Unlock()
	for {
		left := max(least-time.Since(began), a.quietIn(quiet))
		if left <= 0 || ctx.Err() != nil {
			return
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// quietIn returns how long it takes at least until the quiet time has passed.
func (a *Activity) quietIn(quiet time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.active > 0 {
		return quiet
	}
	return quiet - time.Since(a.last)
}
