//go:build unix

package plane

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"github.com/serin-dev/serin/test/cluster/internal/assets"
	"github.com/serin-dev/serin/test/cluster/internal/process"
)

const (
	// portTries bounds how often a server that found its port taken is started again.
	portTries = 5
	// between is the time between two looks at whether something is ready.
	between = 50 * time.Millisecond
)

// errPortTaken says that somebody took the port of a server before the server did.
var errPortTaken = errors.New("the port is taken")

// start brings everything up, in the order in which one needs the other.
func (p *Plane) start(ctx context.Context) error {
	keys, err := p.layout.writeCertificates()
	if err != nil {
		return err
	}
	p.keys = keys
	if p.AuditLog, err = p.layout.writeAuditPolicy(); err != nil {
		return err
	}
	if p.client, err = newClient(keys); err != nil {
		return err
	}
	if err := p.launch(assets.Etcd, p.layout.etcdFlags()); err != nil {
		return err
	}
	p.Server, err = p.serve(ctx, server{program: assets.APIServer, flags: p.layout.apiServerFlags, health: "/readyz", host: p.layout.host()})
	if err != nil {
		return err
	}
	p.Kubeconfig = p.layout.kubeconfig()
	if err := p.layout.writeKubeconfig(p.Kubeconfig, p.Server, keys.authority.Pair, keys.admin); err != nil {
		return err
	}
	if _, err := p.WriteKubeconfig("controller-manager", controllerManagerUser); err != nil {
		return err
	}
	manager := server{program: assets.ControllerManager, flags: p.layout.controllerManagerFlags, health: "/healthz"}
	if _, err := p.serve(ctx, manager); err != nil {
		return err
	}
	if err := p.startScheduler(ctx); err != nil {
		return err
	}
	account := p.Server + "/api/v1/namespaces/default/serviceaccounts/default"
	if err := p.await(ctx, account); err != nil {
		return err
	}
	p.Version, err = p.client.version(ctx, p.Server)
	return err
}

// server is a program that listens on a port.
type server struct {
	program string
	flags   func(port int) []string
	// health is the path that answers well once the server is ready.
	health string
	// host is the address that the server listens on, the loopback one if empty.
	host string
}

// serve starts a server and returns its address when it is ready. Between the choice of a port and the server's use of it
// somebody else may take it, so the server is then started again on another one.
func (p *Plane) serve(ctx context.Context, s server) (string, error) {
	for range portTries {
		port, err := p.ports()
		if err != nil {
			return "", err
		}
		if err := p.launch(s.program, s.flags(port)); err != nil {
			return "", err
		}
		address := fmt.Sprintf("https://%s:%d", cmp.Or(s.host, loopback), port)
		err = p.await(ctx, address+s.health)
		if !errors.Is(err, errPortTaken) {
			return address, err
		}
		p.log.Say("%s: port %d was taken; trying another", s.program, port)
		p.group.Forget(p.newest())
	}
	return "", fmt.Errorf("%s found its port taken %d times", s.program, portTries)
}

// launch starts a program and adds it to the children.
func (p *Plane) launch(program string, flags []string) error {
	_, err := p.group.Start(process.Spec{
		Name: program,
		Path: filepath.Join(p.programs, program),
		Args: flags,
		Dir:  p.Dir,
		Log:  p.layout.log(program),
	})
	return err
}

// newest is the program that was started last.
func (p *Plane) newest() *process.Child {
	children := p.group.All()
	return children[len(children)-1]
}

// await waits until an address answers well, and fails when a child ends meanwhile: with errPortTaken if the newest child
// ended because its port was taken.
func (p *Plane) await(ctx context.Context, address string) error {
	look := time.NewTicker(between)
	defer look.Stop()
	newest := p.newest()
	asking, cancel := whileRunning(ctx, newest) // Whoever took the port may never answer.
	defer cancel()
	for {
		_, err := p.client.get(asking, address)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return gaveUp(ctx, err, newest)
		case <-look.C:
		}
		for _, child := range p.group.All() {
			if !over(child) {
				continue
			}
			if child == newest && strings.Contains(child.Tail(50), "address already in use") {
				return errPortTaken
			}
			return child.Ended()
		}
	}
}

// gaveUp explains the end of a wait: with all that is known if it took too long, in a word if somebody wanted it.
func gaveUp(ctx context.Context, last error, newest *process.Child) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return fmt.Errorf("%w; the last answer: %w; the end of the log of %s:\n%s",
		context.Cause(ctx), last, newest.Name(), newest.Tail(20))
}

// whileRunning returns a context that is done when ctx is, or when the child has ended.
func whileRunning(ctx context.Context, child *process.Child) (context.Context, context.CancelFunc) {
	running, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-child.Done():
			cancel()
		case <-running.Done():
		}
	}()
	return running, cancel
}

// over reports whether a child has ended.
func over(child *process.Child) bool {
	select {
	case <-child.Done():
		return true
	default:
		return false
	}
}

// freePort returns a port on the loopback interface that was free a moment ago.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	return int(address.Port()), errors.Join(err, listener.Close())
}
