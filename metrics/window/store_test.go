package window

import (
	"errors"
	"testing"
	"time"
)

func TestWindowIsTheExactDifferenceBetweenItsEnds(t *testing.T) {
	s := newStore(t)
	for second := 0; second <= 25; second++ {
		add(t, s, second, answers("a", said(uint64(10*second))), answers("b", said(uint64(1000+second))))
	}
	for length, want := range map[time.Duration][2]int{ // end, successes
		time.Second:      {25, 11},
		2 * time.Second:  {24, 22},
		5 * time.Second:  {25, 55},
		10 * time.Second: {20, 110},
		20 * time.Second: {20, 220},
	} {
		end, got := successes(t, s, length, 25)
		if end != want[0] || got != uint64(want[1]) {
			t.Errorf("window %s: got %d ending at %d, want %d ending at %d", length, got, end, want[1], want[0])
		}
	}
}

func TestEveryReaderWithinALengthSeesTheSameWindow(t *testing.T) {
	s := newStore(t)
	fill(t, s, 0, 20)
	first, _ := s.Read(Span{Length: 10 * time.Second}, at(20))
	for second := 21; second < 30; second++ {
		add(t, s, second, answers("a", said(uint64(99*second))))
		if again, _ := s.Read(Span{Length: 10 * time.Second}, at(second)); again.Window != first.Window {
			t.Fatalf("at second %d the window is %v, before it was %v", second, again.Window, first.Window)
		}
	}
	add(t, s, 30, answers("a", said(9999)))
	if next, _ := s.Read(Span{Length: 10 * time.Second}, at(30)); !next.Start.Equal(first.End) {
		t.Errorf("the next window begins at %s, the last one ended at %s", next.Start, first.End)
	}
}

func TestMissedScrapes(t *testing.T) {
	for name, tc := range map[string]struct {
		reason  string
		missed  []int
		want    map[int]int // second of reading -> end of the window answered
		through int
	}{
		"inside a window": {
			reason: "only the ends of a window are read", missed: []int{13, 14, 17},
			want: map[int]int{20: 20, 30: 30}, through: 30,
		},
		"at a boundary": {
			reason: "the boundary ends one window and begins the next: both are void", missed: []int{20},
			want: map[int]int{21: 10, 30: 10, 39: 10, 40: 40}, through: 40,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			missed := map[int]bool{}
			for _, second := range tc.missed {
				missed[second] = true
			}
			for second := 0; second <= tc.through; second++ {
				seen := answers("a", said(uint64(10*second)))
				if missed[second] {
					seen = silent("a")
				}
				add(t, s, second, seen, answers("b", said(0)))
				if want, asked := tc.want[second]; asked {
					if end, n := successes(t, s, 10*time.Second, second); end != want || n != 100 {
						t.Errorf("%s: at %d got %d ending at %d, want 100 ending at %d", tc.reason, second, n, end, want)
					}
				}
			}
		})
	}
}

func TestARoundThatWasNotMadeVoidsItsWindows(t *testing.T) {
	s := newStore(t)
	fill(t, s, 0, 19)
	fill(t, s, 21, 40)
	if end, n := successes(t, s, 10*time.Second, 40); end != 40 || n != 100 {
		t.Errorf("got %d ending at %d, want 100 ending at 40", n, end)
	}
	fill(t, s, 41, 49)
	s2 := newStore(t)
	fill(t, s2, 0, 19)
	fill(t, s2, 21, 39)
	if end, _ := successes(t, s2, 10*time.Second, 39); end != 10 {
		t.Errorf("got the window ending at %d, want 10", end)
	}
}

func TestAnOldWindowIsNotAnswered(t *testing.T) {
	s := newStore(t)
	fill(t, s, 0, 19)
	for second := 20; second <= 51; second++ {
		add(t, s, second, answers("b", said(0)), silent("a"))
	}
	if end, _ := successes(t, s, 10*time.Second, 50); end != 10 {
		t.Errorf("got the window ending at %d, want 10", end)
	}
	wantUnavailable(t, s, 10*time.Second, 51,
		"no complete window of 10s in the last 40s: ready proxy a has not answered since 10:00:19 UTC: connection refused")
}

func TestWhoHoldsWindowsUpIsNamed(t *testing.T) {
	s := newStore(t)
	add(t, s, 0, answers("b", said(0)), silent("a"))
	for second := 1; second <= 4; second++ {
		add(t, s, second, answers("b", said(0)), answers("a", said(0)))
	}
	wantUnavailable(t, s, 4*time.Second, 4,
		"no complete window of 4s in the last 16s: ready proxy a did not answer the scrape of 10:00:00 UTC: connection refused")
}

