// Package integration_test holds what only a real API server can show of the Canary: what it refuses, who owns which field,
// and what the controller leaves alone.
package integration_test

import (
	"context"
	"testing"
	"time"

	smiaccess "github.com/serin-dev/serin/api/smi/access"
	"github.com/serin-dev/serin/api/smi/specs"
	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/access"
	"github.com/serin-dev/serin/controllers/canary"
	canaryconfig "github.com/serin-dev/serin/controllers/canary/config"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	kubecontroller "sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// patience bounds every wait for the controller; the waits end as soon as what they wait for is there.
const patience = 60 * time.Second

var (
	plane      *controlplane.ControlPlane
	user       client.Client // the user's own client: uncached, field manager kubectl
	watcher    client.WithWatch
	network    *dataPlane
	node       *kubelet
	controller *running // the controller that all specs share
)

func TestIntegration(t *testing.T) {
	RegisterFailHandler(Fail)
	ctrl.SetLogger(logr.Discard())
	SetDefaultEventuallyTimeout(patience)
	EnforceDefaultTimeoutsWhenUsingContexts()
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RunSpecs(t, "Canary on a real API server")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	var err error
	plane, err = controlplane.Start(ctx, controlplane.Options{Progress: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)

	_, err = envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{
		Paths: []string{"../../config/crd", "../../config/crd/smi"}, ErrorIfPathMissing: true,
	})
	Expect(err).NotTo(HaveOccurred())
	user, err = client.New(plane.Config, client.Options{Scheme: scheme(), FieldOwner: "kubectl"})
	Expect(err).NotTo(HaveOccurred())
	watcher, err = client.NewWithWatch(plane.Config, client.Options{Scheme: scheme()})
	Expect(err).NotTo(HaveOccurred())
	Expect(user.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "serin-system"}})).To(Succeed())
	Expect(user.Create(ctx, gen.ProxyService("serin-system"))).To(Succeed())
	startStage(ctx)
	controller = startController()
	DeferCleanup(func() { controller.stop() })
})

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme, smiaccess.AddToScheme, specs.AddToScheme,
		apiregistrationv1.AddToScheme,
	} {
		Expect(add(s)).To(Succeed())
	}
	return s
}

// startStage starts what stands in for nodes and proxies.
func startStage(ctx context.Context) {
	Expect(user.Create(ctx, &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: nodeName}})).To(Succeed())
	mgr := newManager(cache.Options{})
	network, node = newDataPlane(mgr.GetClient()), newKubelet(mgr.GetClient())
	serveMetrics(ctx, network)
	many := kubecontroller.Options{MaxConcurrentReconciles: 8}
	Expect(ctrl.NewControllerManagedBy(mgr).Named("network").For(&split.TrafficSplit{}).WithOptions(many).Complete(network)).To(Succeed())
	Expect(ctrl.NewControllerManagedBy(mgr).Named("node").For(&corev1.Pod{}).WithOptions(many).Complete(node)).To(Succeed())
	stage := run(mgr)
	DeferCleanup(func() { stage.stop() })
}

// startController runs a controller in this process.
func startController() *running {
	mgr := newManager(canary.CacheOptions(canaryconfig.Scope{}))
	book, err := access.Setup(mgr, access.Options{Log: logr.Discard()})
	Expect(err).NotTo(HaveOccurred())
	Expect(canary.Setup(context.Background(), mgr, canary.Options{Workers: 4, Namespace: "serin-system", Grants: book})).To(Succeed())
	return run(mgr)
}

// newManager makes a manager beside which others may run.
func newManager(o cache.Options) ctrl.Manager {
	mgr, err := ctrl.NewManager(plane.Config, ctrl.Options{
		Scheme: scheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"}, Cache: o,
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	Expect(err).NotTo(HaveOccurred())
	return mgr
}

// running is a manager that runs.
type running struct {
	end  context.CancelFunc
	done chan error
}

func run(mgr ctrl.Manager) *running {
	ctx, end := context.WithCancel(context.Background())
	r := &running{end, make(chan error, 1)}
	go func() { r.done <- mgr.Start(ctx) }()
	return r
}

// stop ends it, and returns when nothing of it runs any more.
func (r *running) stop() {
	r.end()
	Expect(<-r.done).To(Succeed())
}

// freshNamespace makes a namespace of its own for a spec, and removes it after.
func freshNamespace(ctx context.Context) string {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}
	Expect(user.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = user.Delete(ctx, ns) })
	return ns.Name
}
