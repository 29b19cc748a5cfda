// Package integration_test holds what only a real API server can show of the Canary: what it refuses, who owns which field,
// and what the controller leaves alone.
package integration_test

import (
	"context"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary"
	"github.com/serin-dev/serin/test/controlplane"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

// patience bounds every wait for the controller; the waits end as soon as what they wait for is there.
const patience = 30 * time.Second

var (
	plane *controlplane.ControlPlane
	user  client.Client // the user's own client: uncached, field manager kubectl
)

func TestIntegration(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(patience)
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
	startController()
})

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		Expect(add(s)).To(Succeed())
	}
	return s
}

// startController runs the controller in this process until the suite ends.
func startController() {
	ctx, stop := context.WithCancel(context.Background())
	mgr, err := ctrl.NewManager(plane.Config, ctrl.Options{
		Scheme: scheme(), Logger: logr.Discard(), Metrics: server.Options{BindAddress: "0"}, Cache: canary.CacheOptions(),
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(canary.Setup(ctx, mgr, canary.Options{Workers: 4, Namespace: "serin-system"})).To(Succeed())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	DeferCleanup(func() {
		stop()
		Expect(<-done).To(Succeed())
	})
}

// freshNamespace makes a namespace of its own for a spec, and removes it after.
func freshNamespace(ctx context.Context) string {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}
	Expect(user.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = user.Delete(ctx, ns) })
	return ns.Name
}
