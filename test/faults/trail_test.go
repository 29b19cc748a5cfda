//go:build e2e

package faults

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// trail is every state of a shop's Canary and TrafficSplit, as the API server had them, in the order of its revisions.
type trail struct {
	mu     sync.Mutex
	seen   map[uint64]point
	newest *v1alpha1.Canary // nil while there is none
	notify chan struct{}
	gaps   int // watches that had to begin anew
}

// point is one state of one of the two.
type point struct {
	at      time.Time
	uid     types.UID // of the Canary
	status  *v1alpha1.CanaryStatus
	weights map[string]int64 // by version; nil for a state of the Canary
}

// follow watches until the test ends.
func follow(t *testing.T, s *shop) *trail {
	ctx, end := context.WithCancel(context.Background())
	tr := &trail{seen: map[uint64]point{}, notify: make(chan struct{})}
	var watching sync.WaitGroup
	watching.Go(func() { tr.watch(ctx, s, func() client.ObjectList { return &v1alpha1.CanaryList{} }) })
	watching.Go(func() { tr.watch(ctx, s, func() client.ObjectList { return &split.TrafficSplitList{} }) })
	t.Cleanup(func() {
		end()
		watching.Wait()
	})
	return tr
}

// watch lists once and follows from there; after an interruption it goes on at the last revision if the API server can.
func (tr *trail) watch(ctx context.Context, s *shop, list func() client.ObjectList) {
	from := ""
	for ctx.Err() == nil {
		if from == "" {
			l := list()
			if s.user.List(ctx, l, client.InNamespace(s.namespace)) != nil {
				pause(ctx)
				continue
			}
			tr.list(l)
			from = l.GetResourceVersion()
		}
		w, err := s.user.Watch(ctx, list(), client.InNamespace(s.namespace), &client.ListOptions{
			Raw: &metav1.ListOptions{ResourceVersion: from},
		})
		if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
			from = ""
			tr.gap()
			continue
		}
		if err != nil {
			pause(ctx)
			continue
		}
		from = tr.take(w, from)
	}
}

func pause(ctx context.Context) {
	select {
	case <-time.After(100 * time.Millisecond):
	case <-ctx.Done():
	}
}

func (tr *trail) take(w watch.Interface, from string) string {
	defer w.Stop()
	for event := range w.ResultChan() {
		if event.Type == watch.Error {
			tr.gap()
			return ""
		}
		object := event.Object.(client.Object)
		tr.see(object, event.Type == watch.Deleted)
		from = object.GetResourceVersion()
	}
	return from
}

func (tr *trail) gap() {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.gaps++
}

func (tr *trail) list(l client.ObjectList) {
	switch l := l.(type) {
	case *v1alpha1.CanaryList:
		for i := range l.Items {
			tr.see(&l.Items[i], false)
		}
	case *split.TrafficSplitList:
		for i := range l.Items {
			tr.see(&l.Items[i], false)
		}
	}
}

func (tr *trail) see(object client.Object, deleted bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	revision, _ := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	switch o := object.(type) {
	case *v1alpha1.Canary:
		tr.newest = o
		if deleted {
			tr.newest = nil
		}
		tr.seen[revision] = point{at: time.Now(), uid: o.UID, status: &o.Status}
		close(tr.notify)
		tr.notify = make(chan struct{})
	case *split.TrafficSplit:
		p := point{at: time.Now(), weights: map[string]int64{}}
		for _, owner := range o.OwnerReferences {
			p.uid = owner.UID
		}
		for _, b := range o.Spec.Backends {
			p.weights[strings.TrimPrefix(b.Service, "shop-")] += b.Weight
		}
		if !deleted {
			tr.seen[revision] = p
		}
	}
}

// until waits until something is true of the Canary. It is told of every state.
func (tr *trail) until(ctx context.Context, is func(*v1alpha1.Canary) bool) (*v1alpha1.Canary, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		tr.mu.Lock()
		c, changed := tr.newest, tr.notify
		tr.mu.Unlock()
		if c != nil && is(c) {
			return c, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			last := "there is no Canary"
			if c != nil {
				last = fmt.Sprintf("it was %s: %s, %+v, %+v", c.Status.Phase, c.Status.Message, c.Status.Candidate, c.Status.Step)
			}
			return nil, errors.Join(context.Cause(ctx), errors.New(last))
		}
	}
}

// gone waits until there is no Canary.
func (tr *trail) gone(ctx context.Context) error {
	return poll(ctx, patience, func() (bool, error) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return tr.newest == nil, nil
	})
}
