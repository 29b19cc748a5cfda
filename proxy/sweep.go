package proxy

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/enforce"
)

// subject is something that counters are about, without which they are of no more use.
type subject struct {
	kind, namespace, name, part string
}

func splitSubject(name types.NamespacedName) subject {
	return subject{kind: "split", namespace: name.Namespace, name: name.Name}
}

func backendSubject(namespace, split, backend string) subject {
	return subject{kind: "backend", namespace: namespace, name: split, part: backend}
}

func podSubject(namespace, name string) subject {
	return subject{kind: "pod", namespace: namespace, name: name}
}

func workloadSubject(namespace, name string) subject {
	return subject{kind: "workload", namespace: namespace, name: name}
}

// sweep deletes the counters that have had a subject missing for the retention.
func (l *ledger) sweep(t *table, now time.Time) {
	alive := livingSubjects(t)
	l.mu.Lock()
	for id, e := range l.entries {
		missing := false
		for _, s := range e.subjects {
			missing = missing || !alive[s]
		}
		switch {
		case !missing:
			e.goneAt = time.Time{}
		case e.goneAt.IsZero():
			e.goneAt = now
		case now.Sub(e.goneAt) >= l.retention:
			e.drop()
			delete(l.entries, id)
		}
	}
	l.mu.Unlock()
	for _, state := range t.states {
		state.forgetCallers(t.pods)
	}
}

// forgetCallers drops the cached counters that are deleted, and those of callers that are no longer the pods of their names.
func (s *endpointState) forgetCallers(pods *enforce.Pods) {
	s.series.Range(func(key, value any) bool {
		caller := key.(*enforce.Pod)
		current := pods.Named(types.NamespacedName{Namespace: caller.Namespace, Name: caller.Name})
		if value.(*series).dead.Load() || caller != enforce.Nobody && caller != current {
			s.series.CompareAndDelete(key, value)
		}
		return true
	})
}

// livingSubjects are all that a table knows.
func livingSubjects(t *table) map[subject]bool {
	alive := map[subject]bool{}
	for _, a := range t.apexes {
		alive[splitSubject(a.split)] = true
		for _, share := range a.shares {
			alive[backendSubject(a.Namespace, a.split.Name, share.Service)] = true
		}
	}
	if t.pods != nil {
		for p := range t.pods.All() {
			alive[podSubject(p.Namespace, p.Name)] = true
			alive[workloadSubject(p.Namespace, p.Workload)] = true
		}
	}
	for key := range t.states {
		alive[podSubject(key.apex.Namespace, key.pod)] = true
	}
	return alive
}
