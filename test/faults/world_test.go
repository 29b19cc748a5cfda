//go:build e2e

package faults

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"
	"github.com/serin-dev/serin/test/sim/network"
	"github.com/serin-dev/serin/test/sim/node"
	"github.com/serin-dev/serin/test/sim/services"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// root is the checkout.
const root = "../.."

// patience bounds every wait; the waits end as soon as what they wait for is there.
const patience = 2 * time.Minute

// world is what all tests share: a control plane, a node with two proxies on it, and the TrafficMetrics server.
type world struct {
	plane     *controlplane.ControlPlane
	apiServer *process     // the one that all parts talk to
	config    *rest.Config // of the administrator, there
	user      client.WithWatch
	network   *network.Network
	services  *services.Services
	proxies   *proxies
	metrics   *metricsServer
	serin     string // the program
	part      string // the program of the proxies and the TrafficMetrics server
	ctx       context.Context

	stop  context.CancelFunc
	parts sync.WaitGroup
}

// shared is the world of all tests.
var shared *world

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	w, err := newWorld(context.Background())
	code := 1
	if err == nil {
		shared = w
		code = m.Run()
	} else {
		fmt.Fprintln(os.Stderr, "the world did not start:", err)
	}
	if err := w.end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func newWorld(ctx context.Context) (*world, error) {
	running, stop := context.WithCancel(ctx)
	w := &world{ctx: running, stop: stop, network: network.New(netip.MustParsePrefix("10.244.0.0/16"))}
	var err error
	if w.plane, err = controlplane.Start(ctx, controlplane.Options{Own: true}); err != nil {
		return w, err
	}
	if w.apiServer, w.config, err = startAPIServer(ctx, w.plane); err != nil {
		return w, err
	}
	for _, start := range []func(context.Context) error{w.build, w.install, w.grant, w.startNode, w.startMetrics} {
		if err := start(running); err != nil {
			return w, err
		}
	}
	return w, nil
}

// end ends everything, in the reverse order.
func (w *world) end() error {
	if w.metrics != nil {
		w.metrics.close()
	}
	w.stop()
	w.parts.Wait()
	if w.apiServer != nil {
		w.apiServer.kill()
	}
	if w.plane != nil {
		return w.plane.Stop()
	}
	return nil
}

func (w *world) build(ctx context.Context) error {
	var err error
	if w.serin, err = build(ctx, w.plane.Dir, "serin", "./cmd/serin"); err != nil {
		return err
	}
	w.part, err = build(ctx, w.plane.Dir, "part", "./test/faults/part")
	w.proxies, w.metrics = &proxies{world: w, program: w.part}, &metricsServer{world: w}
	return err
}

func (w *world) install(context.Context) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	user, err := client.NewWithWatch(w.config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	w.user = user
	_, err = envtest.InstallCRDs(w.config, envtest.CRDInstallOptions{
		Paths: []string{filepath.Join(root, "config", "crd"), filepath.Join(root, "config", "crd", "smi")}, ErrorIfPathMissing: true,
	})
	return err
}

// grant applies what an installation applies for its parts' accounts: every part acts as its own.
func (w *world) grant(ctx context.Context) error {
	if err := w.apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: serin-system}"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "config", "rbac", "*.yaml"))
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		if filepath.Base(file) != "kustomization.yaml" {
			err = errors.Join(err, readErr, w.apply(ctx, string(text)))
		}
	}
	return err
}

func (w *world) startNode(ctx context.Context) error {
	n := node.New(node.Options{RestConfig: w.config, Network: w.network, Images: w.image})
	w.parts.Go(func() {
		if err := n.Run(ctx); ctx.Err() == nil {
			panic(fmt.Sprintf("the simulated node ended: %v", err)) // no test means anything without it
		}
	})
	watched, err := services.Watch(ctx, w.config, w.network)
	w.services = watched
	return errors.Join(err, w.apply(ctx, proxyObjects))
}

// kubeconfig writes a kubeconfig for a part's account. Server is where it asks; empty for the API server itself.
func (w *world) kubeconfig(part, server string) (string, error) {
	config, err := clientcmd.LoadFromFile(w.plane.Kubeconfig)
	if err != nil {
		return "", err
	}
	for _, cluster := range config.Clusters {
		cluster.Server = w.config.Host
		if server != "" {
			*cluster = clientcmdapi.Cluster{Server: server}
		}
	}
	for _, user := range config.AuthInfos {
		if server != "" {
			*user = clientcmdapi.AuthInfo{} // the gate has the certificate
		}
		user.Impersonate = "system:serviceaccount:serin-system:serin-" + part
		user.ImpersonateGroups = []string{"system:serviceaccounts", "system:serviceaccounts:serin-system", "system:authenticated"}
	}
	file, err := os.CreateTemp(w.plane.Dir, part+"-*.kubeconfig")
	if err != nil {
		return "", err
	}
	return file.Name(), errors.Join(file.Close(), clientcmd.WriteToFile(*config, file.Name()))
}

// apply applies every object of a text, as the people of a shop would.
func (w *world) apply(ctx context.Context, text string) error {
	objects, err := gen.Objects(text)
	if err != nil {
		return err
	}
	for _, object := range objects {
		err := poll(ctx, 30*time.Second, func() (bool, error) {
			err := w.user.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"))
			if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
				return false, nil // the API server has not caught up with a new namespace or kind
			}
			return err == nil, err
		})
		if err != nil {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// poll asks until the answer is yes. An API server that is busy or away is asked again.
func poll(ctx context.Context, timeout time.Duration, ask func() (bool, error)) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		yes, err := ask()
		if last = err; err != nil && away(err) {
			return false, nil
		}
		return yes, err
	})
	if err != nil && last != nil {
		return errors.Join(err, last)
	}
	return err
}

// away says whether an error is about the API server and not about what was asked.
func away(err error) bool {
	return apierrors.IsServiceUnavailable(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err) ||
		apierrors.IsTimeout(err) || apierrors.IsInternalError(err) || apierrors.ReasonForError(err) == "" ||
		strings.Contains(err.Error(), "connection refused")
}
