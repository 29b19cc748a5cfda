package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// breath is the least time between two tables, so that a burst of changes costs one or two.
	breath = 10 * time.Millisecond
	// failureRetry is how soon listeners and EndpointSlices that failed are tried again.
	failureRetry = time.Second
	// lookAround is how often everything is compared again without a change, and how often counters are swept.
	lookAround = 15 * time.Second
	// withdrawTimeout bounds how long a proxy that stops tries to withdraw its EndpointSlices.
	withdrawTimeout = 5 * time.Second
)

// States of a Proxy.
const (
	stateStarting int32 = iota
	stateServing
	stateDraining
)

// Proxy is one replica of the bundled data plane.
type Proxy struct {
	options   Options
	me        self
	cluster   *cluster
	watcher   *watcher
	plane     *plane
	publisher *publisher
	peers     *peers
	reporter  *reporter
	events    events.EventBroadcaster
	admin     net.Listener

	state atomic.Int32
	// swept is when the counters were last swept.
	swept time.Time
	// woken holds a token while there is something to look at.
	woken chan struct{}
}

// New makes a Proxy and opens its admin listener. Nothing else happens before Run.
func New(o Options) (*Proxy, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("proxy options: %w", err)
	}
	o = o.complete()
	p := &Proxy{
		options: o,
		me:      self{pod: types.NamespacedName{Namespace: o.PodNamespace, Name: o.PodName}, address: netip.MustParseAddr(o.AdvertiseIP).Unmap()},
		woken:   make(chan struct{}, 1),
	}
	var err error
	if p.cluster, err = newCluster(o.RestConfig, o.Log); err != nil {
		return nil, err
	}
	writer, err := client.New(p.cluster.config, client.Options{HTTPClient: p.cluster.http, Scheme: clientgoscheme.Scheme, Mapper: p.cluster.mapper})
	if err != nil {
		return nil, fmt.Errorf("making the client of the API server: %w", err)
	}
	clientset, err := kubernetes.NewForConfigAndClient(p.cluster.config, p.cluster.http)
	if err != nil {
		return nil, fmt.Errorf("making the client for Events: %w", err)
	}
	p.plane = newPlane(o, p.wake)
	p.plane.ledger.registry.MustRegister(newLiveCollector(p.plane, func() float64 { return p.cluster.contact.age(time.Now()).Seconds() }))
	p.watcher = newWatcher(p.wake, func(service types.NamespacedName) bool { return p.plane.table.Load().named[service] })
	p.publisher = newPublisher(p.me, clusterSlices{writer})
	p.peers = newPeers(p.me.pod)
	p.events = events.NewBroadcaster(&events.EventSinkImpl{Interface: clientset.EventsV1()})
	p.reporter = newReporter(o.Log, p.events.NewRecorder(clientgoscheme.Scheme, "serin-proxy"))
	if o.AdminAddress != "" {
		if p.admin, err = net.Listen("tcp", o.AdminAddress); err != nil {
			return nil, fmt.Errorf("opening the admin listener: %w", err)
		}
	}
	return p, nil
}

// AdminAddr is the address of the admin listener, nil without one.
func (p *Proxy) AdminAddr() net.Addr {
	if p.admin == nil {
		return nil
	}
	return p.admin.Addr()
}

// Run serves until the context ends. Then it withdraws its EndpointSlices, keeps serving for Options.WithdrawGrace, waits for
// the requests in flight for up to Options.DrainTimeout, and returns nil. It must be called once.
func (p *Proxy) Run(ctx context.Context) error {
	// Everything but the loop outlives the context, because draining needs it.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	failed := make(chan error, 1)
	if p.admin != nil {
		go func() { failed <- p.serveAdmin(life, p.admin) }()
	}
	if err := p.events.StartRecordingToSinkWithContext(life); err != nil {
		return fmt.Errorf("starting to record Events: %w", err)
	}
	defer p.events.Shutdown()

	watching, stopWatching := context.WithCancel(life)
	defer stopWatching()
	unseen := context.AfterFunc(ctx, stopWatching)
	if err := p.cluster.watch(watching, p.watcher); err != nil {
		p.plane.stop()
		return nil //nolint:nilerr // the context ended before there was anything to drain
	}
	unseen()
	err := p.loop(ctx, failed)
	p.drain(life)
	return err
}

