package gateway

import (
	"sync"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/controllers/gateway/route"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// memory is what the bridge wrote and has not seen yet, and what it told. Nothing in it is lost with a restart but repetition.
type memory struct {
	mu      sync.Mutex
	routes  map[string]*unstructured.Unstructured
	answers map[types.NamespacedName]answer
	news    map[types.NamespacedName]news
	waiting map[reconcile.Request]bool
}

// answer is what was written to a split, and which state of it was known then.
type answer struct {
	uid           types.UID
	seen, landing string
	keep          hold
}

// news are the problems of a split that were told.
type news struct {
	uid  types.UID
	told map[string]bool
}

func newMemory() *memory {
	return &memory{
		routes: map[string]*unstructured.Unstructured{}, answers: map[types.NamespacedName]answer{}, news: map[types.NamespacedName]news{},
		waiting: map[reconcile.Request]bool{},
	}
}

// wrote remembers a route as the API server answered.
func (m *memory) wrote(key string, u *unstructured.Unstructured) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.routes[key] = u
}

// newest is the newer of what was written and what was seen. What was seen is believed once it is not older.
func (m *memory) newest(key string, seen *unstructured.Unstructured) *unstructured.Unstructured {
	m.mu.Lock()
	defer m.mu.Unlock()
	wrote := m.routes[key]
	if wrote == nil {
		return seen
	}
	if seen == nil || seen.GetUID() == wrote.GetUID() && seen.GetGeneration() < wrote.GetGeneration() {
		return wrote.DeepCopy()
	}
	delete(m.routes, key)
	return seen
}

// drop forgets a route.
func (m *memory) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.routes, key)
}

// mayAnswer says whether a split must be written to: not if the same was, and nothing of the split was seen since.
func (m *memory) mayAnswer(s *split.TrafficSplit, landing string, keep hold) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.answers[nameOf(s)] != answer{s.UID, s.ResourceVersion, landing, keep}
}

func (m *memory) answered(s *split.TrafficSplit, landing string, keep hold) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[nameOf(s)] = answer{s.UID, s.ResourceVersion, landing, keep}
}

// isNews says whether a problem of a split was not told since it began.
func (m *memory) isNews(s *split.TrafficSplit, message string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.news[nameOf(s)]
	return n.uid != s.UID || !n.told[message]
}

// told remembers the problems that a split has now, and no others.
func (m *memory) told(s *split.TrafficSplit, problems []route.Problem) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := news{s.UID, map[string]bool{}}
	for _, p := range problems {
		n.told[p.Message] = true
	}
	m.news[nameOf(s)] = n
}

// forget forgets a split.
func (m *memory) forget(s *split.TrafficSplit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.answers, nameOf(s))
	delete(m.news, nameOf(s))
}

// wait remembers who waits for a kind to be known.
func (m *memory) wait(of reconcile.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[of] = true
}

// takeWaiting returns who waits, once.
func (m *memory) takeWaiting() []reconcile.Request {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []reconcile.Request
	for of := range m.waiting {
		all = append(all, of)
	}
	clear(m.waiting)
	return all
}

func nameOf(s *split.TrafficSplit) types.NamespacedName {
	return types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
}