func TestNothingIsAnsweredWithoutAProxy(t *testing.T) {
	s := newStore(t)
	wantUnavailable(t, s, 10*time.Second, 0, "no proxy has been scraped yet")
	add(t, s, 0)
	wantUnavailable(t, s, 10*time.Second, 0, "no proxy has been scraped yet: no proxy is known: their Service has no endpoints")
	add(t, s, 1, silent("a"))
	wantUnavailable(t, s, 10*time.Second, 1, "no proxy has been scraped yet: proxy a: connection refused")
}

func TestNothingIsAnsweredBeforeTheFirstWindowIsFull(t *testing.T) {
	s := newStore(t)
	fill(t, s, 3, 19)
	wantUnavailable(t, s, 10*time.Second, 19, "no complete window of 10s in the last 40s: scrapes are known since 10:00:03 UTC only")
	fill(t, s, 20, 20)
	if end, n := successes(t, s, 10*time.Second, 20); end != 20 || n != 100 {
		t.Errorf("got %d ending at %d, want 100 ending at 20", n, end)
	}
}

func TestSilenceOfEveryProxyIsNeverZeroRequests(t *testing.T) {
	s := newStore(t)
	fill(t, s, 0, 20)
	for second := 21; second <= 24; second++ {
		add(t, s, second, silent("a"))
	}
	if end, _ := successes(t, s, 10*time.Second, 23); end != 20 {
		t.Errorf("got the window ending at %d, want 20", end)
	}
	wantUnavailable(t, s, 10*time.Second, 24,
		"no proxy has answered since 10:00:20 UTC, more than 3 scrapes of 1s ago: proxy a: connection refused")
}

func TestLengthsThatCannotBeAnswered(t *testing.T) {
	half, err := New(500*time.Millisecond, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	two, err := New(2*time.Second, 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for sentence, ask := range map[string]struct {
		store  *Store
		length time.Duration
	}{
		"window 0s must be positive":                                   {two, 0},
		"window -10s must be positive":                                 {two, -10 * time.Second},
		"window 1s must be a multiple of the scrape interval 2s":       {two, time.Second},
		"window 1.5s must be whole seconds":                            {half, 1500 * time.Millisecond},
		"window 5m2s must not exceed 5m0s, for which counts are kept":  {two, 5*time.Minute + 2*time.Second},
		"window 300ms must be a multiple of the scrape interval 500ms": {half, 300 * time.Millisecond},
	} {
		_, err := ask.store.Read(Span{Length: ask.length}, at(0))
		var invalid *InvalidSpanError
		if !errors.As(err, &invalid) || err.Error() != sentence {
			t.Errorf("%s: got %v, want %s", ask.length, err, sentence)
		}
	}
}

func TestNewRefusesIntervalsThatSharedWindowsCannotHave(t *testing.T) {
	for _, bad := range []time.Duration{0, -time.Second, 300 * time.Millisecond, 1500 * time.Millisecond} {
		if _, err := New(bad, time.Minute); err == nil {
			t.Errorf("interval %s was accepted", bad)
		}
	}
	if _, err := New(10*time.Second, time.Second); err == nil {
		t.Error("a retention shorter than the interval was accepted")
	}
	if err := newStore(t).Add(Round{At: epoch.Add(time.Millisecond)}); err == nil {
		t.Error("a round between two ticks was accepted")
	}
}

func TestAClockSetBackForgetsWhatCannotBeOrdered(t *testing.T) {
	s := newStore(t)
	fill(t, s, 100, 120)
	add(t, s, 50, answers("a", said(5000)))
	wantUnavailable(t, s, 10*time.Second, 50,
		"no complete window of 10s in the last 40s: scrapes are known since 10:00:50 UTC only")
	for second := 51; second <= 60; second++ {
		add(t, s, second, answers("a", said(uint64(5000+second-50))))
	}
	if end, n := successes(t, s, 10*time.Second, 60); end != 60 || n != 10 {
		t.Errorf("got %d ending at %d, want 10 ending at 60", n, end)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s, err := New(time.Second, 20*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for second := range 500 {
		pod := v1
		pod.Pod = string(rune('a' + second/100)) // a new pod every 100 s
		snapshot := &Snapshot{Started: at(-1), Series: map[Series]Counts{pod: {Success: uint64(second)}}}
		add(t, s, second, answers("a", snapshot), answers(string(rune('A'+second/50)), undated(uint64(second))))
	}
	if len(s.rounds) > 50 || len(s.processes) > 3 {
		t.Errorf("%d rounds and %d processes are kept for 40 s", len(s.rounds), len(s.processes))
	}
	for _, p := range s.processes {
		for series, e := range p.entries {
			if n := len(e.requests.track.chunks); n > 3 {
				t.Errorf("%d chunks of %v are kept", n, series)
			}
		}
		if len(p.entries) > 2 {
			t.Errorf("proxy %s has %d series", p.proxy, len(p.entries))
		}
	}
	if end, n := successes(t, s, 20*time.Second, 499); end != 480 || n != 20 {
		t.Errorf("got %d ending at %d, want 20 ending at 480", n, end)
	}
}