// loop keeps the table, the listeners and the EndpointSlices up to date until the context ends or the admin server fails.
func (p *Proxy) loop(ctx context.Context, failed <-chan error) error {
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
		again := p.sync(ctx, standingReady)
		p.state.Store(stateServing)
		select {
		case <-ctx.Done():
		case <-time.After(breath):
		}
		pause.Reset(again)
	}
}

// sync makes everything follow what is known now, and returns when to look again at the latest.
func (p *Proxy) sync(ctx context.Context, as standing) time.Duration {
	seen := p.watcher.world()
	t := buildTable(seen, p.plane.table.Load())
	failed := p.plane.apply(t, p.wantedPorts(t, seen.slices))
	problems := t.problems
	for key, err := range failed {
		a := t.apexes[key.apex]
		problems = append(problems, problem{split: a.split, splitUID: a.splitUID, reason: reasonListenFailed, message: err.Error()})
	}
	p.reporter.report(problems)
	err := p.publish(ctx, seen, as)
	if err == nil {
		p.plane.withdrawn()
	} else {
		p.options.Log.Error(err, "EndpointSlices are not as they should be")
	}
	if now := time.Now(); now.Sub(p.swept) >= lookAround {
		p.swept = now
		p.plane.ledger.sweep(t, now)
	}
	again := p.deleteOrphans(ctx, seen)
	if err != nil || len(failed) > 0 {
		again = failureRetry
	}
	return again
}

// publish leads the apexes here, unless the kubelet or the node says that this pod is not ready.
func (p *Proxy) publish(ctx context.Context, seen world, as standing) error {
	me := p.me
	if known := seen.pods.named(me.pod); known != nil {
		me.node = known.node
	}
	var wanted []*discoveryv1.EndpointSlice
	if as == standingLeaving || !seen.pods.down[me.pod] {
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
		return patience
	}
	return lookAround
}

// wantedPorts are the ports that this pod's EndpointSlices already say, left from before its container restarted: when they are
// taken again, nothing changes for the clients.
func (p *Proxy) wantedPorts(t *table, stored []*discoveryv1.EndpointSlice) map[frontKey]int {
	wanted := map[frontKey]int{}
	for _, slice := range stored {
		if !p.publisher.isMine(slice) {
			continue
		}
		name := types.NamespacedName{Namespace: slice.Namespace, Name: strings.TrimSuffix(slice.Name, p.me.suffix())}
		a := t.apexes[name]
		if a == nil {
			continue
		}
		for _, port := range a.ports {
			if number := slicePort(slice, port.name); number != 0 {
				wanted[frontKey{name, port.number}] = int(number)
			}
		}
	}
	return wanted
}

// drain ends the serving: first the EndpointSlices say so, then the listeners stop, then the slices go.
func (p *Proxy) drain(ctx context.Context) {
	p.state.Store(stateDraining)
	limited, cancel := context.WithTimeout(ctx, withdrawTimeout)
	if err := p.publish(limited, p.watcher.world(), standingLeaving); err != nil {
		p.options.Log.Error(err, "EndpointSlices could not be withdrawn")
	}
	cancel()
	p.plane.stop()
	limited, cancel = context.WithTimeout(ctx, withdrawTimeout)
	defer cancel()
	if err := p.publisher.publish(limited, nil, p.watcher.world().slices); err != nil && !errors.Is(err, context.Canceled) {
		p.options.Log.Error(err, "EndpointSlices could not be deleted")
	}
}

// wake asks for another look.
func (p *Proxy) wake() {
	select {
	case p.woken <- struct{}{}:
	default:
	}
}
