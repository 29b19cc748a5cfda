package source

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/serin-dev/serin/metrics/window"
)

// podsOnly measures pods, and nothing else.
type podsOnly map[Pair]*window.Counts

func (p podsOnly) Read(_ context.Context, q Question) (*Reading, error) {
	if q.Kind != Pods {
		return nil, Unmeasured("no %s here", q.Kind)
	}
	return &Reading{Side: Server, Counts: p}, nil
}

// nodes say on which node a pod runs; of a pod named lost nobody knows.
type nodes struct{ err error }

func (n nodes) Belongs(pod Object, kind Kind) ([]Object, error) {
	switch {
	case n.err != nil:
		return nil, n.err
	case pod.Name == "lost":
		return nil, nil
	case kind == Services: // two Services select every pod
		return []Object{{Namespace: pod.Namespace, Name: "one"}, {Namespace: pod.Namespace, Name: "two"}}, nil
	case pod.Namespace == "t":
		return []Object{{Name: "n1"}}, nil
	}
	return []Object{{Name: "n2"}}, nil
}

func pod(namespace, name string) Object { return Object{Namespace: namespace, Name: name} }

func TestWhatFollowsFromPods(t *testing.T) {
	counts := func(n uint64) *window.Counts { return &window.Counts{Success: n} }
	all := podsOnly{{Of: pod("t", "a")}: counts(1), {Of: pod("t", "b")}: counts(2), {Of: pod("u", "a")}: counts(4), {Of: pod("t", "lost")}: counts(8)}
	edges := podsOnly{
		{Of: pod("t", "a"), Other: pod("u", "a")}: counts(1), {Of: pod("t", "b"), Other: pod("u", "b")}: counts(2),
		{Of: pod("t", "a"), Other: pod("t", "b")}: counts(4), {Of: pod("t", "a"), Other: pod("t", "lost")}: counts(8),
		{Of: pod("t", "a")}: counts(16), // nobody knows who called
	}
	for name, tc := range map[string]struct {
		pods podsOnly
		q    Question
		want map[Pair]*window.Counts
	}{
		"pods are not derived": {all, Question{Kind: Pods}, all},
		"nodes":                {all, Question{Kind: Nodes}, map[Pair]*window.Counts{{Of: Object{Name: "n1"}}: counts(3), {Of: Object{Name: "n2"}}: counts(4)}},
		"two Services of a pod": {podsOnly{{Of: pod("t", "a")}: counts(1)}, Question{Kind: Services},
			map[Pair]*window.Counts{{Of: pod("t", "one")}: counts(1), {Of: pod("t", "two")}: counts(1)}},
		"edges": {edges, Question{Kind: Nodes, Edge: From}, map[Pair]*window.Counts{
			{Of: Object{Name: "n1"}, Other: Object{Name: "n2"}}: counts(3), {Of: Object{Name: "n1"}, Other: Object{Name: "n1"}}: counts(4)}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Derived{Source: tc.pods, Pods: nodes{}}.Read(t.Context(), tc.q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Counts); diff != "" || got.Side != Server {
				t.Errorf("%s: %s", got.Side, diff)
			}
		})
	}
	if diff := cmp.Diff(counts(1), all[Pair{Of: pod("t", "a")}]); diff != "" {
		t.Errorf("what was read was changed: %s", diff)
	}
}

// fails answers everything with an error.
type fails struct{ err error }

func (f fails) Read(context.Context, Question) (*Reading, error) { return nil, f.err }

func TestWhatDoesNotFollow(t *testing.T) {
	for name, tc := range map[string]struct {
		d    Derived
		want string
	}{
		"of a source that fails":            {Derived{Source: fails{window.Unavailable("it is down")}}, "it is down"},
		"of a source that knows no pods":    {Derived{Source: fails{Unmeasured("no such thing")}}, "no such thing"},
		"while nobody knows whose pods are": {Derived{Source: podsOnly{{Of: pod("t", "a")}: {}}, Pods: nodes{errors.New("pods have not been listed yet")}}, "what pods belong to is not known yet: pods have not been listed yet"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tc.d.Read(t.Context(), Question{Kind: Nodes})
			if err == nil || err.Error() != tc.want {
				t.Errorf("got %v, want %s", err, tc.want)
			}
		})
	}
}
