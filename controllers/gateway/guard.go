package gateway

import (
	"fmt"
	"sync"
	"time"

	"github.com/serin-dev/serin/controllers/gateway/route"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// patience is how often a route may be put back within calm before Serin waits longer and longer.
	patience = 5
	// calm is how long a route must stay as it was written for what was before to be forgotten.
	calm = 5 * time.Minute
	// firstPause and longestPause bound the time between two tries.
	firstPause   = time.Minute
	longestPause = 32 * time.Minute
)

// guard counts how often others put a route back, so that Serin does not fight with them.
type guard struct {
	mu    sync.Mutex
	known map[string]*record
}

// record is what happened to one route.
type record struct {
	wanted string    // what was written last
	at     time.Time // when
	stands bool      // nobody was seen to have changed it since
	times  int       // how often it was put back
}

// mayWrite is asked when a route is not as it is wanted. It returns how long to wait before it may be written, and how often it was
// put back. What was not written last, such as the weight of a version that is rolled back, is always tried.
func (g *guard) mayWrite(key, wanted string, now time.Time) (wait time.Duration, times int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.known[key]
	if r == nil || r.wanted != wanted {
		return 0, 0
	}
	if r.stands {
		r.stands = false
		if now.Sub(r.at) > max(calm, 2*pause(r.times)) {
			r.times = 0
		}
		r.times++
	}
	if r.times < patience {
		return 0, r.times
	}
	return max(r.at.Add(pause(r.times)).Sub(now), 0), r.times
}

// pause is the time between two tries: it doubles with each.
func pause(times int) time.Duration {
	if times < patience {
		return 0
	}
	return min(firstPause<<min(times-patience, 5), longestPause)
}

// wrote is told what was written.
func (g *guard) wrote(key, wanted string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.known[key]
	if r == nil {
		r = &record{}
		g.known[key] = r
	}
	r.wanted, r.at, r.stands = wanted, now, true
}

// forget is told that a route is Serin's business no more.
func (g *guard) forget(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.known, key)
}

// reverted says what a person can do about a manager that puts a route back.
func reverted(u *unstructured.Unstructured, times int) route.Problem {
	return route.Problem{Reason: route.ReasonReverted, Blocks: true, Message: fmt.Sprintf(
		"another manager (%s) reverts %s %q: %d times so far, so it is tried again only in %s; have it leave .spec.rules alone "+
			"(Argo CD: ignoreDifferences with RespectIgnoreDifferences=true; Flux: the annotation kustomize.toolkit.fluxcd.io/ssa: IfNotPresent)",
		otherManager(u), u.GetKind(), u.GetName(), times, pause(times))}
}

// otherManager is who wrote a route last, Serin and those that write its status aside.
func otherManager(u *unstructured.Unstructured) string {
	var last *metav1.ManagedFieldsEntry
	entries := u.GetManagedFields()
	for i, entry := range entries {
		if entry.Manager == Manager || entry.Subresource != "" || entry.Time == nil {
			continue
		}
		if last == nil || last.Time.Before(entry.Time) {
			last = &entries[i]
		}
	}
	if last == nil {
		return "unknown"
	}
	return last.Manager
}
