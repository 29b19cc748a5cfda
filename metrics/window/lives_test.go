package window

import (
	"testing"
	"time"
)

// TestLivesOfProxies says what is counted when proxies come and go. The proxy b stands for the rest of them: it always
// answers and counts nothing. What a says at each second from 0 on is one sighting; nil means that it is no endpoint.
func TestLivesOfProxies(t *testing.T) {
	seen := func(s Sighting) *Sighting { return &s }
	a := func(s *Snapshot) *Sighting { return seen(answers("a", s)) }
	type windows map[int]uint64 // end of the window -> requests in it; windows have 4 s
	for name, tc := range map[string]struct {
		reason string
		a      []*Sighting
		want   windows
	}{
		"vanishes": {
			reason: "it counts up to its last snapshot, in that window, and nowhere else",
			a:      []*Sighting{a(said(0)), a(said(5)), a(said(9)), nil, nil, nil, nil, nil, nil},
			want:   windows{4: 9, 8: 0},
		},
		"stops answering and is then no endpoint any more": {
			reason: "that it vanished completes the window afterwards",
			a:      []*Sighting{a(said(0)), a(said(5)), a(said(9)), seen(silent("a")), seen(silent("a")), nil, nil, nil, nil},
			want:   windows{4: 9, 8: 0},
		},
		"is neither ready nor answering": {
			reason: "it does not hold up the others",
			a:      []*Sighting{a(said(0)), a(said(5)), a(said(9)), seen(unready("a", nil)), seen(unready("a", nil)), nil, nil, nil, nil},
			want:   windows{4: 9, 8: 0},
		},
		"drains": {
			reason: "one that is not ready but answers still counts",
			a: []*Sighting{a(said(0)), a(said(5)), seen(unready("a", said(9))), seen(unready("a", said(11))),
				seen(unready("a", said(12))), seen(unready("a", said(20))), nil, nil, nil},
			want: windows{4: 12, 8: 8},
		},
		"appears, began in the window": {
			reason: "all it ever served lies in the window",
			a:      []*Sighting{nil, nil, a(began(1, 7)), a(began(1, 8)), a(began(1, 10)), a(began(1, 10)), a(began(1, 10)), a(began(1, 10)), a(began(1, 10))},
			want:   windows{4: 10, 8: 0},
		},
		"appears, began before the window": {
			reason: "how much of its first snapshot lies in the window is not known",
			a:      []*Sighting{nil, nil, a(began(-1, 7)), a(began(-1, 8)), a(began(-1, 10)), a(began(-1, 10)), a(began(-1, 10)), a(began(-1, 10)), a(began(-1, 13))},
			want:   windows{4: 3, 8: 3},
		},
		"appears, does not say when it began": {
			reason: "how much of its first snapshot lies in the window is not known",
			a:      []*Sighting{nil, nil, a(undated(7)), a(undated(8)), a(undated(10)), a(undated(10)), a(undated(10)), a(undated(10)), a(undated(11))},
			want:   windows{4: 3, 8: 1},
		},
		"appears before it is ready, and does not answer at first": {
			reason: "it holds nobody up before it may be given traffic",
			a: []*Sighting{seen(unready("a", nil)), seen(unready("a", nil)), seen(unready("a", nil)), a(began(2, 1)), a(began(2, 2)),
				a(began(2, 2)), a(began(2, 2)), a(began(2, 2)), a(began(2, 5))},
			want: windows{4: 2, 8: 3},
		},
		"restarts and says so": {
			reason: "the old run counts up to its last snapshot, the new one from zero",
			a:      []*Sighting{a(said(100)), a(said(105)), a(said(109)), a(began(3, 2)), a(began(3, 4)), a(began(3, 120)), a(began(3, 120)), a(began(3, 120)), a(began(3, 120))},
			want:   windows{4: 9 + 4, 8: 116},
		},
		"restarts and has served more than before by then": {
			reason: "the stated start tells, not the numbers",
			a:      []*Sighting{a(said(0)), a(said(1)), a(said(2)), a(began(3, 50)), a(began(3, 50)), a(began(3, 50)), a(began(3, 50)), a(began(3, 50)), a(began(3, 50))},
			want:   windows{4: 2 + 50, 8: 0},
		},
		"moves its stated start a little": {
			reason: "clocks are set; it is the same process",
			a:      []*Sighting{a(began(-1, 3)), a(began(-1, 5)), a(began(0, 9)), a(began(-1, 9)), a(began(0, 9)), a(began(1, 9)), a(began(0, 9)), a(began(0, 9)), a(began(0, 9))},
			want:   windows{4: 6, 8: 0},
		},
		"comes back": {
			reason: "it is counted from its first snapshot after the return, never from zero again",
			a:      []*Sighting{nil, a(began(1, 5)), nil, a(began(1, 9)), a(began(1, 10)), a(began(1, 10)), nil, a(began(1, 20)), a(began(1, 21))},
			want:   windows{4: 5 + 1, 8: 1},
		},
		"comes back long after": {
			reason: "a run that began before the window is counted from its first snapshot after the return",
			a:      []*Sighting{a(said(0)), a(said(5)), nil, nil, nil, nil, a(said(50)), a(said(51)), a(said(53))},
			want:   windows{4: 5, 8: 3},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			for second, sighting := range tc.a {
				sightings := []Sighting{answers("b", said(0))}
				if sighting != nil {
					sightings = append(sightings, *sighting)
				}
				add(t, s, second, sightings...)
			}
			for end, want := range tc.want {
				got := readEnding(t, s, 4*time.Second, end)
				if n := total(got, v1).Success; n != want {
					t.Errorf("%s: the window ending at %d has %d requests, want %d", tc.reason, end, n, want)
				}
			}
		})
	}
}

