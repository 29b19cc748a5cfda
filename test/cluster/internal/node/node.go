//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/filelock"
	"github.com/serin-dev/serin/test/cluster/internal/machine"
	"github.com/serin-dev/serin/test/cluster/internal/plane"
	"github.com/serin-dev/serin/test/cluster/internal/process"
	"github.com/serin-dev/serin/test/cluster/internal/progress"
)

const (
	// startTimeout bounds the start of a node; it is far above what a loaded machine needs.
	startTimeout = 5 * time.Minute
	// othersTimeout bounds the wait for another node on this machine to go.
	othersTimeout = 15 * time.Minute
	// cleanTimeout bounds the waits for the kernel when a node is taken away.
	cleanTimeout = time.Minute
	// grace is the time a program has to end by itself.
	grace = 5 * time.Second
)

// Programs are the paths of what a node is made of.
type Programs struct {
	// Kubernetes is the folder with the programs of the control plane and of the node.
	Kubernetes string
	// Runc and CoreDNS are those programs.
	Runc, CoreDNS string
	// BuildPause builds the program of the pause image to a path.
	BuildPause func(ctx context.Context, path string) error
}

// Options say what a node has.
type Options struct {
	Programs Programs
	// Images are the paths of image archives to import.
	Images []string
	// LogSpace is the size of the file system that holds the logs of pods, in bytes; 0 means the machine's disk.
	LogSpace int64
	Audit    plane.Audit
	Log      *progress.Log
}

// Info says how to get at a running node.
type Info struct {
	// Containerd is the socket of containerd, Namespace the one in it for images and containers.
	Containerd string `json:"containerd"`
	Namespace  string `json:"namespace"`
	// PodLogs is the folder with the logs of pods, Logs the one with those of the node's programs.
	PodLogs string `json:"podLogs"`
	Logs    string `json:"logs"`
	// Address is the one of the node.
	Address string `json:"address"`
	Name    string `json:"name"`
}

// Node is a running node.
type Node struct {
	Plane *plane.Plane
	Info  Info
	// Took is the time that the start took, without the wait for another node to go.
	Took time.Duration

	options Options
	layout  layout
	lock    *filelock.Lock
	group   *process.Group
}

// Start starts a node and returns when it is ready. What was started is stopped again if it fails.
func Start(ctx context.Context, options Options) (*Node, error) {
	n := &Node{options: options, group: &process.Group{}}
	n.Info = Info{
		Containerd: machine.Socket(),
		Namespace:  Namespace,
		PodLogs:    n.layout.podLogs(),
		Logs:       n.layout.at("logs"),
		Address:    Address,
		Name:       Name,
	}
	if err := n.take(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("the node was not ready within %s", startTimeout))
	defer cancel()
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	n.Took = time.Since(began)
	return n, nil
}

// Sweep waits for a node that runs on this machine to go, and clears away what a killed one left.
func Sweep(ctx context.Context, log *progress.Log) error {
	n := &Node{options: Options{Log: log}, group: &process.Group{}}
	if err := n.take(ctx); err != nil {
		return err
	}
	return n.Stop()
}

// take takes the node's folder, waiting for another node to go, and clears away what a killed one left in it.
func (n *Node) take(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, othersTimeout, fmt.Errorf("another node still runs after %s", othersTimeout))
	defer cancel()
	path := n.layout.lock()
	for {
		if err := os.MkdirAll(machine.Dir, 0o755); err != nil {
			return err
		}
		lock, err := n.acquire(ctx, path)
		if errors.Is(err, os.ErrNotExist) {
			continue // The other one has just deleted the folder.
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
		if lock.Names(path) {
			n.lock = lock
			break
		}
		lock.Release()
	}
	if err := n.lock.Write(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return err
	}
	entries, err := os.ReadDir(machine.Dir)
	if err != nil || len(entries) < 2 {
		return err
	}
	n.options.Log.Say("clearing away what a killed node left in %s", machine.Dir)
	return n.clean()
}

// acquire waits for the lock of the node's folder.
func (n *Node) acquire(ctx context.Context, path string) (*filelock.Lock, error) {
	end := func() {}
	lock, err := filelock.Acquire(ctx, path, func() {
		task := n.options.Log.Begin("waiting for the node that runs on this machine; there can be only one", func() string { return "" })
		end = func() { task.End("over") }
	})
	end()
	return lock, err
}

// start brings everything up, in the order in which one needs the other.
func (n *Node) start(ctx context.Context) error {
	if err := n.prepare(ctx); err != nil {
		return err
	}
	if err := n.startContainerd(ctx); err != nil {
		return err
	}
	var err error
	n.Plane, err = plane.Start(ctx, plane.Options{
		Programs: n.options.Programs.Kubernetes,
		Ports:    apiPort,
		Log:      n.options.Log,
		Audit:    n.options.Audit,
		Node:     &plane.Node{Dir: machine.Dir, Address: Address, Group: n.group},
	})
	if err != nil {
		return err
	}
	if err := n.startKubelet(); err != nil {
		return err
	}
	if err := n.startProxy(); err != nil {
		return err
	}
	if err := n.startDNS(ctx); err != nil {
		return err
	}
	return n.Import(ctx, n.options.Images)
}

// Keep starts every program again that ends, and calls changed after that.
func (n *Node) Keep(changed func()) {
	n.group.Keep(func(sentence string) {
		n.options.Log.Say("%s", sentence)
		changed()
	})
}

// Pids are the process ids of the programs.
func (n *Node) Pids() map[string]int { return n.group.Pids() }

// Stop ends the node and takes away all that it made.
func (n *Node) Stop() error {
	if n.Plane != nil {
		_ = n.Plane.Stop() // It stops the group and has no folder of its own.
	}
	n.group.Stop(grace)
	err := n.clean()
	if err == nil {
		err = os.RemoveAll(machine.Dir)
	}
	n.lock.Release()
	return err
}

// Kill ends the programs at once. It may be called while Stop is under way.
func (n *Node) Kill() { n.group.Kill() }

// clean takes away what a node made, its lock excepted.
func (n *Node) clean() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTimeout)
	defer cancel()
	return machine.Clean(ctx, n.layout.lock())
}

// launch starts a program of the node.
func (n *Node) launch(program, path string, flags []string) (*process.Child, error) {
	return n.group.Start(process.Spec{Name: program, Path: path, Args: flags, Dir: machine.Dir, Log: n.layout.log(program)})
}

// kubernetes is the path of one of Kubernetes' programs.
func (n *Node) kubernetes(program string) string {
	return filepath.Join(n.options.Programs.Kubernetes, program)
}
