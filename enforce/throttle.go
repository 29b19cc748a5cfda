package enforce

import (
	"sync"
	"time"
)

// Throttle lets one of each id pass per interval.
type Throttle struct {
	interval time.Duration
	mu       sync.Mutex
	passed   map[string]time.Time
	held     map[string]int
}

// maxThrottled bounds how many ids a Throttle remembers.
const maxThrottled = 4096

// NewThrottle returns a throttle that has let nothing pass yet.
func NewThrottle(interval time.Duration) *Throttle {
	return &Throttle{interval: interval, passed: map[string]time.Time{}, held: map[string]int{}}
}

// Pass reports whether an id may pass now, and how many of it were held back since it last did.
func (t *Throttle) Pass(id string, now time.Time) (held int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, known := t.passed[id]; known && now.Sub(last) < t.interval {
		t.held[id]++
		return 0, false
	}
	if len(t.passed) >= maxThrottled {
		clear(t.passed)
		clear(t.held)
	}
	held = t.held[id]
	t.passed[id] = now
	delete(t.held, id)
	return held, true
}
