package prometheus

import (
	"context"
	"sync"
	"time"

	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// key is a question whose answer does not change.
type key struct {
	profile   *Profile
	kind      source.Kind
	edge      source.Edge
	namespace string
	span      span
}

// cache keeps answers, so that everybody who asks about objects of a namespace in one window is answered at once.
type cache struct {
	mu      sync.Mutex
	answers map[key]*answer
}

// answer is one answer. Whoever asks while it is being got waits for it.
type answer struct {
	done    chan struct{}
	reading *source.Reading
	err     error
	asked   time.Time
}

const (
	// keepErrors is how long nothing is asked again that failed.
	keepErrors = time.Second
	// keepFor is how long an answer is kept after it was asked for first, and mostKept how many are.
	keepFor  = 2 * time.Minute
	mostKept = 128
)

func (c *cache) get(ctx context.Context, k key, now time.Time, ask func(context.Context) (*source.Reading, error)) (*source.Reading, error) {
	c.mu.Lock()
	a := c.answers[k]
	if a == nil || a.failed() && now.Sub(a.asked).Abs() > keepErrors {
		c.trim(now)
		a = &answer{done: make(chan struct{}), asked: now}
		c.answers[k] = a
		go func() {
			defer close(a.done)
			// The one who asked first may leave, others may wait: the queries bound themselves.
			a.reading, a.err = ask(context.WithoutCancel(ctx))
		}()
	}
	c.mu.Unlock()
	select {
	case <-a.done:
		return a.reading, a.err
	case <-ctx.Done():
		return nil, window.Unavailable("Prometheus did not answer before the request ended")
	}
}

// failed reports whether there will be no answer.
func (a *answer) failed() bool {
	select {
	case <-a.done:
		return a.err != nil
	default:
		return false
	}
}

// trim forgets what is old, and anything if there is too much of it. It is called with the lock held.
func (c *cache) trim(now time.Time) {
	for k, a := range c.answers {
		if now.Sub(a.asked).Abs() > keepFor || len(c.answers) >= mostKept {
			delete(c.answers, k)
		}
	}
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.answers)
}
