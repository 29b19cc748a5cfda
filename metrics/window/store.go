package window

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// MaxAge is how old an answered window may be: its end lies at most that many window lengths before now. One scrape missed
// at a boundary voids the two windows it belongs to, so the newest complete one is then up to three lengths old.
const MaxAge = 4

// MaxSilence is how many scrapes in a row may all fail before nothing is answered any more.
const MaxSilence = 3

// Store keeps the rounds of the last while. It is safe for concurrent use.
type Store struct {
	interval  time.Duration
	retention time.Duration

	mu        sync.Mutex
	rounds    []int64
	processes []*process
	current   map[string]*process
	bounds    boundsTable
	weights   map[Backend]int64
	answered  time.Time
	reason    string
	cache     map[ticks]*Window
}

// New returns an empty store. interval is the time between two rounds, retention the longest window that can be asked for;
// history is kept for twice as long, because the newest window of that length may have ended one length ago.
func New(interval, retention time.Duration) (*Store, error) {
	switch {
	case interval <= 0:
		return nil, fmt.Errorf("the scrape interval must be positive, not %s", interval)
	case time.Second%interval != 0 && interval%time.Second != 0:
		return nil, fmt.Errorf("the scrape interval %s must be whole seconds or divide a second", interval)
	case retention < interval:
		return nil, fmt.Errorf("the retention %s must be at least one scrape interval of %s", retention, interval)
	}
	return &Store{interval: interval, retention: retention, current: map[string]*process{}, cache: map[ticks]*Window{}}, nil
}

// Add takes in a round. Rounds come in order; one that is not later than the last means that the clock was set back, and
// everything before it is forgotten, because it can no longer be put in order.
func (s *Store) Add(r Round) error {
	if r.At.UnixNano()%int64(s.interval) != 0 {
		return errors.New("the round was not made at a multiple of the scrape interval")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tick := s.tick(r.At)
	if n := len(s.rounds); n > 0 && tick <= s.rounds[n-1] {
		s.rounds, s.processes, s.current = nil, nil, map[string]*process{}
		s.answered, s.cache = time.Time{}, map[ticks]*Window{}
	}
	s.rounds = append(s.rounds, tick)
	listed := map[string]bool{}
	for _, sighting := range r.Sightings {
		listed[sighting.Proxy] = true
		s.see(tick, sighting)
	}
	for proxy := range s.current {
		if !listed[proxy] {
			s.vanish(proxy)
		}
	}
	s.note(r)
	s.trim(tick)
	return nil
}

// see updates the process behind one sighting.
func (s *Store) see(tick int64, seen Sighting) {
	p := s.current[seen.Proxy]
	switch {
	case seen.Snapshot != nil:
		if p != nil && p.seen && !sameRun(p.started, seen.Snapshot.Started) {
			s.vanish(seen.Proxy)
			p = nil
		}
		if p == nil {
			p = s.appear(seen.Proxy)
		}
		if !p.seen {
			p.returned = s.remembers(seen.Proxy, seen.Snapshot.Started)
		}
		p.add(tick, seen.Snapshot, &s.bounds)
	case seen.Ready:
		if p == nil {
			p = s.appear(seen.Proxy)
		}
		p.misses, p.reason = append(p.misses, tick), seen.Reason
	case p != nil:
		s.vanish(seen.Proxy)
	}
}

func (s *Store) appear(proxy string) *process {
	p := &process{proxy: proxy, entries: map[Series]*entry{}}
	s.processes = append(s.processes, p)
	s.current[proxy] = p
	return p
}

func (s *Store) vanish(proxy string) {
	s.current[proxy].gone = true
	delete(s.current, proxy)
}

// remembers reports whether a run of the proxy that began at started was seen before and taken for vanished.
func (s *Store) remembers(proxy string, started time.Time) bool {
	return slices.ContainsFunc(s.processes, func(p *process) bool {
		return p.gone && p.seen && p.proxy == proxy && sameRun(p.started, started)
	})
}

// note keeps what matters of the latest round only: the weights every ready proxy agrees on, and why nobody answered.
func (s *Store) note(r Round) {
	s.weights = agreedWeights(r)
	s.reason = "no proxy is known: their Service has no endpoints"
	for _, sighting := range r.Sightings {
		if sighting.Snapshot != nil {
			s.answered = r.At
			return
		}
		s.reason = fmt.Sprintf("proxy %s: %s", sighting.Proxy, sighting.Reason)
	}
}

// trim forgets what no window that can be asked for needs.
func (s *Store) trim(newest int64) {
	oldest := newest - 2*int64(s.retention/s.interval) - MaxSilence
	kept, _ := slices.BinarySearch(s.rounds, oldest)
	s.rounds = slices.Delete(s.rounds, 0, kept)
	s.processes = slices.DeleteFunc(s.processes, func(p *process) bool { return p.gone && p.last < oldest })
	for _, p := range s.processes {
		p.trim(oldest)
	}
}

func (s *Store) tick(at time.Time) int64 { return at.UnixNano() / int64(s.interval) }

func (s *Store) time(tick int64) time.Time { return time.Unix(0, tick*int64(s.interval)).UTC() }
