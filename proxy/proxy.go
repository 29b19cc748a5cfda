package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/serin-dev/serin/enforce"
)

// withdrawTimeout bounds how long a proxy that stops tries to withdraw its EndpointSlices.
const withdrawTimeout = 5 * time.Second

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
	cluster   *enforce.Cluster
	watcher   *watcher
	plane     *plane
	publisher *publisher
	peers     *peers
	reporter  *reporter
	events    events.EventBroadcaster
	admin     net.Listener

	state atomic.Int32
	// seen is the world that the table in force was made of.
	seen atomic.Pointer[world]
	// swept is when the counters were last swept.
	swept time.Time
	// woken holds a token while there is something to look at, and unpublished while EndpointSlices may have to be written.
	woken, unpublished chan struct{}
}

// New makes a Proxy and opens its admin listener. Nothing else happens before Run.
func New(o Options) (*Proxy, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("proxy options: %w", err)
	}
	o = o.complete()
	address, err := netip.ParseAddr(o.AdvertiseIP)
	if err != nil {
		return nil, fmt.Errorf("proxy options: AdvertiseIP: %w", err)
	}
	p := &Proxy{
		options: o,
		me:      self{pod: types.NamespacedName{Namespace: o.PodNamespace, Name: o.PodName}, address: address.Unmap()},
		woken:   make(chan struct{}, 1), unpublished: make(chan struct{}, 1),
	}
	if p.cluster, err = enforce.NewCluster(o.RestConfig, "serin-proxy", o.Log); err != nil {
		return nil, err
	}
	writer, err := client.New(p.cluster.Config, client.Options{HTTPClient: p.cluster.HTTP, Scheme: clientgoscheme.Scheme, Mapper: p.cluster.Mapper})
	if err != nil {
		return nil, fmt.Errorf("making the client of the API server: %w", err)
	}
	clientset, err := kubernetes.NewForConfigAndClient(p.cluster.Config, p.cluster.HTTP)
	if err != nil {
		return nil, fmt.Errorf("making the client for Events: %w", err)
	}
	p.plane = newPlane(o, p.wake)
	p.plane.ledger.registry.MustRegister(newLiveCollector(p.plane, func() float64 {
		return p.cluster.Contact.Age(time.Now()).Seconds()
	}))
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
	if err := p.cluster.Watch(watching, p.watcher.always(), p.watcher.optional()); err != nil {
		p.plane.stop()
		return nil //nolint:nilerr // the context ended before there was anything to drain
	}
	unseen()
	err := p.loop(ctx, failed)
	p.drain(life)
	return err
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
	notify(p.woken)
}

// notify leaves a token in a channel that has room for one.
func notify(tokens chan<- struct{}) {
	select {
	case tokens <- struct{}{}:
	default:
	}
}
