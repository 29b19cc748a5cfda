package proxy

import (
	"context"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
)

const (
	// shortBreath is the least time between two tables, so that a burst of changes costs one or two. In a large cluster that
	// changes all the time it is restFactor times what a table costs, but never more than longBreath.
	shortBreath = 10 * time.Millisecond
	longBreath  = 100 * time.Millisecond
	restFactor  = 4
	// failureRetry is how soon listeners and EndpointSlices that failed are tried again.
	failureRetry = time.Second
	// lookAround is how often everything is compared again without a change, and how often counters are swept.
	lookAround = 15 * time.Second
	// writeTimeout bounds the writing of EndpointSlices.
	writeTimeout = 15 * time.Second
)

// loop keeps the table and the listeners up to date until the context ends or the admin server fails. What is written to the API
// server is written beside it, because no answer of the API server must delay a weight.
func (p *Proxy) loop(ctx context.Context, failed <-chan error) error {
	var publishing sync.WaitGroup
	defer publishing.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	publishing.Go(func() { p.publishing(ctx) })
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case <-pause.C:
		case <-p.woken:
		}
		began := time.Now()
		again := p.sync()
		p.state.Store(stateServing)
		notify(p.unpublished)
		select {
		case <-ctx.Done():
		case <-time.After(min(max(shortBreath, restFactor*time.Since(began)), longBreath)):
		}
		pause.Reset(again)
	}
}

// sync makes the table and the listeners follow what is known now, and returns when to look again at the latest.
func (p *Proxy) sync() time.Duration {
	seen := p.watcher.world()
	p.seen.Store(&seen)
	t := buildTable(seen, p.plane.table.Load())
	failed := p.plane.apply(t, p.wantedPort(seen.slices))
	problems := t.problems
	for key, err := range failed {
		a := t.apexes[key.apex]
		problems = append(problems, problem{split: a.split, splitUID: a.splitUID, reason: reasonListenFailed, message: err.Error()})
	}
	p.reporter.report(problems)
	if now := time.Now(); now.Sub(p.swept) >= lookAround {
		p.swept = now
		p.plane.ledger.sweep(t, now)
	}
	if len(failed) > 0 {
		return failureRetry
	}
	return lookAround
}

// publishing keeps the EndpointSlices up to date until the context ends.
func (p *Proxy) publishing(ctx context.Context) {
	pause := time.NewTimer(lookAround)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.unpublished:
		case <-pause.C:
		}
		limited, cancel := context.WithTimeout(ctx, writeTimeout)
		pause.Reset(p.republish(limited))
		cancel()
	}
}

// republish makes the EndpointSlices follow the listeners, lets those listeners stop that no slice leads to any longer, and
// returns when to look again at the latest.
func (p *Proxy) republish(ctx context.Context) time.Duration {
	seen, leavers := *p.seen.Load(), p.plane.leavers()
	again := p.deleteOrphans(ctx, seen)
	if err := p.publish(ctx, seen, standingReady); err != nil {
		if ctx.Err() == nil {
			p.options.Log.Error(err, "EndpointSlices are not as they should be")
		}
		return failureRetry
	}
	p.plane.withdrawn(leavers)
	return again
}

// publish leads the apexes here, unless the kubelet or the node says that this pod is not ready.
func (p *Proxy) publish(ctx context.Context, seen world, as standing) error {
	me := p.me
	if known := seen.pods.Named(me.pod); known != nil {
		me.node = known.Node
	}
	var wanted []*discoveryv1.EndpointSlice
	if as == standingLeaving || !seen.pods.IsDown(me.pod) {
		wanted = slicesFor(me, p.plane.table.Load(), p.plane.adverts(), as)
	}
	return p.publisher.publish(ctx, wanted, seen.slices)
}

// deleteOrphans deletes the slices of proxies that are gone, and returns when to look again at the latest.
func (p *Proxy) deleteOrphans(ctx context.Context, seen world) time.Duration {
	orphans, again := p.peers.orphans(seen.slices, seen.pods, time.Now())
	for _, slice := range orphans {
		p.options.Log.Info("deleting the EndpointSlice of a proxy that is gone", "slice", nameOf(slice))
		if err := p.publisher.writer.Delete(ctx, slice); err != nil {
			p.options.Log.Error(err, "cannot delete the EndpointSlice of a proxy that is gone")
		}
	}
	if again {
		return p.peers.patience
	}
	return lookAround
}

// wantedPort finds the port that this pod's EndpointSlice already says for a route, left from before its container restarted, or 0.
// When it is taken again, nothing changes for the clients.
func (p *Proxy) wantedPort(stored []*discoveryv1.EndpointSlice) func(*route) int {
	return func(r *route) int {
		for _, slice := range stored {
			if slice.Namespace == r.apex.Namespace && slice.Name == p.me.sliceName(r.apex.Name) && isOurs(slice) {
				return int(slicePort(slice, r.port.name))
			}
		}
		return 0
	}
}
