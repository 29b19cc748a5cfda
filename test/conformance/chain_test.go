package conformance

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// chain is a question that is asked each time since the end of the last answer.
type chain struct {
	*question

	since time.Time
	// sent is what was sent until now, and all what the windows until now have.
	sent, all sums
	answers   []answer
}

// chain begins a chain.
func (q *question) chain(since time.Time) *chain {
	return &chain{question: q, since: since, sent: sums{}, all: sums{}}
}

// next asks for the next window. It must begin where the last one ended, and must not have what was never sent.
func (c *chain) next(t *testing.T) {
	t.Helper()
	var a answer
	var broken error
	err := until(t.Context(), fmt.Sprintf("%s since %s, with %v of %v", c.path, stamp(c.since), c.all, c.sent), func() error {
		var err error
		if a, err = c.ask(t.Context(), "since", stamp(c.since)); c.final(err) {
			broken = err
			return nil
		}
		return err
	})
	must(t, err)
	must(t, broken)
	must(t, follows(a, c.since))
	if len(a.items) == 0 {
		t.Fatalf("%s has no items, so nothing says where the next window begins", c.path)
	}
	c.answers, c.since, c.all = append(c.answers, a), a.end, c.all.plus(a.sums())
	must(t, c.all.within(c.sent))
}

// finish asks on until the windows have everything that was sent, and then for one more, which must have nothing.
func (c *chain) finish(t *testing.T) {
	t.Helper()
	for began := time.Now(); !cmp.Equal(c.sent, c.all, cmp.AllowUnexported(counts{})); {
		if time.Since(began) > patience {
			t.Fatalf("%s: %d windows have %v of %v", c.path, len(c.answers), c.all, c.sent)
		}
		c.next(t)
	}
	c.next(t)
}

// send sends requests and notes what the chain has to find: those that each backend answered.
func (c *chain) send(t *testing.T, s *stage, one call, names map[string]string) {
	t.Helper()
	results := s.send(t, one)
	for backend, name := range names {
		if n := of(results, backend); n != (counts{}) {
			c.sent = c.sent.plus(sums{name: n})
		}
	}
}
