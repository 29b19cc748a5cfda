//go:build linux

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/process"
)

const (
	// between is the time between two looks at whether something is ready.
	between = 50 * time.Millisecond
	// firstPort and lastPort bound the API server's port. They are below those that the kernel gives to connections, so that
	// none of these has the port when the server is started again.
	firstPort, lastPort = 6443, 6543
)

// awaitCondition waits until an object has a condition.
func (n *Node) awaitCondition(ctx context.Context, path, condition string) error {
	return await(ctx, path+" is "+condition, nil, func() error {
		text, err := n.Plane.Get(ctx, path)
		if err != nil {
			return err
		}
		var object struct {
			Status struct {
				Conditions []struct{ Type, Status, Message string } `json:"conditions"`
			} `json:"status"`
		}
		if err := json.Unmarshal(text, &object); err != nil {
			return err
		}
		why := "it has no such condition"
		for _, found := range object.Status.Conditions {
			if found.Type == condition && found.Status == "True" {
				return nil
			}
			if found.Type == condition {
				why = found.Message
			}
		}
		return errors.New(why)
	})
}

// await waits until try succeeds, and fails when the child that it depends on ends meanwhile.
func await(ctx context.Context, what string, child *process.Child, try func() error) error {
	look := time.NewTicker(between)
	defer look.Stop()
	var done <-chan struct{} // Without a child it never comes.
	if child != nil {
		done = child.Done()
	}
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w; the last answer: %w", what, context.Cause(ctx), err)
		case <-done:
			return child.Ended()
		case <-look.C:
		}
	}
}

// freeAddress returns an address that was free a moment ago; port 0 stands for any.
func freeAddress(address string) (netip.AddrPort, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	found, err := netip.ParseAddrPort(listener.Addr().String())
	return found, errors.Join(err, listener.Close())
}

// apiPort finds a port for the API server on the node's address, and one for others on the loopback address would do as well.
func apiPort() (int, error) {
	var last error
	for port := firstPort; port <= lastPort; port++ {
		for _, host := range []string{Address, "127.0.0.1"} {
			if _, last = freeAddress(fmt.Sprintf("%s:%d", host, port)); last != nil {
				break
			}
		}
		if last == nil {
			return port, nil
		}
	}
	return 0, last
}
