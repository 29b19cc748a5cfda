package notifier

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/lru"
)

// letter is one message to one place.
type letter struct {
	dest    Destination
	message Message
	queued  time.Time
	number  uint64 // counts up over all letters, so that the oldest is known
}

// address is what makes a letter the same letter.
type address struct {
	dest Destination
	key  string
}

func (l letter) address() address { return address{l.dest, l.message.Key} }

// backlog holds the letters that wait, in order for each destination, and knows every letter it was handed lately.
type backlog struct {
	mu       sync.Mutex
	capacity int
	closed   bool
	number   uint64
	count    int
	waiting  map[Destination][]letter
	attended map[Destination]bool // a worker takes this destination's letters
	open     map[address]bool     // waiting or being sent
	settled  *lru.Cache           // of address: sent or lost
}

func newBacklog(capacity, remember int) *backlog {
	return &backlog{
		capacity: capacity,
		waiting:  map[Destination][]letter{},
		attended: map[Destination]bool{},
		open:     map[address]bool{},
		settled:  lru.New(remember),
	}
}

// add queues a letter unless it was added before, and returns the letter given up for it and why. In a full backlog that
// is the oldest of the least severe ones, which may be the new letter itself; in a closed one it is the new letter.
func (b *backlog) add(l letter) (lost letter, why error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.settled.Get(l.address()); known || b.open[l.address()] {
		return letter{}, nil
	}
	if b.closed {
		b.conclude(l)
		return l, errStopped
	}
	b.number++
	l.number = b.number
	b.waiting[l.dest] = append(b.waiting[l.dest], l)
	b.open[l.address()] = true
	b.count++
	if b.count > b.capacity {
		return b.evict(), errFull
	}
	return letter{}, nil
}

// evict takes out the oldest of the least severe letters.
func (b *backlog) evict() letter {
	var least *letter
	at := -1
	for _, queue := range b.waiting {
		for i := range queue {
			if least == nil || queue[i].before(least) {
				least, at = &queue[i], i
			}
		}
	}
	evicted := *least
	b.waiting[evicted.dest] = slices.Delete(b.waiting[evicted.dest], at, at+1)
	if len(b.waiting[evicted.dest]) == 0 {
		delete(b.waiting, evicted.dest)
	}
	b.count--
	b.conclude(evicted)
	return evicted
}

// before says whether l is given up before other.
func (l *letter) before(other *letter) bool {
	return cmp.Or(cmp.Compare(rank(l.message.Severity), rank(other.message.Severity)), cmp.Compare(l.number, other.number)) < 0
}

// unattended returns the destinations that have letters and no worker, and counts them as attended from now on.
func (b *backlog) unattended() []Destination {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []Destination
	for dest, queue := range b.waiting {
		if len(queue) > 0 && !b.attended[dest] {
			b.attended[dest] = true
			found = append(found, dest)
		}
	}
	return found
}

// next takes out the destination's oldest letter. When there is none the destination is no longer attended.
func (b *backlog) next(dest Destination) (letter, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	queue := b.waiting[dest]
	if len(queue) == 0 {
		delete(b.waiting, dest)
		delete(b.attended, dest)
		return letter{}, false
	}
	oldest := queue[0]
	b.waiting[dest] = slices.Delete(queue, 0, 1)
	b.count--
	return oldest, true
}

// settle notes that a letter was sent or lost, so that it is not accepted again.
func (b *backlog) settle(l letter) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conclude(l)
}

// conclude turns an open letter into a settled one.
func (b *backlog) conclude(l letter) {
	delete(b.open, l.address())
	b.settled.Add(l.address(), nil)
}

// close refuses letters from now on, and returns those that still wait.
func (b *backlog) close() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var left []letter
	for _, queue := range b.waiting {
		left = append(left, queue...)
	}
	for _, l := range left {
		b.conclude(l)
	}
	b.waiting, b.count = map[Destination][]letter{}, 0
	return left
}
