package conformance

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// sourceStops is TM-S7.
func sourceStops(t *testing.T, s *stage) {
	path := s.path("/deployments/b")
	before := s.begin(t, path, time.Time{})
	n := of(s.send(t, call{caller: "a", apex: "all-b", count: 20}), "b")
	s.question(path).whole(t, before, sums{"b from server": n})

	must(t, s.stop(t.Context()))
	for _, about := range []string{path, path + "/edges", s.path("/deployments"), s.path("/trafficsplits/app")} {
		for _, parameters := range [][]string{nil, {"window", s.shortest.String()}, {"since", stamp(before)}} {
			s.unavailable(t, s.question(about), parameters)
		}
	}
	must(t, s.cluster.available(t.Context())) // what cannot be counted must not take the API away
	_, err := s.question(s.path("/deployments/x")).ask(t.Context())
	must(t, says(err, http.StatusNotFound, `deployments.metrics.smi-spec.io "x" not found`))
	if s.kept {
		more := of(s.send(t, call{caller: "a", apex: "all-b", count: 30}), "b")
		n = counts{n.success + more.success, n.failure, n.timed + more.timed}
	}

	began := time.Now()
	must(t, s.start(t.Context()))
	t.Logf("the source was back after %s", time.Since(began).Round(time.Millisecond))
	if s.kept {
		s.question(path).whole(t, before, sums{"b from server": n})
	}
	var settled time.Time
	if s.settling > 0 {
		settled = time.Now().Add(s.settling)
	}
	since := s.begin(t, path, settled)
	again := of(s.send(t, call{caller: "a", apex: "all-b", count: 10, status: http.StatusBadGateway}), "b")
	s.question(path).whole(t, since, sums{"b from server": again})
	t.Logf("and counted %s after it was started", time.Since(began).Round(time.Millisecond))
}

// unavailable asks until there is no answer any more, and then twice: the words stay the same.
func (s *stage) unavailable(t *testing.T, q *question, parameters []string) {
	t.Helper()
	last := ""
	eventually(t, q.path+" is not answered", func() error {
		_, err := q.ask(t.Context(), parameters...)
		if wrong := says(err, http.StatusServiceUnavailable, s.down); wrong != nil {
			return wrong
		}
		if words := err.Error(); words != last {
			last = words
			return fmt.Errorf("said once: %s", words)
		}
		return nil
	})
}
