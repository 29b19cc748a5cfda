package main

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

// drain returns when the time least has passed and nobody has asked for the time quiet, or when the context ends.
func (a *activity) drain(ctx context.Context, least, quiet time.Duration) {
	began := time.Now()
	a.mu.Lock()
	a.draining, a.last = true, began
	a.mu.Unlock()
	for {
		left := max(least-time.Since(began), a.quietIn(quiet))
		if left <= 0 || ctx.Err() != nil {
			return
		}
		pause(ctx, left)
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

// spread says yes to an even share of all questions, so that every stretch of traffic has its share.
type spread struct {
	percent float64

	mu    sync.Mutex
	asked int
}

func (s *spread) next() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := int(float64(s.asked) * s.percent / 100)
	s.asked++
	return int(float64(s.asked)*s.percent/100) > before
}
