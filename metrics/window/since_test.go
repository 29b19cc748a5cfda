package window

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestWindowsThatBeginWhereTheyAreAskedTo(t *testing.T) {
	for name, tc := range map[string]struct {
		reason     string
		missed     []int
		now, since int
		end        int
		requests   uint64
	}{
		"up to now":                        {"nothing is waited for", nil, 17, 13, 17, 40},
		"from a second that no length has": {"it is the asker's", nil, 20, 7, 20, 130},
		"the newest scrape was missed":     {"the window ends before it, and the next one has it", []int{17, 16}, 17, 13, 15, 20},
		"a scrape inside was missed":       {"only the ends are read", []int{14, 15}, 17, 13, 17, 40},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			missed := map[int]bool{}
			for _, second := range tc.missed {
				missed[second] = true
			}
			for second := 0; second <= tc.now; second++ {
				seen := answers("a", said(uint64(10*second)))
				if missed[second] {
					seen = silent("a")
				}
				add(t, s, second, seen, answers("b", said(0)))
			}
			r, err := s.Read(Span{Since: at(tc.since)}, at(tc.now))
			if err != nil {
				t.Fatal(err)
			}
			if n := total(r.Window, v1).Success; !r.Start.Equal(at(tc.since)) || !r.End.Equal(at(tc.end)) || n != tc.requests {
				t.Errorf("%s: got %d in (%s, %s], want %d until %d", tc.reason, n, r.Start, r.End, tc.requests, tc.end)
			}
		})
	}
}

func TestWindowsThatCannotBeginWhereTheyAreAskedTo(t *testing.T) {
	s := newStore(t)
	for second := 100; second <= 120; second++ {
		seen := answers("a", undated(uint64(second)))
		if second == 105 {
			seen = silent("a")
		}
		if second >= 115 {
			seen = answers("a", undated(uint64(second-100)))
		}
		add(t, s, second, seen)
	}
	var invalid *InvalidSpanError
	var gone *GoneError
	var unavailable *UnavailableError
	for name, tc := range map[string]struct {
		since time.Time
		kind  any
		want  string
	}{
		"between two seconds": {at(110).Add(time.Millisecond), &invalid,
			"since 2026-08-22T10:01:50.001Z must be a whole second and a multiple of the scrape interval 1s since the epoch"},
		"in the future": {at(300), &invalid, "since 2026-08-22T10:05:00Z lies in the future: it is 2026-08-22T10:02:00Z here"},
		"before what is known": {at(99), &gone,
			"no window can begin at 10:01:39 UTC: scrapes are known since 10:01:40 UTC only"},
		"where a scrape was missed": {at(105), &gone,
			"no window can begin at 10:01:45 UTC: ready proxy a did not answer the scrape of 10:01:45 UTC: connection refused"},
		"now":         {at(120), &unavailable, "no scrape was made after 10:02:00 UTC yet, where the window begins"},
		"in a moment": {at(121), &unavailable, "no scrape was made after 10:02:01 UTC yet, where the window begins"},
		"right before the counters went back": {at(114), &gone,
			"no window can begin at 10:01:54 UTC any more: the counters of proxy a went back at 10:01:55 UTC although it was not restarted"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Read(Span{Since: tc.since}, at(120))
			if err == nil || !errors.As(err, tc.kind) || err.Error() != tc.want {
				t.Errorf("got %T %v, want %s", err, err, tc.want)
			}
		})
	}
}

// TestWindowsThatFollowEachOtherCountEveryRequestOnce asks each time since the end of the last answer, whatever scrapes fail.
func TestWindowsThatFollowEachOtherCountEveryRequestOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(time.Second, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		counters, served := []uint64{100, 0}, map[int]uint64{}
		last, sum := 0, uint64(0)
		for second := range 60 {
			var sightings []Sighting
			for i := range counters {
				counters[i] += rapid.Uint64Range(0, 1000).Draw(t, "requests")
				sighting := answers(fmt.Sprint("p", i), said(counters[i]))
				if second > 0 && rapid.IntRange(0, 2).Draw(t, "missed") == 0 {
					sighting = silent(fmt.Sprint("p", i))
				}
				sightings = append(sightings, sighting)
			}
			served[second] = counters[0] + counters[1]
			if err := s.Add(Round{At: at(second), Sightings: sightings}); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "does not ask") {
				continue
			}
			r, err := s.Read(Span{Since: at(last)}, at(second))
			if err != nil {
				continue
			}
			if !r.Start.Equal(at(last)) || !r.End.After(r.Start) {
				t.Fatalf("asked since %d, got (%s, %s]", last, r.Start, r.End)
			}
			last = int(r.End.Sub(epoch) / time.Second)
			sum += total(r.Window, v1).Success
			if sum != served[last]-served[0] {
				t.Fatalf("up to %d the windows have %d requests together, %d were served", last, sum, served[last]-served[0])
			}
		}
	})
}
