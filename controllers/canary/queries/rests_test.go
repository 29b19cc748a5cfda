package queries

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAPrometheusThatHangs has a listener that takes connections and never says a word.
func TestAPrometheusThatHangs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	const timeout = 50 * time.Millisecond
	now, requests := &clock{now: end}, &counting{}
	reader := New(Options{Timeout: timeout, Now: now.Now, Transport: &slow{counting: requests, clock: now, takes: timeout}})
	c := canary("http://"+silent.Addr().String(), gauge("queue", "q", "", "9"), gauge("errors", "e", "", "9"))
	want := fmt.Sprintf("Prometheus http://%s did not answer within 50ms", silent.Addr())
	for range 3 {
		if got := problem(t.Context(), reader, c); got != want {
			t.Errorf("problem %q, want %q", got, want)
		}
	}
	asked := requests.requests.Load()
	if asked == 0 || asked > 2 {
		t.Errorf("%d requests in three looks, want those of one: one for each check", asked)
	}
	now.turn(restsPer * 2 * timeout)
	if got := problem(t.Context(), reader, c); got != want || requests.requests.Load() == asked {
		t.Errorf("after a rest: problem %q, %d requests", got, requests.requests.Load())
	}
}

// slow turns the clock as far as a request takes.
type slow struct {
	*counting
	clock *clock
	takes time.Duration
}

func (s *slow) RoundTrip(request *http.Request) (*http.Response, error) {
	defer s.clock.turn(s.takes)
	return s.counting.RoundTrip(request)
}

// TestAQueryThatTakesTooLongHarmsNoOther has a Prometheus that answers all queries but one.
func TestAQueryThatTakesTooLongHarmsNoOther(t *testing.T) {
	var heavy atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.FormValue("query"), "heavy") {
			heavy.Add(1)
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, five)
	}))
	t.Cleanup(server.Close)
	now := &clock{now: end}
	reader := New(Options{Timeout: 200 * time.Millisecond, Now: now.Now, Transport: &slow{&counting{}, now, 10 * time.Millisecond}})
	c := canary(server.URL, gauge("heavy", "heavy", "", "9"), gauge("queue", "q", "", "9"))
	for i := range 3 {
		got := reader.Ask(t.Context(), c, between(end.Add(-time.Second), end))
		if got[0].Problem == "" || got[1].Problem != "" || got[1].Value != 5 {
			t.Errorf("look %d: %+v", i, got)
		}
	}
	if got := heavy.Load(); got != 1 {
		t.Errorf("what takes too long was asked %d times in a row, want once", got)
	}
	light := canary(server.URL, gauge("queue", "q", "", "9"))
	if got := problem(t.Context(), reader, light); got != "" {
		t.Errorf("another Canary's problem is %q", got)
	}
}

// TestNoMoreThanSomeAtATime holds the bound on the queries of one Canary in flight.
func TestNoMoreThanSomeAtATime(t *testing.T) {
	var now, most, arrived atomic.Int64
	var first sync.WaitGroup // the first four wait for each other
	first.Add(4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		if arrived.Add(1) <= 4 {
			first.Done()
		}
		first.Wait()
		now.Add(-1)
		fmt.Fprint(w, five)
	}))
	t.Cleanup(server.Close)
	c := canary(server.URL)
	for i := range 10 {
		name := fmt.Sprintf("q%d", i)
		c.Spec.Analysis.Checks = append(c.Spec.Analysis.Checks, share(name, name+"_$(version)", name+"_all"))
	}
	got := New(Options{Timeout: patient}).Ask(t.Context(), c, between(end.Add(-time.Second), end))
	if len(got) != 10 || got[9].Problem != "" || most.Load() != 4 {
		t.Errorf("%d at a time, want 4: %+v", most.Load(), got)
	}
	if arrived.Load() != 90 {
		t.Errorf("%d requests, want 90, three for each counter: what is the same for both versions is asked once", arrived.Load())
	}
}

// TestALookThatIsGivenUpSaysNothing has the controller stop while a Prometheus is asked.
func TestALookThatIsGivenUpSaysNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	answers := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what was sent has to be read before the end of the connection is seen
		if !answers {
			cancel()
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, five)
	}))
	t.Cleanup(server.Close)
	reader, c := New(Options{Timeout: patient}), canary(server.URL, gauge("queue", "q", "", "9"))
	if got := problem(ctx, reader, c); got == "" {
		t.Error("an answer came after all")
	}
	answers = true
	if diff := cmp.Diff("", problem(t.Context(), reader, c)); diff != "" {
		t.Errorf("the next look's problem (-want +got):\n%s", diff)
	}
}
