package node

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/serin-dev/serin/test/sim/network"
)

// Options say what a node is made of. RestConfig, Network and Images must be set.
type Options struct {
	// RestConfig reaches the API server.
	RestConfig *rest.Config
	// Network gives the pods their addresses.
	Network *network.Network
	// Images stands for a registry.
	Images Images
	// Name is the node's name, "sim" by default.
	Name string
	// Scheduler is the schedulerName of the pods this node takes, "serin-sim" by default.
	Scheduler string
	// CrashBackoff is how long a crashed container waits before it starts again, 1 s by default.
	CrashBackoff time.Duration
	// Log is for developers; the zero value discards.
	Log logr.Logger
}

// hostIP is the node's own address. Nothing listens there.
var hostIP = netip.MustParseAddr("172.31.0.1")

// Node is one simulated node.
type Node struct {
	options Options
	client  client.Client
	changed chan podEvent
	stopped chan struct{}

	mu        sync.Mutex
	sandboxes map[types.NamespacedName]*sandbox
}

// New returns a node for one Run.
func New(options Options) *Node {
	if options.Name == "" {
		options.Name = "sim"
	}
	if options.Scheduler == "" {
		options.Scheduler = "serin-sim"
	}
	if options.CrashBackoff == 0 {
		options.CrashBackoff = time.Second
	}
	if options.Log.GetSink() == nil {
		options.Log = logr.Discard()
	}
	return &Node{
		options:   options,
		changed:   make(chan podEvent, 1024),
		stopped:   make(chan struct{}),
		sandboxes: map[types.NamespacedName]*sandbox{},
	}
}

// Run registers the node and runs pods until the context ends. Then it ends every program and returns.
func (n *Node) Run(ctx context.Context) error {
	config := rest.CopyConfig(n.options.RestConfig)
	config.QPS = -1 // the API server's own fairness is enough
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Logger:                 n.options.Log,
		Metrics:                metricsserver.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
	})
	if err != nil {
		return fmt.Errorf("node %s: %w", n.options.Name, err)
	}
	n.client = manager.GetClient()
	if err := n.register(ctx, manager.GetAPIReader()); err != nil {
		return fmt.Errorf("node %s: %w", n.options.Name, err)
	}
	if err := manager.Add(heartbeat{client: n.client, node: n.options.Name}); err != nil {
		return fmt.Errorf("node %s: %w", n.options.Name, err)
	}
	skip := true // several nodes may run in one process, each with a controller of this name
	err = ctrl.NewControllerManagedBy(manager).Named("node").For(&corev1.Pod{}).
		WatchesRawSource(source.Channel(n.changed, afterABit{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: 8, SkipNameValidation: &skip}).
		Complete(n)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.options.Name, err)
	}
	err = manager.Start(ctx)
	n.stopAll()
	return err
}

// stopAll ends every program at once, as a power cut would, and waits until they are gone.
func (n *Node) stopAll() {
	close(n.stopped)
	n.mu.Lock()
	sandboxes := n.sandboxes
	n.sandboxes = map[types.NamespacedName]*sandbox{}
	n.mu.Unlock()
	for _, s := range sandboxes {
		n.discard(s)
	}
}
