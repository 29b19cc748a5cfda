package window

import (
	"errors"
	"testing"
	"time"
)

// epoch is second zero of the tests; a multiple of every window length they use.
var epoch = time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)

func at(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }

// v1 and v2 are the series of two backends.
var (
	v1 = Series{Namespace: "shop", Split: "birds", Apex: "birds", Backend: "birds-v1", Workload: "birds-v1", Pod: "birds-v1-a"}
	v2 = Series{Namespace: "shop", Split: "birds", Apex: "birds", Backend: "birds-v2", Workload: "birds-v2", Pod: "birds-v2-a"}
)

// said is a snapshot with n successes of v1, of a process that began long ago.
func said(n uint64) *Snapshot {
	return &Snapshot{Started: at(-3600), Series: map[Series]Counts{v1: {Success: n}}}
}

// began is the same of a process that began at the second.
func began(second int, n uint64) *Snapshot {
	s := said(n)
	s.Started = at(second)
	return s
}

// undated is the same of a process that does not say when it began.
func undated(n uint64) *Snapshot { return &Snapshot{Series: map[Series]Counts{v1: {Success: n}}} }

func answers(proxy string, s *Snapshot) Sighting {
	return Sighting{Proxy: proxy, Ready: true, Snapshot: s}
}

func silent(proxy string) Sighting {
	return Sighting{Proxy: proxy, Ready: true, Reason: "connection refused"}
}

func unready(proxy string, s *Snapshot) Sighting {
	return Sighting{Proxy: proxy, Snapshot: s, Reason: "connection refused"}
}

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := New(time.Second, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func add(t testing.TB, s *Store, second int, sightings ...Sighting) {
	t.Helper()
	if err := s.Add(Round{At: at(second), Sightings: sightings}); err != nil {
		t.Fatal(err)
	}
}

// fill adds rounds from one second up to another in which the proxy a answers the second's number times ten.
func fill(t testing.TB, s *Store, from, to int) {
	t.Helper()
	for second := from; second <= to; second++ {
		add(t, s, second, answers("a", said(uint64(10*second))))
	}
}

// successes returns the end of the answered window in seconds and the successes of v1 in it.
func successes(t testing.TB, s *Store, length time.Duration, now int) (int, uint64) {
	t.Helper()
	r, err := s.Read(Span{Length: length}, at(now))
	if err != nil {
		t.Fatalf("at second %d: %v", now, err)
	}
	return int(r.End.Sub(epoch) / time.Second), total(r.Window, v1).Success
}

func total(w *Window, series Series) Counts {
	for _, row := range w.Rows {
		if row.Series == series {
			return row.Counts
		}
	}
	return Counts{}
}

func wantUnavailable(t testing.TB, s *Store, length time.Duration, now int, sentence string) {
	t.Helper()
	_, err := s.Read(Span{Length: length}, at(now))
	var unavailable *UnavailableError
	if !errors.As(err, &unavailable) || err.Error() != sentence {
		t.Errorf("at second %d got %v, want unavailable: %s", now, err, sentence)
	}
}
