package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// question is a path that is asked again and again, of each asker in turn.
type question struct {
	path   string
	askers []asker
	asked  int
	// gone is how many in a row said that no window can begin there.
	gone int
}

// answer is one window and what was counted in it.
type answer struct {
	body []byte
	kind string
	// start and end are those of the window; zero in a list without items, which does not say.
	start, end time.Time
	items      []smi.TrafficMetrics
}

// counts are requests: those that went well, those that failed, and those in the histogram.
type counts struct{ success, failure, timed float64 }

// sums are counts by what they belong to, without those that are zero.
type sums map[string]counts

// name says what an item's numbers belong to.
func name(m smi.TrafficMetrics) string {
	text := m.Name
	if m.Backend != nil {
		text += " " + m.Backend.Apex + " " + m.Backend.Name
	}
	text += " " + m.Edge.Direction + " " + m.Edge.Side
	if other := m.Edge.Resource; other.Name != "" {
		text += " " + other.Namespace + "/" + other.Name
	}
	return text
}

// countsOf reads an item.
func countsOf(m smi.TrafficMetrics) counts {
	var n counts
	n.success, _ = m.Count(smi.SuccessCount)
	n.failure, _ = m.Count(smi.FailureCount)
	if buckets := m.LatencyBuckets(); len(buckets) > 0 {
		n.timed = buckets[len(buckets)-1].Count
	}
	return n
}

func (a answer) sums() sums {
	all := sums{}
	for _, item := range a.items {
		if n := countsOf(item); n != (counts{}) {
			all[name(item)] = n
		}
	}
	return all
}

// plus adds what another window counted.
func (s sums) plus(other sums) sums {
	all := maps.Clone(s)
	for key, n := range other {
		before := all[key]
		all[key] = counts{before.success + n.success, before.failure + n.failure, before.timed + n.timed}
	}
	return all
}

// within returns an error if anything was counted that was not sent.
func (s sums) within(sent sums) error {
	for key, n := range s {
		if most := sent[key]; n.success > most.success || n.failure > most.failure || n.timed > most.timed {
			return fmt.Errorf("%s has %v, and only %v were sent", key, n, most)
		}
	}
	return nil
}

// read reads an answer. Everything in it must be understood, and belong to one window.
func read(body []byte) (answer, error) {
	a := answer{body: body}
	var list struct {
		metav1.TypeMeta

		Items []smi.TrafficMetrics `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return a, err
	}
	a.kind, a.items = list.Kind, list.Items
	if list.Kind == "TrafficMetrics" {
		a.items = make([]smi.TrafficMetrics, 1)
		if err := json.Unmarshal(body, &a.items[0]); err != nil {
			return a, err
		}
	}
	for _, item := range a.items {
		start, end := item.Timestamp.Add(-item.Window.Duration), item.Timestamp.Time
		switch {
		case len(item.Problems) > 0:
			return a, fmt.Errorf("%s: %v", name(item), item.Problems)
		case !a.end.IsZero() && (!end.Equal(a.end) || !start.Equal(a.start)):
			return a, fmt.Errorf("one answer has two windows: %s", body)
		}
		a.start, a.end = start, end
	}
	return a, nil
}

// refusal is an answer that is none.
type refusal struct{ metav1.Status }

func (r refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Code, r.Reason, r.Message) }

// ask asks once. The error is a refusal if the answer is one.
func (q *question) ask(ctx context.Context, parameters ...string) (answer, error) {
	query := url.Values{}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	ask := q.askers[q.asked%len(q.askers)]
	q.asked++
	code, body, err := ask(ctx, q.path+"?"+query.Encode())
	if err != nil {
		return answer{}, err
	}
	if code == http.StatusOK {
		return read(body)
	}
	var r refusal
	if err := json.Unmarshal(body, &r.Status); err != nil || r.Kind != "Status" || int(r.Code) != code || r.Message == "" {
		return answer{}, fmt.Errorf("%d with what is no Status: %.300s", code, body)
	}
	return answer{}, r
}

// final reports whether asking again cannot help: after a refusal other than 503. One replica may have missed the scrape with
// which another ended its window, so all of them have to say that no window can begin there.
func (q *question) final(err error) bool {
	r, refused := err.(refusal) //nolint:errorlint // ask does not wrap it
	if refused && r.Code == http.StatusGone {
		q.gone++
		return q.gone >= len(q.askers)
	}
	q.gone = 0
	return refused && r.Code != http.StatusServiceUnavailable
}

// begin returns the end of a window that ended after the given time: nothing that is sent from now on lies before it.
func (s *stage) begin(t *testing.T, path string, after time.Time) time.Time {
	t.Helper()
	q := s.question(path)
	var end time.Time
	eventually(t, path+" has a window", func() error {
		a, err := q.ask(t.Context(), "window", s.shortest.String())
		if err == nil && !a.end.After(after) {
			err = fmt.Errorf("the newest window ended at %s, not after %s", a.end, after)
		}
		end = a.end
		return err
	})
	return end
}

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// whole asks since one time until a window has everything that was sent, and returns that answer.
func (q *question) whole(t *testing.T, since time.Time, sent sums) answer {
	t.Helper()
	var got answer
	var broken error
	err := until(t.Context(), fmt.Sprintf("%s since %s", q.path, stamp(since)), func() error {
		a, err := q.ask(t.Context(), "since", stamp(since))
		if err == nil {
			broken = follows(a, since)
		}
		if err == nil && broken == nil {
			broken = a.sums().within(sent)
		}
		if q.final(err) {
			broken = err
		}
		if diff := cmp.Diff(sent, a.sums(), cmp.AllowUnexported(counts{})); err == nil && diff != "" {
			err = fmt.Errorf("not everything is in yet: %s", diff)
		}
		got = a
		if broken != nil {
			return nil
		}
		return err
	})
	must(t, err)
	must(t, broken)
	return got
}

// follows returns an error unless the window begins at the time.
func follows(a answer, since time.Time) error {
	if len(a.items) > 0 && (!a.start.Equal(since) || !a.end.After(since)) {
		return fmt.Errorf("asked since %s, the window is that from %s to %s", stamp(since), stamp(a.start), stamp(a.end))
	}
	return nil
}
