package access

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/policy"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// quiet is how long after a change the problems are told, so that a folder of objects that is applied one by one does not
	// leave an Event about a route that was a moment late.
	quiet = 500 * time.Millisecond
	// failedRetry is how long to wait after an error of the API server.
	failedRetry = 5 * time.Second
)

// Book holds what the access objects say, compiled. It runs in the leader only.
type Book struct {
	kinds []*kind
	// targets is the kind of TrafficTargets among them.
	targets *kind
	follow  func(ctx context.Context, k *kind, settled func())
	report  *reporter
	log     logr.Logger

	changed atomic.Bool // since the graph was built
	wake    chan struct{}
	mu      sync.Mutex
	graph   *policy.Graph // nil until everything that is there was seen
	ready   atomic.Bool
}

// errNotRead says that the objects were not all seen yet.
var errNotRead = errors.New("the TrafficTargets have not been read yet")

// Lacks says in a sentence each what a caller may ask of stable and could not ask of the candidate, sorted; all of them are
// ServiceAccounts. Ports are pairs of pod ports that answer the same calls, stable's first.
func (b *Book) Lacks(stable, candidate types.NamespacedName, callers []types.NamespacedName, ports [][2]int32) ([]string, error) {
	graph, err := b.compiled()
	if err != nil {
		return nil, err
	}
	move := policy.Move{From: identity(stable), To: identity(candidate)}
	for _, pair := range ports {
		move.Ports = append(move.Ports, policy.PortPair{From: pair[0], To: pair[1]})
	}
	var who []policy.Identity
	for _, caller := range callers {
		who = append(who, identity(caller))
	}
	var sentences []string
	for _, lack := range graph.Lacks(move, who) {
		sentences = append(sentences, lack.Reason)
	}
	return sentences, nil
}

// Targets are the TrafficTargets of a namespace, which must not be changed, and the version in which they are served; none if the
// cluster does not serve them.
func (b *Book) Targets(namespace string) ([]access.TrafficTarget, string, error) {
	if !b.ready.Load() {
		return nil, "", errNotRead
	}
	in := b.targets.now.Load()
	if in == nil {
		return nil, "", nil
	}
	list := &access.TrafficTargetList{}
	err := in.reader.List(context.Background(), list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy) // from memory
	return list.Items, in.gvk.Version, err
}

func identity(account types.NamespacedName) policy.Identity {
	return policy.Identity{Namespace: account.Namespace, ServiceAccount: account.Name}
}

// Start watches until the context ends, and tells what changes.
func (b *Book) Start(ctx context.Context) error {
	var settled sync.WaitGroup
	for _, k := range b.kinds {
		settled.Add(1)
		go b.follow(ctx, k, sync.OnceFunc(settled.Done))
	}
	settled.Wait()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the manager ends, which is no error
	}
	b.ready.Store(true)
	b.poke()
	for again := time.Duration(0); ; {
		if !b.await(ctx, again) {
			return nil
		}
		again = 0
		if err := b.tell(ctx); err != nil {
			b.log.Error(err, "what is wrong with access objects could not all be told")
			again = failedRetry
		}
	}
}

// await waits until something changed and it is quiet, or until it is time to try again if that is above 0. It says whether to
// go on.
func (b *Book) await(ctx context.Context, again time.Duration) bool {
	var retry <-chan time.Time
	if again > 0 {
		retry = time.After(again)
	}
	select {
	case <-ctx.Done():
		return false
	case <-retry:
		return true
	case <-b.wake:
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(quiet):
		return true
	}
}

// poke says that an object changed.
func (b *Book) poke() {
	b.changed.Store(true)
	select {
	case b.wake <- struct{}{}:
	default: // it is awake
	}
}

// compiled is the graph of what is there now.
func (b *Book) compiled() (*policy.Graph, error) {
	if !b.ready.Load() {
		return nil, errNotRead
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.changed.Swap(false) && b.graph != nil {
		return b.graph, nil
	}
	c, err := b.content()
	if err != nil {
		b.changed.Store(true)
		return nil, err
	}
	b.graph = policy.Build(c.snapshot)
	return b.graph, nil
}

// content is what is there now.
func (b *Book) content() (*content, error) {
	c := &content{}
	for _, k := range b.kinds {
		if err := k.list(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// tell has everybody know what is wrong now.
func (b *Book) tell(ctx context.Context) error {
	graph, err := b.compiled()
	if err != nil {
		return err
	}
	c, err := b.content()
	if err != nil {
		return err
	}
	// Neither the bundled proxy nor an external authoriser carries UDP.
	wrong := append(graph.Problems(), graph.Unsupported(policy.TCP, policy.HTTP)...)
	return b.report.tell(ctx, c.subjects, wrong)
}
