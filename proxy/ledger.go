package proxy

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/serin-dev/serin/enforce"
)

// ledger hands out the counters, and deletes those whose subjects are gone for longer than the retention.
type ledger struct {
	*meters
	retention time.Duration

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one set of counters that comes and goes together.
type entry struct {
	series   *series // only of requests
	subjects []subject
	drop     func()
	// goneAt is when a subject was first missed; the zero time while all are there.
	goneAt time.Time
}

// series are the counters of one pod and caller.
type series struct {
	success prometheus.Counter
	failure prometheus.Counter
	seconds prometheus.Observer
	// workload is the label of that name: an endpoint can be known before its pod is.
	workload string
	// dead says that the series was deleted, so that a new one must be asked for.
	dead atomic.Bool
}

func newLedger(retention time.Duration) *ledger {
	return &ledger{meters: newMeters(), retention: retention, entries: map[string]*entry{}}
}

// seriesOf returns the counters of an endpoint and a caller.
func (l *ledger) seriesOf(e *endpoint, caller *enforce.Pod) *series {
	if cached, ok := e.state.series.Load(caller); ok {
		if s := cached.(*series); !s.dead.Load() && s.workload == e.pod.Workload {
			return s
		}
	}
	s := l.request(e.key, e.pod, caller)
	e.state.series.Store(caller, s)
	return s
}

// request returns the counters of requests that a pod of a backend answered, or nobody did.
func (l *ledger) request(key endpointKey, answered, caller *enforce.Pod) *series {
	labels := []string{
		key.apex.Namespace, key.split, key.apex.Name, key.backend, answered.Workload, answered.Name,
		caller.Namespace, caller.Workload, caller.Name,
	}
	subjects := []subject{backendSubject(key.apex.Namespace, key.split, key.backend)}
	if answered.Name != "" {
		subjects = append(subjects, podSubject(answered.Namespace, answered.Name))
	}
	if caller.Name != "" {
		subjects = append(subjects, podSubject(caller.Namespace, caller.Name))
	}
	made := l.enter("request", labels, func() *entry {
		s := &series{
			workload: answered.Workload,
			success:  l.requests.WithLabelValues(slices.Concat(labels, []string{outcomeSuccess})...),
			failure:  l.requests.WithLabelValues(slices.Concat(labels, []string{outcomeFailure})...),
			seconds:  l.seconds.WithLabelValues(labels...),
		}
		return &entry{series: s, subjects: subjects, drop: func() {
			s.dead.Store(true)
			l.requests.DeleteLabelValues(slices.Concat(labels, []string{outcomeSuccess})...)
			l.requests.DeleteLabelValues(slices.Concat(labels, []string{outcomeFailure})...)
			l.seconds.DeleteLabelValues(labels...)
		}}
	})
	return made.series
}

// backendInFlight returns the gauge of a backend.
func (l *ledger) backendInFlight(key endpointKey) prometheus.Gauge {
	labels := []string{key.apex.Namespace, key.split, key.backend}
	l.enter("inflight", labels, func() *entry {
		return &entry{
			subjects: []subject{backendSubject(key.apex.Namespace, key.split, key.backend)},
			drop:     func() { l.inFlight.DeleteLabelValues(labels...) },
		}
	})
	return l.inFlight.WithLabelValues(labels...)
}

// countCancelled counts a request that the client gave up.
func (l *ledger) countCancelled(key endpointKey) {
	labels := []string{key.apex.Namespace, key.split, key.backend}
	l.enter("cancelled", labels, func() *entry {
		return &entry{
			subjects: []subject{backendSubject(key.apex.Namespace, key.split, key.backend)},
			drop:     func() { l.cancelled.DeleteLabelValues(labels...) },
		}
	})
	l.cancelled.WithLabelValues(labels...).Inc()
}

// countRetry counts a request that is tried at another endpoint after this one.
func (l *ledger) countRetry(e *endpoint, cause string) {
	labels := []string{e.key.apex.Namespace, e.key.split, e.key.backend, e.pod.Name, cause}
	l.enter("retry", labels, func() *entry {
		subjects := []subject{backendSubject(e.key.apex.Namespace, e.key.split, e.key.backend)}
		if e.pod.Name != "" {
			subjects = append(subjects, podSubject(e.pod.Namespace, e.pod.Name))
		}
		return &entry{subjects: subjects, drop: func() { l.retries.DeleteLabelValues(labels...) }}
	})
	l.retries.WithLabelValues(labels...).Inc()
}

// countDenied counts a request that policy denied.
func (l *ledger) countDenied(a *apex, caller *enforce.Pod) {
	labels := []string{a.Namespace, a.split.Name, caller.Namespace, caller.Workload, string(a.mode)}
	l.enter("denied", labels, func() *entry {
		subjects := []subject{splitSubject(a.split)}
		if caller.Workload != "" {
			subjects = append(subjects, workloadSubject(caller.Namespace, caller.Workload))
		}
		return &entry{subjects: subjects, drop: func() { l.denied.DeleteLabelValues(labels...) }}
	})
	l.denied.WithLabelValues(labels...).Inc()
}

// enter returns the entry of a kind and labels, made at the first time.
func (l *ledger) enter(kind string, labels []string, create func() *entry) *entry {
	id := kind + "\x00" + strings.Join(labels, "\x00")
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entries[id]
	if e == nil {
		e = create()
		l.entries[id] = e
	}
	return e
}
