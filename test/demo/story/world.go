package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/metrics"
	"github.com/serin-dev/serin/metrics/scrape"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
	"github.com/serin-dev/serin/test/sim/services"
	"github.com/serin-dev/serin/test/sim/slack"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// podNetwork is where simulated pods live.
var podNetwork = netip.MustParsePrefix("10.244.0.0/16")

// World is everything the story needs, running.
type World struct {
	// Plane is the real control plane.
	Plane *controlplane.ControlPlane
	// Controller is the controller's process.
	Controller *Controller
	// Slack is what the notifications are posted to.
	Slack *slack.Server

	user     client.WithWatch // the shop's people: field manager "user"
	network  *network.Network
	services *services.Services

	built  func() (string, error)
	stop   context.CancelFunc
	parts  sync.WaitGroup
	failed chan error
}

// WorldOptions say how to make a world.
type WorldOptions struct {
	// Root is the checkout.
	Root string
	// Progress gets lines about what is being started.
	Progress io.Writer
	// Log gets the logs of the parts that run in this process; the zero value discards them.
	Log logr.Logger
}

// NewWorld starts a control plane, a simulated node with two proxies on it, the metrics server, Slack and the controller.
// Stop must be called, also after an error.
func NewWorld(ctx context.Context, o WorldOptions) (*World, error) {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	w := &World{stop: stop, failed: make(chan error, 8), network: network.New(podNetwork)}
	plane, err := controlplane.Start(ctx, controlplane.Options{Own: true, Progress: o.Progress})
	if err != nil {
		return w, err
	}
	w.Plane = plane
	w.built = build(ctx, o.Root, plane.Dir)
	for _, start := range []func(context.Context, WorldOptions) error{
		w.install, w.grant, w.startNode, w.startMetrics, w.startSlack, w.startController,
	} {
		if err := errors.Join(start(running, o), ctx.Err()); err != nil {
			return w, err
		}
	}
	return w, nil
}

// Stop ends everything that NewWorld started, in the reverse order.
func (w *World) Stop() error {
	if w.Controller != nil {
		w.Controller.Kill()
	}
	w.stop()
	w.parts.Wait()
	if w.Slack != nil {
		w.Slack.Stop()
	}
	if w.Plane != nil {
		return w.Plane.Stop()
	}
	return nil
}

// Failed tells of a part that ended by itself.
func (w *World) Failed() <-chan error { return w.failed }

// run keeps a part running until Stop.
func (w *World) run(ctx context.Context, name string, part func(context.Context) error) {
	w.parts.Add(1)
	go func() {
		defer w.parts.Done()
		if err := part(ctx); ctx.Err() == nil {
			w.failed <- fmt.Errorf("%s ended: %w", name, err)
		}
	}()
}

// install makes the clients and the CRDs.
func (w *World) install(_ context.Context, o WorldOptions) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	user, err := client.NewWithWatch(w.Plane.Config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	w.user = user
	_, err = envtest.InstallCRDs(w.Plane.Config, envtest.CRDInstallOptions{
		Paths: []string{
			filepath.Join(o.Root, "config", "crd"), filepath.Join(o.Root, "config", "crd", "smi"),
		},
		ErrorIfPathMissing: true,
	})
	return err
}

func (w *World) startNode(ctx context.Context, o WorldOptions) error {
	n := node.New(node.Options{
		RestConfig: w.Plane.Config, Network: w.network, Images: images(w.as(proxyAccount), o.Log), Log: o.Log.WithName("node"),
	})
	w.run(ctx, "the simulated node", n.Run)
	if err := w.apply(ctx, "10-serin.yaml"); err != nil {
		return err
	}
	watched, err := services.Watch(ctx, w.Plane.Config, w.network)
	w.services = watched
	return err
}

func (w *World) startMetrics(ctx context.Context, o WorldOptions) error {
	address, err := w.network.Allocate()
	if err != nil {
		return err
	}
	server, err := metrics.New(metrics.Options{
		RestConfig: w.as(metricsAccount), BindAddress: "127.0.0.1", Dial: scrape.DialFunc(w.network.DialFrom(address)),
		Log: o.Log.WithName("metrics"),
	})
	if err != nil {
		return err
	}
	w.run(ctx, "the metrics server", server.Run)
	return w.registerMetrics(ctx, server)
}

func (w *World) startSlack(context.Context, WorldOptions) error {
	server, err := slack.Start("")
	w.Slack = server
	return err
}

func (w *World) startController(context.Context, WorldOptions) error {
	program, err := w.built()
	if err != nil {
		return err
	}
	kubeconfig, err := w.kubeconfigAs(controllerAccount)
	if err != nil {
		return err
	}
	w.Controller = &Controller{
		program: program, kubeconfig: kubeconfig, log: filepath.Join(w.Plane.Dir, "controller.log"),
	}
	return w.Controller.Start()
}

// FindRoot finds the checkout above the working folder.
func FindRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "config", "crd", "serin.dev_canaries.yaml")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("run this from within a checkout of Serin")
		}
	}
}
