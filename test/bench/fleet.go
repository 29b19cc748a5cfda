package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
)

// The schedule of the design's table: 4 steps of one window each.
const (
	interval       = 10 * time.Second
	scaleDownDelay = 5 * time.Second
)

// weights of the steps in percent.
var weights = [...]int32{5, 10, 25, 50}

// fleet is a number of Canaries, each with its Deployment, and what was seen of them.
type fleet struct {
	world *world
	names []types.NamespacedName
	// failureThreshold is the number of failed windows that roll back.
	failureThreshold int32

	mu   sync.Mutex
	seen map[types.NamespacedName]*v1alpha1.Canary
	at   map[types.NamespacedName]time.Time
}

// size says how many Canaries there are, and in how many namespaces.
type size struct{ canaries, namespaces int }

func newFleet(w *world, s size) *fleet {
	f := &fleet{
		world: w, failureThreshold: 1, seen: map[types.NamespacedName]*v1alpha1.Canary{}, at: map[types.NamespacedName]time.Time{},
	}
	for i := range s.canaries {
		f.names = append(f.names, types.NamespacedName{
			Namespace: fmt.Sprintf("bench-%d", i%s.namespaces), Name: fmt.Sprintf("app-%d", i),
		})
	}
	return f
}

// watch keeps what is seen of the Canaries up to date.
func (f *fleet) watch(ctx context.Context) error {
	informer, err := f.world.manager.GetCache().GetInformer(ctx, &v1alpha1.Canary{})
	if err != nil {
		return err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    f.see,
		UpdateFunc: func(_, object any) { f.see(object) },
	})
	return err
}

func (f *fleet) see(object any) {
	if c, ok := object.(*v1alpha1.Canary); ok {
		f.mu.Lock()
		defer f.mu.Unlock()
		name := types.NamespacedName{Namespace: c.Namespace, Name: c.Name}
		f.seen[name], f.at[name] = c, time.Now()
	}
}

// create makes every namespace, Deployment and Canary.
func (f *fleet) create(ctx context.Context) error {
	made := map[string]bool{}
	for _, name := range f.names {
		if made[name.Namespace] {
			continue
		}
		made[name.Namespace] = true
		if err := f.world.apply(ctx, namespace(name.Namespace)); err != nil {
			return err
		}
	}
	if _, err := f.release(ctx, "v1"); err != nil {
		return err
	}
	return f.each(func(name types.NamespacedName) error { return f.world.apply(ctx, f.canary(name)) })
}

// release has every Deployment ask for an image, all at once, and returns when each was asked to.
func (f *fleet) release(ctx context.Context, tag string) (map[types.NamespacedName]time.Time, error) {
	var mu sync.Mutex
	asked := map[types.NamespacedName]time.Time{}
	err := f.each(func(name types.NamespacedName) error {
		at := time.Now()
		mu.Lock()
		asked[name] = at
		mu.Unlock()
		return f.world.apply(ctx, gen.Deployment(name.Namespace, name.Name, "bench/app:"+tag, func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.NodeName = nodeName
		}))
	})
	return asked, err
}

func (f *fleet) canary(name types.NamespacedName) *v1alpha1.Canary {
	return gen.Canary(name.Namespace, name.Name, func(c *v1alpha1.Canary) {
		replicas := int32(1)
		c.Spec.Replicas = &replicas
		c.Spec.Steps = nil
		for _, weight := range weights {
			c.Spec.Steps = append(c.Spec.Steps, v1alpha1.Step{Weight: weight, Dwell: v1alpha1.Dur(interval)})
		}
		c.Spec.Analysis.Interval = v1alpha1.Dur(interval)
		c.Spec.Analysis.SuccessRate = &v1alpha1.SuccessRateCheck{Min: "99"}
		c.Spec.Analysis.Latency = &v1alpha1.LatencyCheck{P99: v1alpha1.Dur(500 * time.Millisecond)}
		c.Spec.Analysis.FailureThreshold = f.failureThreshold
		c.Spec.ScaleDownDelay = v1alpha1.Dur(scaleDownDelay)
	})
}

