package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
)

const (
	// keptTicks is how many snapshots are kept, so that whoever asks later, or has a slower clock, gets the same numbers.
	keptTicks = 3
	// tickTolerance is the farthest from a tick, by this proxy's clock, that its numbers may be taken.
	tickTolerance = time.Second

	tickExample = "/metrics/tick?at=2026-08-22T10:00:00.2Z"
)

// ticks answers what /metrics answers, but once for each tick of the wall clock: whoever asks for a tick first has the counters
// read, and everybody who asks for it afterwards gets the same numbers.
//
// Each snapshot stands for the ticks from the one before it, exclusive, to its own, inclusive. Only later ones are ever added,
// so no tick changes its numbers, and none has lower ones than a tick before it.
type ticks struct {
	gather  prometheus.Gatherer
	options promhttp.HandlerOpts
	now     func() time.Time

	mu sync.Mutex
	// kept are the snapshots by tick, ascending, at most keptTicks of them.
	kept []snapshot
	// passed is the last tick whose snapshot is no longer kept; the zero time while there is none.
	passed time.Time
}

// snapshot is what was counted when its tick was first asked for.
type snapshot struct {
	tick time.Time
	// answer says it in the format that the asker wants.
	answer http.Handler
}

// ServeHTTP answers GET /metrics/tick?at=<tick in the form of RFC 3339>.
func (t *ticks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	stated := r.URL.Query()["at"]
	if len(stated) != 1 {
		http.Error(w, fmt.Sprintf("at is stated %d times: ask for one tick, such as %s", len(stated), tickExample), http.StatusBadRequest)
		return
	}
	tick, err := time.Parse(time.RFC3339Nano, stated[0])
	if err != nil {
		http.Error(w, "at is not a time in the form of RFC 3339: ask for a tick, such as "+tickExample, http.StatusBadRequest)
		return
	}
	t.answerFor(tick).ServeHTTP(w, r)
}

// answerFor returns what answers an asker of the tick. The lock is held while the counters are read, so that those who ask at
// the same moment wait for one reading; it is not held while the answer is written.
func (t *ticks) answerFor(tick time.Time) http.Handler {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	ahead, back := tick.Sub(now), now.Sub(tick) // neither wraps around
	if ahead > tickTolerance {
		return refusal(http.StatusBadRequest, "the tick lies %s ahead of this proxy's clock, more than the %s allowed: the clocks disagree",
			upward(ahead), tickTolerance)
	}
	if n := len(t.kept); n > 0 && t.kept[n-1].tick.Sub(now) > tickTolerance {
		t.kept, t.passed = nil, time.Time{} // this clock was set back, so what is kept belongs to ticks that are yet to come
	}
	i, found := slices.BinarySearchFunc(t.kept, tick, func(s snapshot, at time.Time) int { return s.tick.Compare(at) })
	switch {
	case found:
		return t.kept[i].answer
	case back > tickTolerance:
		return refusal(http.StatusGone, "the tick lies %s back by this proxy's clock, and its numbers are not kept: nobody asked for it within %s, or the clocks disagree",
			upward(back), tickTolerance)
	case !tick.After(t.passed):
		return refusal(http.StatusGone, "the numbers of the tick are not kept: %d later ticks were asked for since, and more than that are not kept", keptTicks)
	case i < len(t.kept):
		return t.kept[i].answer // taken for a later tick already: to count anew would give this one more than that one has
	}
	return t.take(tick)
}

// take reads the counters for a tick after all that are kept. What cannot be read is not kept, so the next asker has them read.
func (t *ticks) take(tick time.Time) http.Handler {
	families, err := t.gather.Gather()
	if err != nil {
		return refusal(http.StatusInternalServerError, "the counters cannot be read: %v", err)
	}
	if len(t.kept) == keptTicks {
		t.passed = t.kept[0].tick
		t.kept = slices.Delete(t.kept, 0, 1)
	}
	// Nobody changes the families from here on: encoding reads them, and the registry makes new ones each time.
	read := prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return families, nil })
	answer := promhttp.HandlerFor(read, t.options)
	t.kept = append(t.kept, snapshot{tick: tick, answer: answer})
	return answer
}

// refusal answers with one sentence.
func refusal(status int, format string, args ...any) http.Handler {
	sentence := fmt.Sprintf(format, args...)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, sentence, status) })
}

// upward rounds to the next tenth of a second, so that what is too much never reads as what is allowed, and the words stay the
// same from tick to tick.
func upward(d time.Duration) time.Duration {
	const tenth = 100 * time.Millisecond
	rounded := d.Round(tenth)
	if rounded < d {
		rounded += tenth
	}
	return rounded
}