// readEnding reads a window that is not the newest one.
func readEnding(t *testing.T, s *Store, length time.Duration, end int) *Window {
	t.Helper()
	w := ticks{start: s.tick(at(end).Add(-length)), end: s.tick(at(end))}
	if gap := s.gap(w); gap != "" {
		t.Fatalf("the window ending at %d is not complete: %s", end, gap)
	}
	return s.window(w)
}

func TestAReadyProxyThatNeverAnsweredHoldsTheWindowUp(t *testing.T) {
	s := newStore(t)
	for second := 0; second <= 8; second++ {
		sightings := []Sighting{answers("b", said(uint64(second)))}
		if second >= 4 {
			sightings = append(sightings, silent("a"))
		}
		add(t, s, second, sightings...)
	}
	wantUnavailable(t, s, 4*time.Second, 8,
		"no complete window of 4s in the last 16s: ready proxy a has never answered: connection refused")
	add(t, s, 9, answers("b", said(9)))
	if end, n := successes(t, s, 4*time.Second, 9); end != 8 || n != 4 {
		t.Errorf("after it went got %d ending at %d, want 4 ending at 8", n, end)
	}
}

func TestSeriesOfOneProxy(t *testing.T) {
	of := func(one, two *Counts) *Snapshot {
		s := &Snapshot{Started: at(-3600), Series: map[Series]Counts{}}
		if one != nil {
			s.Series[v1] = *one
		}
		if two != nil {
			s.Series[v2] = *two
		}
		return s
	}
	n := func(success, failure uint64) *Counts { return &Counts{Success: success, Failure: failure} }
	s := newStore(t)
	for second, snapshot := range []*Snapshot{
		of(n(100, 10), nil),
		of(n(100, 12), n(5, 0)), // v2 is new in a proxy that is known: all of it is new
		of(n(100, 12), nil),     // the proxy forgot v2
		of(n(102, 13), n(6, 1)), // v2 is back, from zero
		of(n(103, 13), n(7, 1)),
	} {
		add(t, s, second, answers("a", snapshot))
	}
	w := readEnding(t, s, 4*time.Second, 4)
	for series, want := range map[Series][2]uint64{v1: {3, 3}, v2: {5 + 7, 1}} {
		got := total(w, series)
		if got.Success != want[0] || got.Failure != want[1] {
			t.Errorf("%s: got %d and %d, want %v", series.Backend, got.Success, got.Failure, want)
		}
	}
}

func TestAResetVoidsTheWindowsThatItLiesIn(t *testing.T) {
	s := newStore(t)
	for second, n := range []uint64{100, 105, 109, 110, 2, 4, 4, 4, 9, 11, 12, 13, 14} {
		add(t, s, second, answers("a", undated(n)), answers("b", said(0)))
	}
	wantGap := func(w ticks, want string) {
		t.Helper()
		w.start, w.end = s.tick(at(int(w.start))), s.tick(at(int(w.end)))
		if got := s.gap(w); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	const back = "the counters of proxy a went back at 10:00:04 UTC although it was not restarted"
	wantGap(ticks{start: 0, end: 4}, back)
	wantGap(ticks{start: 3, end: 5}, back)
	wantGap(ticks{start: 0, end: 3}, "")
	wantGap(ticks{start: 4, end: 8}, "")
	for end, want := range map[int]uint64{3: 5 + 4 + 1, 8: 7, 12: 5} {
		length := time.Duration(min(end, 4)) * time.Second
		if n := total(readEnding(t, s, length, end), v1).Success; n != want {
			t.Errorf("the window ending at %d has %d requests, want %d", end, n, want)
		}
	}
}
