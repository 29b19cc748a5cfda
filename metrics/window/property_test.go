package window

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// simulation is a world of proxies that serve, fail, restart and vanish, and knows what really happened.
type simulation struct {
	t     *rapid.T
	store *Store
	now   int // second
	// served are the requests of v1 that were served in the second before each tick, by all proxies together.
	served []uint64
	// troubled says of each tick that something happened in the second before it for which counts may be lost.
	troubled []bool
	proxies  []*simulated
	// answered are the counts of every window ever answered, by length and end.
	answered map[time.Duration]map[int]uint64
}

// simulated is one proxy.
type simulated struct {
	name    string
	listed  bool
	ready   bool
	started int
	dated   bool
	counter uint64
}

func (p *simulated) snapshot() *Snapshot {
	s := undated(p.counter)
	if p.dated {
		s.Started = at(p.started)
	}
	return s
}

// step lets one second pass: every proxy serves, then something may happen to it, then the round is made.
func (w *simulation) step() {
	w.now++
	w.served, w.troubled = append(w.served, 0), append(w.troubled, false)
	var sightings []Sighting
	for _, p := range w.proxies {
		w.serve(p)
		w.happen(p)
		if !p.listed {
			continue
		}
		sighting := Sighting{Proxy: p.name, Ready: p.ready, Reason: "timeout"}
		if rapid.IntRange(0, 9).Draw(w.t, "answers") > 0 {
			sighting.Snapshot = p.snapshot()
		} else if !p.ready {
			w.trouble()
		}
		sightings = append(sightings, sighting)
	}
	if rapid.IntRange(0, 29).Draw(w.t, "round") == 0 {
		return // the server itself was too late
	}
	if err := w.store.Add(Round{At: at(w.now), Sightings: sightings}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *simulation) serve(p *simulated) {
	n := rapid.Uint64Range(0, 5).Draw(w.t, "requests")
	p.counter += n
	w.served[w.now-1] += n
}

// happen changes the life of a proxy.
func (w *simulation) happen(p *simulated) {
	switch rapid.IntRange(0, 79).Draw(w.t, "event") {
	case 0: // restarts; what it served since the last snapshot is lost
		p.counter, p.started = 0, w.now-1
		w.serve(p)
		w.trouble()
	case 1: // its counters are reset
		p.counter = 0
		w.trouble()
	case 2:
		p.listed = !p.listed
		w.trouble()
	case 3:
		p.ready = !p.ready
	}
}

func (w *simulation) trouble() { w.troubled[w.now-1] = true }

// read asks for the newest window and checks it against what really happened.
func (w *simulation) read(length time.Duration) {
	r, err := w.store.Read(Span{Length: length}, at(w.now))
	if err != nil {
		return
	}
	end, seconds := int(r.End.Sub(epoch)/time.Second), int(length/time.Second)
	if end%seconds != 0 || end > w.now || end < seconds {
		w.t.Fatalf("at %d the window of %s ends at %d", w.now, length, end)
	}
	served, calm := uint64(0), true
	for second := end - seconds; second < end; second++ {
		served += w.served[second]
		calm = calm && !w.troubled[second]
	}
	got := total(r.Window, v1).Success
	if got > served {
		w.t.Fatalf("window (%d, %d]: %d requests are counted, %d were served", end-seconds, end, got, served)
	}
	if calm && w.calmBefore(end-seconds) && got != served {
		w.t.Fatalf("window (%d, %d] without trouble: %d requests are counted, %d were served", end-seconds, end, got, served)
	}
	if w.answered[length] == nil {
		w.answered[length] = map[int]uint64{}
	}
	if before, again := w.answered[length][end]; again && before != got {
		w.t.Fatalf("window (%d, %d] had %d requests, now it has %d", end-seconds, end, before, got)
	}
	w.answered[length][end] = got
}

// calmBefore reports whether every listed proxy was counted at the tick: nothing that happened shortly before it can reach
// into the window that begins there.
func (w *simulation) calmBefore(tick int) bool {
	for second := max(0, tick-15); second < tick; second++ {
		if w.troubled[second] {
			return false
		}
	}
	return tick >= 15
}

func TestEveryRequestIsCountedAtMostOnceAndInItsWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &simulation{t: t, answered: map[time.Duration]map[int]uint64{}}
		w.store, _ = New(time.Second, time.Minute)
		for i := range rapid.IntRange(1, 3).Draw(t, "proxies") {
			w.proxies = append(w.proxies, &simulated{name: fmt.Sprint("p", i), listed: true, ready: true,
				started: -5, dated: rapid.Bool().Draw(t, "dated")})
		}
		for range rapid.IntRange(20, 80).Draw(t, "seconds") {
			w.step()
			w.read(time.Second)
			w.read(4 * time.Second)
			w.read(12 * time.Second)
		}
		w.compareLengths()
	})
}

// compareLengths checks that a window and the shorter windows it consists of agree: together they count no more.
func (w *simulation) compareLengths() {
	for end, long := range w.answered[4*time.Second] {
		sum, all := uint64(0), true
		for second := end - 3; second <= end; second++ {
			n, answered := w.answered[time.Second][second]
			sum, all = sum+n, all && answered
		}
		if all && sum > long {
			w.t.Fatalf("the window (%d, %d] has %d requests, its seconds have %d", end-4, end, long, sum)
		}
	}
}

// TestWindowsOfAHealthyDataPlaneCountEverything is the plain case: scrapes fail now and then, nothing else.
func TestWindowsOfAHealthyDataPlaneCountEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := New(time.Second, time.Minute)
		length := rapid.IntRange(1, 6).Draw(t, "length")
		counters, atEnd := []uint64{100, 0}, map[int]uint64{}
		sum, answered := uint64(0), map[int]bool{}
		for second := range 60 {
			var sightings []Sighting
			for i := range counters {
				counters[i] += rapid.Uint64Range(0, 1000).Draw(t, "requests")
				sighting := answers(fmt.Sprint("p", i), said(counters[i]))
				if second%length != 0 && rapid.Bool().Draw(t, "missed") {
					sighting = silent(fmt.Sprint("p", i))
				}
				sightings = append(sightings, sighting)
			}
			atEnd[second] = counters[0] + counters[1]
			if err := s.Add(Round{At: at(second), Sightings: sightings}); err != nil {
				t.Fatal(err)
			}
			if second < length || second%length != 0 {
				continue
			}
			r, err := s.Read(Span{Length: time.Duration(length) * time.Second}, at(second))
			if err != nil || !r.End.Equal(at(second)) || answered[second] {
				t.Fatalf("at %d: %v, %v", second, r, err)
			}
			answered[second] = true
			sum += total(r.Window, v1).Success
			if sum != atEnd[second]-atEnd[0] {
				t.Fatalf("up to %d the windows have %d requests together, %d were served", second, sum, atEnd[second]-atEnd[0])
			}
		}
	})
}
