package cluster

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Feed is what is known of a Canary that is followed.
type Feed struct {
	canaries, versions, targets, pods, splits, policies, clusterPolicies *store

	mu      sync.Mutex
	changed chan struct{}
	// expected is the number of kinds that have not been read for the first time.
	expected int
	notes    map[string]string
	// away holds why a kind cannot be reached, by its plural.
	away map[string]string
}

// Update is a look at a Feed.
type Update struct {
	// Snapshot is the newest; its Canary is nil once it does not exist.
	Snapshot view.Snapshot
	// Away says in a sentence that the API server does not answer; empty while it does.
	Away string
	// Unread says in a sentence that the Canary itself may not be followed; empty while it may.
	Unread string
}

func newFeed() *Feed {
	f := &Feed{changed: make(chan struct{}, 1), notes: map[string]string{}, away: map[string]string{}}
	for _, s := range []**store{&f.canaries, &f.versions, &f.targets, &f.pods, &f.splits, &f.policies, &f.clusterPolicies} {
		*s = &store{feed: f, objects: map[string]client.Object{}}
	}
	return f
}

// Changed gets a value after each change, once all kinds were read for the first time. Changes that come before the value is
// taken are one.
func (f *Feed) Changed() <-chan struct{} { return f.changed }

// Look is what is known now.
func (f *Feed) Look() Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	u := Update{Unread: f.notes[canaries]}
	s := &u.Snapshot
	s.Canary, s.Target, s.Split = newest[*v1alpha1.Canary](f.canaries), newest[*appsv1.Deployment](f.targets), newest[*split.TrafficSplit](f.splits)
	for _, d := range all[*appsv1.Deployment](f.versions) {
		s.Deployments = append(s.Deployments, *d)
	}
	s.Deployments = versioned(s.Deployments)
	for _, p := range all[*corev1.Pod](f.pods) {
		s.Pods = append(s.Pods, *p)
	}
	for _, p := range all[*v1alpha1.ClusterRolloutPolicy](f.clusterPolicies) {
		s.Policies = append(s.Policies, view.Policy{Kind: "ClusterRolloutPolicy", Name: p.Name, Spec: p.Spec})
	}
	for _, p := range all[*v1alpha1.RolloutPolicy](f.policies) {
		s.Policies = append(s.Policies, view.Policy{Kind: "RolloutPolicy", Namespace: p.Namespace, Name: p.Name, Spec: p.Spec})
	}
	for _, kind := range slices.Sorted(maps.Keys(f.notes)) {
		s.Notes = append(s.Notes, f.notes[kind])
	}
	for _, kind := range slices.Sorted(maps.Keys(f.away)) {
		u.Away = f.away[kind]
	}
	return u
}

// all are the objects of a store in the order of their names.
func all[T client.Object](s *store) []T {
	var of []T
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if o, fits := s.objects[key].(T); fits {
			of = append(of, o)
		}
	}
	return of
}

func newest[T client.Object](s *store) (none T) {
	for _, o := range all[T](s) {
		return o
	}
	return none
}

func (f *Feed) expect(kinds int) { f.expected = kinds }

// arrived counts a kind that was read for the first time, or that cannot be read; the lock is held.
func (f *Feed) arrived(s *store) {
	if !s.read {
		s.read = true
		f.expected--
	}
	f.tell()
}

// tell makes Changed ready; the lock is held.
func (f *Feed) tell() {
	if f.expected > 0 {
		return
	}
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *Feed) cannotRead(k kind, note string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if note != "" {
		f.notes[k.plural] = note
	}
	f.arrived(k.store)
}

func (f *Feed) lost(plural, sentence string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away[plural] != "" {
		return // The first error says most; those that follow only repeat it.
	}
	f.away[plural] = strings.TrimSpace(sentence)
	f.tell()
}

func (f *Feed) reached(plural string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away[plural] != "" {
		delete(f.away, plural)
		f.tell()
	}
}
