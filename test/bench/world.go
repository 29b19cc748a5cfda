package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// account is the controller's, as an installation makes it.
const account = "system:serviceaccount:serin-system:serin-controller"

// accountGroups are those of every ServiceAccount of serin-system.
var accountGroups = []string{"system:serviceaccounts", "system:serviceaccounts:serin-system", "system:authenticated"}

// world is everything that is measured or needed for it, running.
type world struct {
	plane      *controlplane.ControlPlane
	client     client.Client
	manager    ctrl.Manager
	traffic    *dataPlane
	controller *process
	record     *record

	metrics *httptest.Server
	end     context.CancelFunc
	parts   sync.WaitGroup
	failed  chan error
}

// newWorld starts it. Stop must be called, also after an error.
func newWorld(ctx context.Context, progress io.Writer) (*world, error) {
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	w := &world{end: end, failed: make(chan error, 8)}
	root, err := findRoot()
	if err != nil {
		return w, err
	}
	if w.plane, err = controlplane.Start(ctx, controlplane.Options{Own: true, Audit: true, Progress: progress}); err != nil {
		return w, err
	}
	if w.record, err = openRecord(w.plane.AuditLog, account); err != nil {
		return w, err
	}
	for _, start := range []func(context.Context, string) error{w.install, w.startParts, w.registerMetrics, w.startController} {
		if err := errors.Join(start(running, root), ctx.Err()); err != nil {
			return w, err
		}
	}
	return w, nil
}

// stop ends everything in the reverse order.
func (w *world) stop() error {
	if w.controller != nil {
		w.controller.stop()
	}
	w.end()
	w.parts.Wait()
	if w.metrics != nil {
		w.metrics.Close()
	}
	var err error
	if w.record != nil {
		err = w.record.close()
	}
	if w.plane != nil {
		err = errors.Join(err, w.plane.Stop())
	}
	return err
}

// well is an error if a part has ended.
func (w *world) well() error {
	select {
	case err := <-w.failed:
		return err
	default:
		return w.controller.alive()
	}
}

// run keeps a part running until stop.
func (w *world) run(ctx context.Context, name string, part func(context.Context) error) {
	w.parts.Go(func() {
		if err := part(ctx); ctx.Err() == nil {
			w.failed <- fmt.Errorf("%s ended: %w", name, err)
		}
	})
}

// install makes the client, the CRDs and what an installation grants.
func (w *world) install(ctx context.Context, root string) error {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	var err error
	if w.client, err = client.New(w.plane.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	crds := envtest.CRDInstallOptions{ErrorIfPathMissing: true, Paths: []string{filepath.Join(root, "config", "crd", "smi")}}
	own, err := filepath.Glob(filepath.Join(root, "config", "crd", "serin.dev_*.yaml"))
	if err != nil {
		return err
	}
	crds.Paths = append(crds.Paths, own...)
	if _, err := envtest.InstallCRDs(w.plane.Config, crds); err != nil {
		return err
	}
	for _, object := range []client.Object{namespace("serin-system"), gen.ProxyService("serin-system")} {
		if err := w.apply(ctx, object); err != nil {
			return err
		}
	}
	if err := w.applyFolder(ctx, filepath.Join(root, "config", "rbac")); err != nil {
		return err
	}
	w.manager, err = ctrl.NewManager(w.plane.Config, ctrl.Options{
		Scheme: scheme, Metrics: metricsserver.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	return err
}

// startParts starts what stands in: the kubelet and the data plane.
func (w *world) startParts(ctx context.Context, _ string) error {
	w.traffic = newDataPlane(w.manager.GetClient())
	skip := true
	err := ctrl.NewControllerManagedBy(w.manager).Named("data-plane").For(&split.TrafficSplit{}).
		WithOptions(controller.Options{MaxConcurrentReconciles: 16, SkipNameValidation: &skip}).Complete(w.traffic)
	if err != nil {
		return err
	}
	w.run(ctx, "the data plane", w.manager.Start)
	w.run(ctx, "the scraper", w.traffic.scrape)
	w.run(ctx, "the kubelet", func(ctx context.Context) error { return runKubelet(ctx, w.plane.Config) })
	return nil
}

// startController builds and starts the controller.
func (w *world) startController(ctx context.Context, root string) error {
	program, err := buildSerin(ctx, root, w.plane.Dir)
	if err != nil {
		return err
	}
	config, err := clientcmd.LoadFromFile(w.plane.Kubeconfig)
	if err != nil {
		return err
	}
	for _, user := range config.AuthInfos {
		user.Impersonate, user.ImpersonateGroups = account, accountGroups
	}
	kubeconfig := filepath.Join(w.plane.Dir, "controller.kubeconfig")
	if err := clientcmd.WriteToFile(*config, kubeconfig); err != nil {
		return err
	}
	w.controller, err = launch(program, kubeconfig, filepath.Join(w.plane.Dir, "controller.log"))
	return err
}

// findRoot finds the checkout above the working folder.
func findRoot() (string, error) {
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
