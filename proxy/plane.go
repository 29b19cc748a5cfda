package proxy

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/serin-dev/serin/enforce"
)

// plane serves tables: it has a listener for each of a table's routes, and carries requests by the newest table. It knows
// nothing of where tables come from.
type plane struct {
	options   Options
	log       logr.Logger
	errorLog  *log.Logger
	ledger    *ledger
	draw      drawer
	denials   *enforce.Throttle
	strangers strangers
	// wake asks for another table to be applied.
	wake func()
	// base is the context of every request; it ends with the plane.
	base   context.Context
	cancel context.CancelFunc

	table atomic.Pointer[table]

	mu     sync.Mutex
	fronts map[frontKey]*front
	// leaving are the fronts whose route is gone, but whose EndpointSlice may not be yet.
	leaving  []*front
	stopping sync.WaitGroup
}

// advert is one port of an apex, and the port of this proxy that serves it.
type advert struct {
	servicePort
	listens int
}

func newPlane(o Options, wake func()) *plane {
	p := &plane{
		options:   o,
		log:       o.Log,
		ledger:    newLedger(o.SeriesRetention),
		draw:      rand.Int64N,
		denials:   enforce.NewThrottle(denialInterval),
		strangers: strangers{grace: o.StrangerGrace},
		wake:      wake,
		fronts:    map[frontKey]*front{},
	}
	p.errorLog = newErrorLog(func(line string) { p.log.V(1).Info(line) })
	p.base, p.cancel = context.WithCancel(context.Background())
	p.table.Store(buildTable(world{}, nil))
	return p
}

// apply puts a table into force for every request from now on, opens the listeners it adds, at the wanted port if that is not 0
// and is free, and sets those aside that it no longer has. It reports the listeners that could not be opened.
func (p *plane) apply(t *table, wanted func(*route) int) map[frontKey]error {
	for key, state := range t.states {
		p.open(key, state)
	}
	before := p.table.Swap(t)
	if before != t {
		close(before.superseded)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, f := range p.fronts {
		if r := t.routes[key]; r != nil {
			f.route.Store(r)
			continue
		}
		delete(p.fronts, key)
		p.leaving = append(p.leaving, f)
	}
	failed := map[frontKey]error{}
	for key, r := range t.routes {
		if p.fronts[key] != nil {
			continue
		}
		port := wanted(r)
		f, err := newFront(p, r, port)
		if err != nil && port != 0 {
			f, err = newFront(p, r, 0)
		}
		if err != nil {
			failed[key] = err
			continue
		}
		p.fronts[key] = f
		p.log.Info("listening", "apex", key.apex, "servicePort", key.port, "port", f.port)
	}
	for key, state := range before.states {
		if t.states[key] != state {
			state.closeIdle()
		}
	}
	return failed
}

// open makes a state ready for use. Only apply calls it, before the table with the state is in force.
func (p *plane) open(key endpointKey, state *endpointState) {
	if state.http1 == nil {
		state.http1, state.http2 = newTransports(&p.options)
		state.waiting = p.ledger.backendInFlight(key)
	}
}

// adverts are the ports that are up now, by apex, sorted by number.
func (p *plane) adverts() map[types.NamespacedName][]advert {
	p.mu.Lock()
	defer p.mu.Unlock()
	adverts := map[types.NamespacedName][]advert{}
	for key, f := range p.fronts {
		adverts[key.apex] = append(adverts[key.apex], advert{servicePort: f.route.Load().port, listens: f.port})
	}
	for _, list := range adverts {
		slices.SortFunc(list, func(a, b advert) int { return cmp.Compare(a.number, b.number) })
	}
	return adverts
}

// served are the apexes of the table in force that have a listener, sorted by name.
func (p *plane) served() []*apex {
	t := p.table.Load()
	var served []*apex
	for name := range p.adverts() {
		if a := t.apexes[name]; a != nil {
			served = append(served, a)
		}
	}
	slices.SortFunc(served, func(a, b *apex) int { return cmp.Compare(a.String(), b.String()) })
	return served
}

// leavers are the fronts that were set aside so far.
func (p *plane) leavers() []*front {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.leaving)
}

// withdrawn says that no EndpointSlice leads to some of the leavers any longer, so that they can stop.
func (p *plane) withdrawn(leavers []*front) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range leavers {
		if at := slices.Index(p.leaving, f); at >= 0 {
			p.leaving = slices.Delete(p.leaving, at, at+1)
			p.stopping.Go(f.stop)
		}
	}
}

// stop ends every front, in the same way as one whose route is gone, and returns when the last has ended.
func (p *plane) stop() {
	p.mu.Lock()
	for key, f := range p.fronts {
		delete(p.fronts, key)
		p.leaving = append(p.leaving, f)
	}
	p.mu.Unlock()
	p.withdrawn(p.leavers())
	p.stopping.Wait()
	p.cancel()
	for _, state := range p.table.Load().states {
		state.closeIdle()
	}
}

// lost forgets a front whose listener failed, so that another is opened.
func (p *plane) lost(f *front, err error) {
	p.log.Error(err, "listener failed", "apex", f.key.apex, "servicePort", f.key.port)
	p.mu.Lock()
	if p.fronts[f.key] == f {
		delete(p.fronts, f.key)
		p.leaving = append(p.leaving, f)
	}
	p.mu.Unlock()
	p.wake()
}

// denialInterval is how often the denials of one caller at one apex are logged.
const denialInterval = 10 * time.Second

func (p *plane) logDenial(a *apex, caller *enforce.Pod, reason string) {
	id := fmt.Sprintf("%s %s/%s", a.split, caller.Namespace, caller.Workload)
	held, ok := p.denials.Pass(id, time.Now())
	if !ok {
		return
	}
	p.log.Info("policy denies a request", "apex", a.NamespacedName, "mode", a.mode, "callerNamespace", caller.Namespace,
		"callerWorkload", caller.Workload, "callerPod", caller.Name, "reason", reason, "notLogged", held)
}
