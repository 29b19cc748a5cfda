package notifier

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/lru"
)

// backlog holds the letters that are not settled, and knows every letter that was settled lately. How many wait is bounded
// by who enqueues: a Canary's status holds only so many announcements.
type backlog struct {
	mu      sync.Mutex
	closed  bool
	number  uint64
	backoff wait.Backoff
	queues  map[string]*queue // by Destination.ID
	open    map[address]bool  // waiting or being sent
	settled *lru.Cache        // of address: delivered or given up
	counts  counts
}

// queue is what waits for one destination. One worker at a time takes its letters, one after another.
type queue struct {
	lanes    map[string]*lane // by the Canary's UID
	pace     pace
	attended bool
	arrived  chan struct{}
}

// lane is what waits for one destination about one Canary: its order is kept whatever happens to the others.
type lane struct {
	letters []*entry
	pace    pace
	turn    uint64 // counts up over all tries that failed; 0 if the newest one of this lane did not
	left    bool   // tried for the last time before the end
}

// before says whether a lane is tried before another: what has not failed comes first, then what failed the longest ago,
// so that a letter that always fails delays no other.
func (l *lane) before(other *lane) bool {
	return other == nil || cmp.Or(cmp.Compare(l.turn, other.turn), cmp.Compare(l.letters[0].number, other.letters[0].number)) < 0
}

// entry is a letter in a lane.
type entry struct {
	Letter
	number uint64 // counts up over all letters, so that the oldest is known
	why    error  // what its newest try met
}

// pace spaces tries out.
type pace struct {
	backoff   wait.Backoff
	notBefore time.Time
}

func (p *pace) slow(now time.Time, least time.Duration) time.Duration {
	pause := max(p.backoff.Step(), least)
	p.notBefore = now.Add(pause)
	return pause
}

func newBacklog(backoff wait.Backoff, remember int, counts counts) *backlog {
	return &backlog{
		backoff: backoff,
		queues:  map[string]*queue{},
		open:    map[address]bool{},
		settled: lru.New(remember),
		counts:  counts,
	}
}

// add puts a letter into its lane, by its number there, unless it was added before. It says whether it did.
func (b *backlog) add(l Letter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := l.address()
	if _, known := b.settled.Get(at); known || b.open[at] || b.closed {
		return false
	}
	l.Message.Act = slices.Clone(l.Message.Act)
	b.open[at] = true
	b.number++
	q := b.queues[at.dest]
	if q == nil {
		q = &queue{lanes: map[string]*lane{}, pace: pace{backoff: b.backoff}, arrived: make(chan struct{}, 1)}
		b.queues[at.dest] = q
	}
	lain := q.lanes[l.Message.UID]
	if lain == nil {
		lain = &lane{pace: pace{backoff: b.backoff}}
		q.lanes[l.Message.UID] = lain
	}
	place := slices.IndexFunc(lain.letters, func(e *entry) bool { return e.Message.Seq > l.Message.Seq })
	if place < 0 {
		place = len(lain.letters)
	}
	lain.letters = slices.Insert(lain.letters, place, &entry{Letter: l, number: b.number})
	b.counts.waiting.WithLabelValues(string(l.Dest.Service)).Inc()
	signal(q.arrived)
	return true
}

// unattended returns the destinations that have letters and no worker, and counts them as attended from now on.
func (b *backlog) unattended() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []string
	for id, q := range b.queues {
		if len(q.lanes) > 0 && !q.attended {
			q.attended = true
			found = append(found, id)
		}
	}
	return found
}

// next returns the destination's letter to try now. It stays in its lane until it is settled. When there is none to try
// yet it returns nil, and how long to wait or for what; when there is none at all, found is false and the destination is
// no longer attended.
func (b *backlog) next(id string, now time.Time) (e *entry, pause time.Duration, arrived <-chan struct{}, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[id]
	if len(q.lanes) == 0 {
		b.leave(id, now)
		return nil, 0, nil, false
	}
	if pause := q.pace.notBefore.Sub(now); pause > 0 {
		return nil, pause, nil, true
	}
	soonest := time.Time{}
	var first *lane
	for _, lain := range q.lanes {
		switch {
		case lain.pace.notBefore.After(now):
			if soonest.IsZero() || lain.pace.notBefore.Before(soonest) {
				soonest = lain.pace.notBefore
			}
		case lain.before(first):
			first = lain
		}
	}
	if first != nil {
		return first.letters[0], 0, nil, true
	}
	return nil, soonest.Sub(now), q.arrived, true
}

// last is next at the end: it waits for nothing, and passes over what left was called for.
func (b *backlog) last(id string) (e *entry, found bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[id]
	var first *lane
	for _, lain := range q.lanes {
		if !lain.left && lain.before(first) {
			first = lain
		}
	}
	if first == nil {
		return nil, false
	}
	return first.letters[0], true
}

// left passes over a letter's lane from now on: its letters stay for the next process, in their order.
func (b *backlog) left(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queues[e.Dest.ID()].lanes[e.Message.UID].left = true
}

// delay notes that a try failed, and returns how long it is until the next: the letter's lane waits, and so does the
// destination, but other lanes come first then.
func (b *backlog) delay(e *entry, now time.Time, least time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[e.Dest.ID()]
	lain := q.lanes[e.Message.UID]
	b.number++
	lain.turn = b.number
	return max(lain.pace.slow(now, least), q.pace.slow(now, least))
}

// ease notes that the service dealt with a letter: what comes next need not wait.
func (b *backlog) ease(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[e.Dest.ID()]
	q.pace = pace{backoff: b.backoff}
	lain := q.lanes[e.Message.UID]
	lain.pace, lain.turn = pace{backoff: b.backoff}, 0
}

// settle takes a letter out that was delivered or given up, so that it is not accepted again.
func (b *backlog) settle(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := e.address()
	q := b.queues[at.dest]
	lain := q.lanes[e.Message.UID]
	place := slices.Index(lain.letters, e)
	lain.letters = slices.Delete(lain.letters, place, place+1)
	if len(lain.letters) == 0 {
		delete(q.lanes, e.Message.UID)
	}
	delete(b.open, at)
	b.settled.Add(at, nil)
	b.counts.waiting.WithLabelValues(string(e.Dest.Service)).Dec()
}

// leave ends a worker's attendance.
func (b *backlog) leave(id string, now time.Time) {
	b.queues[id].attended = false
	if !b.queues[id].pace.notBefore.After(now) {
		delete(b.queues, id)
	}
}

// close accepts no letter from now on.
func (b *backlog) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// signal wakes whoever waits, or will.
func signal(arrived chan<- struct{}) {
	select {
	case arrived <- struct{}{}:
	default:
	}
}
