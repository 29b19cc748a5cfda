package queries

import (
	"context"
	"sync"
	"time"
)

// question is one query at one instant. The API knows no time shorter than a millisecond.
type question struct {
	query string
	milli int64
}

func at(query string, t time.Time) question { return question{query, t.UnixMilli()} }

func (q question) time() time.Time { return time.UnixMilli(q.milli) }

// point is what a query gives: a number, or no series.
type point struct {
	number float64
	found  bool
}

// answer is what became of a question: a point, unless it failed.
type answer struct {
	point
	failure *failure
}

// answers are all that is known about what was asked for one window.
type answers struct {
	to map[question]answer
	// peak is the highest number that a query gave before the window, where one is remembered.
	peak map[string]float64
}

// answers asks what is not remembered and need not be left alone.
func (r *Reader) answers(ctx context.Context, src *source, wanted []question, w window) answers {
	began := r.opts.Now()
	r.mu.Lock()
	said, open := r.known(src, wanted, w)
	r.mu.Unlock()
	var fresh []answer
	if len(open) > 0 {
		fresh = r.askAll(ctx, src, open)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, q := range open {
		said.to[q] = r.keep(src, q, fresh[i], w)
	}
	if len(open) > 0 {
		r.settle(ctx, src, began, said, open)
	}
	for q := range said.to {
		if peak, ok := r.memory.peak(src.key(q), w.start.UnixMilli()); ok {
			said.peak[q.query] = peak
		}
	}
	return said
}

// known is what is remembered of the questions, or the failure for which one is left alone. The rest is open. It is called
// with the lock held.
func (r *Reader) known(src *source, wanted []question, w window) (said answers, open []question) {
	now := r.opts.Now()
	said = answers{to: map[question]answer{}, peak: map[string]float64{}}
	for _, q := range wanted {
		k := src.key(q)
		if _, twice := said.to[q]; twice || q == w.earlier(q.query) && r.memory.before(k, w.start.UnixMilli()) {
			continue
		}
		if p, ok := r.memory.get(k, q.milli); ok {
			said.to[q] = answer{point: p}
		} else if f := r.rests.of(src.own, k, now); f != nil {
			said.to[q] = answer{failure: f}
		} else {
			said.to[q] = answer{}
			open = append(open, q)
		}
	}
	return said, open
}

// askAll asks several questions, some at a time, and returns what became of each.
func (r *Reader) askAll(ctx context.Context, src *source, open []question) []answer {
	fresh := make([]answer, len(open))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(r.opts.Concurrency, len(open)) {
		workers.Go(func() {
			for i := range next {
				fresh[i] = src.ask(ctx, open[i], r.opts.Timeout)
			}
		})
	}
	for i := range open {
		next <- i
	}
	close(next)
	workers.Wait()
	return fresh
}

// keep remembers an answer. Where another Canary asked the same at the same time, the first answer stands, so that the next
// window begins with what this one ended with. It is called with the lock held.
func (r *Reader) keep(src *source, q question, a answer, w window) answer {
	if a.failure == nil {
		a.point = r.memory.keep(src.key(q), q.milli, a.point, until{window: w, now: r.opts.Now()})
	}
	return a
}
