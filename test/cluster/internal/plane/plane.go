//go:build unix

package plane

import (
	"context"
	"fmt"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/process"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
	"github.com/serin-dev/serin/test/cluster/internal/scratch"
)

// startTimeout bounds the start of a control plane; it is far above what a loaded machine needs.
const startTimeout = 2 * time.Minute

// Plane is a running control plane.
type Plane struct {
	// Dir is the folder with all its files.
	Dir string
	// Kubeconfig is the path of the administrator's kubeconfig, Server the address in it.
	Kubeconfig, Server string
	// Version is what the API server says.
	Version string
	// AuditLog is the path of the record of requests, empty if there is none.
	AuditLog string

	layout   layout
	scratch  *scratch.Dir
	keys     credentials
	client   *client
	ports    func() (int, error)
	log      *progress.Log
	programs string
	group    *process.Group
}

// Options say what a control plane is made of.
type Options struct {
	// Programs is the folder with etcd, kube-apiserver and kube-controller-manager.
	Programs string
	// Base is the folder in which the control plane makes its own.
	Base string
	// Ports finds a port; nil means one that is free.
	Ports func() (int, error)
	Log   *progress.Log
	// Audit says what the API server records of requests. The zero value is nothing.
	Audit Audit
	// Node is what a control plane for a real node has beside; nil means one without nodes.
	Node *Node
}

// Node says what a real node shares with its control plane.
type Node struct {
	// Dir is the folder of the node, in which the control plane is as well. The node deletes it.
	Dir string
	// Address is the one of the node that its pods reach. The API server listens on it.
	Address string
	// Group gets the programs, which the node stops.
	Group *process.Group
}

// Start starts a control plane and returns when it is ready. What was started is stopped again if it fails.
func Start(ctx context.Context, options Options) (*Plane, error) {
	p := &Plane{
		layout:   layout{audit: options.Audit},
		ports:    options.Ports,
		log:      options.Log,
		programs: options.Programs,
		group:    &process.Group{},
	}
	if options.Node != nil {
		p.Dir, p.layout.node, p.group = options.Node.Dir, options.Node.Address, options.Node.Group
	} else {
		dir, err := scratch.New(options.Base)
		if err != nil {
			return nil, err
		}
		p.Dir, p.scratch = dir.Path, dir
	}
	p.layout.root = p.Dir
	if p.ports == nil {
		p.ports = freePort
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the control plane was not ready within %s", startTimeout))
	defer cancel()
	if err := p.start(ctx); err != nil {
		_ = p.Stop() // The reason why it did not start is the one to tell.
		return nil, err
	}
	return p, nil
}

// Pids are the process ids of the programs.
func (p *Plane) Pids() map[string]int { return p.group.Pids() }

// Wait returns nil when ctx is done, or an error when a program has ended before.
func (p *Plane) Wait(ctx context.Context) error {
	children := p.group.All()
	ended := make(chan *process.Child, len(children))
	for _, child := range children {
		go func() {
			<-child.Done()
			ended <- child
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case child := <-ended:
		return child.Ended()
	}
}
