package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
)

// limits of the design, for 200 rollouts at once.
const (
	maxRequests = 30   // per rollout
	maxFirst    = 1.0  // seconds until the first weight
	maxFinished = 45.0 // seconds until all are promoted
	maxCPU      = 5.0  // seconds
	maxMemory   = 64.0 // megabytes
	maxZero     = 11.0 // seconds until a bad candidate has no weight
)

func rolloutsCommand() *cobra.Command {
	var s size
	var threshold int32
	cmd := &cobra.Command{
		Use:   "rollouts",
		Short: "Measure many rollouts at once, good ones and then bad ones",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measureRollouts(cmd.Context(), s, threshold, cmd.OutOrStdout())
		},
	}
	cmd.Flags().IntVar(&s.canaries, "canaries", 200, "number of Canaries")
	cmd.Flags().IntVar(&s.namespaces, "namespaces", 1, "number of namespaces that they lie in")
	cmd.Flags().Int32Var(&threshold, "failure-threshold", 1, "spec.analysis.failureThreshold of every Canary")
	return cmd
}

// good is what rollouts that succeed showed.
type good struct {
	first, finished []time.Duration
	cpu             time.Duration
	requests        counts
}

// measureRollouts prints the design's table.
func measureRollouts(ctx context.Context, s size, threshold int32, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	w, f, err := startFleet(ctx, s, os.Stderr)
	defer func() { err = errors.Join(err, w.stop()) }()
	if err != nil {
		return err
	}
	f.failureThreshold = threshold
	if err := f.each(func(name types.NamespacedName) error { return w.apply(ctx, f.canary(name)) }); err != nil {
		return err
	}
	if _, err := f.settle(ctx, 5*time.Second); err != nil {
		return err
	}
	g, err := f.goodRollouts(ctx)
	if err != nil {
		return err
	}
	before := load()
	zero, err := f.badRollouts(ctx)
	if err != nil {
		return err
	}
	peak, err := w.controller.peak()
	if err != nil {
		return err
	}
	n := float64(s.canaries)
	fmt.Fprintf(out, "%d Canaries in %d namespaces, interval %s, steps %v, failureThreshold %d; load average %s after the good rollouts, %s at the end\n\n",
		s.canaries, s.namespaces, interval, weights, threshold, before, load())
	missed := table(out, []row{
		most("API requests per rollout", float64(g.requests.sum(perCanary))/n, maxRequests, ""),
		most("first weight after the template changed, median", median(g.first).Seconds(), maxFirst, "s"),
		most("first weight after the template changed, slowest", slices.Max(g.first).Seconds(), maxFirst, "s"),
		{name: "promoted after the first template changed, median", value: number(median(g.finished).Seconds(), "s")},
		most("all promoted after the first template changed", slices.Max(g.finished).Seconds(), maxFinished, "s"),
		most("controller CPU for all of them", g.cpu.Seconds(), maxCPU, "s"),
		most("controller memory, peak", float64(peak)/(1<<20), maxMemory, "MB"),
		most("weight back at 0 after metrics turned bad, median", median(zero).Seconds(), maxZero, "s"),
		most("weight back at 0 after metrics turned bad, slowest", slices.Max(zero).Seconds(), maxZero, "s"),
	})
	explain(out, "requests of the good rollouts", g.requests.lines(perCanary))
	explain(out, "not counted, because one process makes them for all Canaries together", g.requests.lines(kind.perProcess))
	return missed
}

// goodRollouts has every Canary roll out something that works.
func (f *fleet) goodRollouts(ctx context.Context) (good, error) {
	raised := newStopwatch(func(s splitWeights) bool { return s.candidate > 0 })
	f.world.traffic.onChange(raised.see)
	before, err := f.world.controller.cpu()
	if err != nil {
		return good{}, err
	}
	began := time.Now()
	asked, err := f.release(ctx, "v2")
	if err != nil {
		return good{}, err
	}
	promoted, err := f.until(ctx, "are promoted", func(s v1alpha1.CanaryStatus) bool {
		return s.Phase == v1alpha1.PhaseSucceeded && s.Stable != nil && s.Stable.Version == "v2"
	})
	if err != nil {
		return good{}, err
	}
	after, err := f.world.controller.cpu()
	if err != nil {
		return good{}, err
	}
	fmt.Fprintf(os.Stderr, "all were promoted after %s\n", time.Since(began).Round(time.Second))
	g := good{cpu: after - before, first: raised.since(asked)}
	for _, at := range promoted {
		g.finished = append(g.finished, at.Sub(began))
	}
	g.requests, err = f.settle(ctx, scaleDownDelay+5*time.Second)
	return g, err
}

// badRollouts has every Canary roll out something that begins to fail once all candidates stand on the second step.
func (f *fleet) badRollouts(ctx context.Context) ([]time.Duration, error) {
	if _, err := f.release(ctx, "v3"); err != nil {
		return nil, err
	}
	_, err := f.until(ctx, "stand on the second step", func(s v1alpha1.CanaryStatus) bool {
		return s.Step != nil && s.Step.Index >= 1 && s.Step.LandedAt != nil
	})
	if err != nil {
		return nil, err
	}
	zero := newStopwatch(func(s splitWeights) bool { return s.backends > 1 && s.candidate == 0 || s.backends == 1 })
	f.world.traffic.onChange(zero.see)
	turned := time.Now()
	f.world.traffic.fail(turned)
	if _, err := f.until(ctx, "are rolled back", func(s v1alpha1.CanaryStatus) bool {
		return s.Phase == v1alpha1.PhaseRolledBack
	}); err != nil {
		return nil, err
	}
	all := map[types.NamespacedName]time.Time{}
	for _, name := range f.names {
		all[name] = turned
	}
	return zero.since(all), nil
}

// splitWeights is what a TrafficSplit gives its candidate.
type splitWeights struct {
	backends  int
	candidate int64
}

// stopwatch notes when something was first seen of each TrafficSplit.
type stopwatch struct {
	is func(splitWeights) bool
	mu sync.Mutex
	at map[types.NamespacedName]time.Time
}

func newStopwatch(is func(splitWeights) bool) *stopwatch {
	return &stopwatch{is: is, at: map[types.NamespacedName]time.Time{}}
}

// see is told of a TrafficSplit that changed. Its candidate is the backend with the highest version.
func (s *stopwatch) see(name types.NamespacedName, weights backendWeights, at time.Time) {
	newest, found := "", splitWeights{backends: len(weights)}
	for backend, weight := range weights {
		if newest == "" || compare(backend, newest) > 0 {
			newest, found.candidate = backend, weight
		}
	}
	if found.backends == 1 {
		found.candidate = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, noted := s.at[name]; !noted && s.is(found) {
		s.at[name] = at
	}
}

// since returns the times from the given instants on. One that was never seen is missing.
func (s *stopwatch) since(began map[types.NamespacedName]time.Time) []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var took []time.Duration
	for name, from := range began {
		if at, ok := s.at[name]; ok {
			took = append(took, at.Sub(from))
		}
	}
	return took
}

// median of at least one duration.
func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
