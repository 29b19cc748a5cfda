package proxy

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/serin-dev/serin/enforce"
)

// strangerMemory is how long an address that no pod has is remembered after it called last.
const strangerMemory = time.Minute

// strangers are the addresses that called and that no pod is known to have. A pod may call before its kubelet has told its address,
// so an address that calls for the first time is given some time to become a pod's. One that had this time is not given it again
// while it goes on to call, so that what is no pod is refused at once.
type strangers struct {
	// grace is the time that a new address is given.
	grace time.Duration

	mu    sync.Mutex
	calls map[netip.Addr]calls
	swept time.Time
}

// calls are the first call of a stranger, and the newest.
type calls struct{ first, last time.Time }

// left is how long a caller from an address may be waited for now, 0 or less if it had its time.
func (s *strangers) left(address netip.Addr, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[netip.Addr]calls{}
	}
	if now.Sub(s.swept) > strangerMemory {
		s.swept = now
		for known, c := range s.calls {
			if now.Sub(c.last) > strangerMemory {
				delete(s.calls, known)
			}
		}
	}
	c, known := s.calls[address]
	if !known || now.Sub(c.last) > strangerMemory {
		c.first = now
	}
	c.last = now
	s.calls[address] = c
	return s.grace - now.Sub(c.first)
}

// forget is told that an address is a pod's after all. The next pod that has it may be a new one.
func (s *strangers) forget(address netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, address)
}

// meet returns the table by which a caller at a front is judged: the one in force, and where that refuses callers and has no pod of
// the address, the one that has, if there is one in time.
func (p *plane) meet(ctx context.Context, f *front, peer netip.Addr) *table {
	t := p.table.Load()
	if f.route.Load().apex.mode != accessEnforce || !peer.IsValid() || t.pods.At(peer) != enforce.Nobody {
		return t
	}
	left := p.strangers.left(peer, time.Now())
	if left <= 0 {
		return t
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	for t.pods.At(peer) == enforce.Nobody {
		select {
		case <-t.superseded:
			t = p.table.Load()
		case <-timer.C:
			return p.table.Load()
		case <-ctx.Done():
			return t
		}
	}
	p.strangers.forget(peer)
	return t
}
