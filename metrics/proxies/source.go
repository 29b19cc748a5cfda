package proxies

import (
	"context"

	"github.com/serin-dev/serin/metrics/source"
	"github.com/serin-dev/serin/metrics/window"
)

// Source answers from a store.
type Source struct {
	Store *window.Store
}

var _ source.Source = Source{}

// view says which objects of a kind served a request and sent it.
type view struct {
	served, sent func(*window.Series) source.Object
	side         source.Side
}

// viewOf is the view of a kind, and false for kinds that a proxy does not tell apart. Those who call through an apex are not
// known as Services.
func viewOf(kind source.Kind) (v view, known bool) {
	switch kind {
	case source.Backends:
		return view{served: backend, side: source.Client}, true
	case source.Services:
		return view{served: service, side: source.Client}, true
	case source.Deployments:
		return view{served: workload, sent: callingWorkload, side: source.Server}, true
	case source.Pods:
		return view{served: pod, sent: callingPod, side: source.Server}, true
	case source.Namespaces:
		return view{served: namespace, sent: callingNamespace, side: source.Server}, true
	default:
		return view{}, false
	}
}

func backend(s *window.Series) source.Object {
	return source.Object{Namespace: s.Namespace, Name: s.Backend, Split: s.Split, Apex: s.Apex}
}
func service(s *window.Series) source.Object {
	return source.Object{Namespace: s.Namespace, Name: s.Backend}
}
func workload(s *window.Series) source.Object {
	return source.Object{Namespace: s.Namespace, Name: s.Workload}
}
func callingWorkload(s *window.Series) source.Object {
	return source.Object{Namespace: s.CallerNamespace, Name: s.CallerWorkload}
}
func pod(s *window.Series) source.Object { return source.Object{Namespace: s.Namespace, Name: s.Pod} }
func callingPod(s *window.Series) source.Object {
	return source.Object{Namespace: s.CallerNamespace, Name: s.CallerPod}
}
func namespace(s *window.Series) source.Object        { return source.Object{Name: s.Namespace} }
func callingNamespace(s *window.Series) source.Object { return source.Object{Name: s.CallerNamespace} }

// Read sums the newest window over what was asked for.
func (s Source) Read(_ context.Context, q source.Question) (*source.Reading, error) {
	v, known := viewOf(q.Kind)
	if !known || q.Edge != source.All && v.sent == nil {
		return nil, unmeasured(q)
	}
	read, err := s.Store.Read(q.Span, q.Now)
	if err != nil {
		return nil, err
	}
	reading := &source.Reading{Start: read.Start, End: read.End, Side: v.side, Counts: map[source.Pair]*window.Counts{}}
	for i := range read.Rows {
		row := &read.Rows[i]
		for _, pair := range v.pairs(q, &row.Series) {
			if reading.Counts[pair] == nil {
				reading.Counts[pair] = &window.Counts{}
			}
			reading.Counts[pair].Add(row.Counts)
		}
	}
	if q.Kind == source.Backends {
		reading.Weights = weights(read.Weights)
	}
	if q.Edge == source.To {
		reading.Side = source.Client
	}
	return reading, nil
}

func unmeasured(q source.Question) error {
	if q.Edge != source.All {
		return source.Unmeasured("the bundled proxies do not tell which %s call each other", q.Kind)
	}
	return source.Unmeasured("the bundled proxies do not count by %s", q.Kind)
}

// pairs are what a series counts for: as a Service it is both the backend and the apex that was called.
func (v view) pairs(q source.Question, s *window.Series) []source.Pair {
	pair := source.Pair{Of: v.served(s)}
	switch q.Edge {
	case source.From:
		pair.Other = v.sent(s)
	case source.To:
		pair = source.Pair{Of: v.sent(s), Other: v.served(s)}
	case source.All:
	}
	if pair.Of.Name == "" || !within(pair.Of, q) || q.Edge != source.All && pair.Other.Name == "" {
		return nil
	}
	if q.Kind == source.Services && s.Apex != "" && s.Apex != s.Backend {
		return []source.Pair{pair, {Of: source.Object{Namespace: s.Namespace, Name: s.Apex}}}
	}
	return []source.Pair{pair}
}

func within(o source.Object, q source.Question) bool {
	switch {
	case q.Namespace == "":
		return true
	case q.Kind == source.Namespaces:
		return o.Name == q.Namespace
	default:
		return o.Namespace == q.Namespace
	}
}

func weights(said map[window.Backend]int64) map[source.Object]int64 {
	all := make(map[source.Object]int64, len(said))
	for b, weight := range said {
		all[source.Object{Namespace: b.Namespace, Name: b.Backend, Split: b.Split, Apex: b.Apex}] = weight
	}
	return all
}
