package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/live"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"
)

// Bounds of how often -w asks.
const (
	leastInterval = time.Second
	// usualInterval is that of servers that do not say how long their windows are.
	usualInterval = 10 * time.Second
)

// every is how often -w asks: as often as there is a new window.
func (t *top) every(answer traffic.Answer) time.Duration {
	interval := t.interval
	for i := 0; i < len(answer.Items) && interval == 0; i++ {
		interval = answer.Items[i].Window.Duration
	}
	switch {
	case interval == 0 && t.window > 0:
		interval = t.window
	case interval == 0:
		interval = usualInterval
	}
	return max(interval, leastInterval)
}

// watch shows one answer after the other until it is interrupted. A server that does not answer for a while is said, and asked again.
func (t *top) watch(ctx context.Context, c *cluster.Client, q traffic.Question, answer traffic.Answer) error {
	var err error
	if t.interactive() {
		err = t.live(ctx, c, q, answer)
	} else {
		err = t.repeat(ctx, c, q, answer)
	}
	if errors.Is(err, live.ErrLeft) || errors.Is(err, context.Canceled) {
		return exit{code: verdict.Interrupted}
	}
	return err
}

// again asks until the context ends, and hands over what came.
func (t *top) again(ctx context.Context, c *cluster.Client, q traffic.Question, interval time.Duration, take func(traffic.Answer, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		answer, err := t.read(ctx, c, q)
		if ctx.Err() == nil {
			take(answer, err)
		}
	}
}

// repeat prints one table below the other. What goes wrong, or is not understood, is said once for as long as it stays.
func (t *top) repeat(ctx context.Context, c *cluster.Client, q traffic.Question, first traffic.Answer) error {
	var said []string
	away := ""
	take := func(answer traffic.Answer, err error) {
		if err != nil {
			if err.Error() != away {
				away = err.Error()
				fmt.Fprintln(t.ErrOut, away+"; trying again")
			}
			return
		}
		away = ""
		problems := q.Problems(answer)
		t.tell(slices.DeleteFunc(slices.Clone(problems), func(p string) bool { return slices.Contains(said, p) }))
		said = problems
		t.show(q, answer)
		fmt.Fprintln(t.Out)
	}
	take(first, nil)
	t.again(ctx, c, q, t.every(first), take)
	return context.Cause(ctx)
}

// newest is the last answer, and why there is no newer one.
type newest struct {
	mu     sync.Mutex
	answer traffic.Answer
	away   string
}

// live redraws the table on a terminal.
func (t *top) live(ctx context.Context, c *cluster.Client, q traffic.Question, first traffic.Answer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	n, changed := &newest{answer: first}, make(chan struct{}, 1)
	interval := t.every(first)
	go t.again(ctx, c, q, interval, func(answer traffic.Answer, err error) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.away = ""
		if err != nil {
			n.away = err.Error() + "; trying again"
		} else {
			n.answer = answer
		}
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	draw := func(now time.Time, width int) live.Frame {
		n.mu.Lock()
		defer n.mu.Unlock()
		return live.Frame{Lines: t.frame(q, n, view.Options{Now: now, Width: width, Paint: t.paint()}, interval)}
	}
	err := live.Show(ctx, live.Terminal{In: t.keys(), Out: t.Out, Environment: t.Environment}, changed, draw)
	n.mu.Lock()
	defer n.mu.Unlock()
	t.show(q, n.answer)
	return err
}

// frame is the picture of a moment.
func (t *top) frame(q traffic.Question, n *newest, o view.Options, interval time.Duration) []string {
	var lines []string
	if n.away != "" {
		lines = view.Sentence(view.Wrong, n.away, o)
	}
	if len(n.answer.Items) == 0 {
		lines = append(lines, view.Sentence(view.Normal, nothing(q), o)...)
	} else {
		lines = append(lines, view.Top(q, n.answer.Items, t.detailed(o))...)
	}
	for _, problem := range q.Problems(n.answer) {
		lines = append(lines, view.Sentence(view.Careful, "note: "+problem, o)...)
	}
	return append(lines, view.Sentence(view.Faint, fmt.Sprintf("Asking every %s. q leaves.", interval), o)...)
}