// each does something for every Canary, as many at a time as a burst of clients would.
func (f *fleet) each(do func(types.NamespacedName) error) error {
	const clients = 32
	todo := make(chan types.NamespacedName)
	failed := make(chan error, clients)
	var working sync.WaitGroup
	for range clients {
		working.Go(func() {
			for name := range todo {
				if err := do(name); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			}
		})
	}
	for _, name := range f.names {
		todo <- name
	}
	close(todo)
	working.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// until waits until something is true of every Canary, and returns when it was first seen of each.
func (f *fleet) until(ctx context.Context, what string, is func(v1alpha1.CanaryStatus) bool) (map[types.NamespacedName]time.Time, error) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	since := map[types.NamespacedName]time.Time{}
	for {
		waiting := f.note(since, is)
		if waiting == "" {
			return since, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return since, fmt.Errorf("%w: %d of %d %s; %s", context.Cause(ctx), len(since), len(f.names), what, waiting)
		}
		if err := f.world.well(); err != nil {
			return since, err
		}
	}
}

// note adds the Canaries of which something is true, and tells of one of which it is not; "" means that there is none.
func (f *fleet) note(since map[types.NamespacedName]time.Time, is func(v1alpha1.CanaryStatus) bool) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting := ""
	for _, name := range f.names {
		if _, noted := since[name]; noted {
			continue
		}
		c := f.seen[name]
		switch {
		case c == nil:
			waiting = name.String() + " was not seen"
		case is(c.Status):
			since[name] = f.at[name]
		default:
			waiting = fmt.Sprintf("%s is %s: %s", name, c.Status.Phase, c.Status.Message)
		}
	}
	return waiting
}

// atRest says that a version serves alone and nothing of a rollout is left.
func atRest(s v1alpha1.CanaryStatus) bool {
	resting := s.Phase == v1alpha1.PhaseSucceeded || s.Phase == v1alpha1.PhaseRolledBack
	return resting && s.AdoptedAt != nil && s.Candidate == nil && len(s.Retiring) == 0
}

// settle waits until every Canary rests and the controller has asked for nothing for a while. It returns the requests since
// the last reading.
func (f *fleet) settle(ctx context.Context, quiet time.Duration) (counts, error) {
	if _, err := f.until(ctx, "rest", atRest); err != nil {
		return nil, err
	}
	all := counts{}
	began := time.Now()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		found, err := f.world.record.read()
		if err != nil {
			return nil, err
		}
		for k, n := range found {
			all[k] += n
		}
		if now := time.Now(); now.Sub(began) > quiet && now.Sub(f.world.record.newest) > quiet {
			return all, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: the controller did not come to rest; in the last second it made %v", context.Cause(ctx), found.lines(perCanary))
		}
	}
}

// startFleet starts a world and has the controller adopt a fleet.
func startFleet(ctx context.Context, s size, progress io.Writer) (*world, *fleet, error) {
	w, err := newWorld(ctx, progress)
	if err != nil {
		return w, nil, err
	}
	f := newFleet(w, s)
	began := time.Now()
	if err := f.watch(ctx); err != nil {
		return w, nil, err
	}
	if err := f.create(ctx); err != nil {
		return w, nil, err
	}
	fmt.Fprintf(progress, "%d Deployments and Canaries were made in %s\n", s.canaries, time.Since(began).Round(time.Second))
	found, err := f.settle(ctx, 2*scaleDownDelay+5*time.Second)
	if err != nil {
		return w, nil, err
	}
	fmt.Fprintf(progress, "all were adopted and at rest after %s, with %.1f requests of the controller each\n",
		time.Since(began).Round(time.Second), float64(found.sum(perCanary))/float64(s.canaries))
	return w, f, nil
}
