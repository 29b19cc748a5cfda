package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/smi/split"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cli"
	"github.com/serin-dev/serin/test/controlplane"
	"github.com/serin-dev/serin/test/gen"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// No controller runs here: the tests write the status themselves.
var (
	plane *controlplane.ControlPlane
	api   client.WithWatch
)

func TestCommands(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	RunSpecs(t, "kubectl canary on a real API server")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	klog.SetLogger(logr.Discard())
	ctrllog.SetLogger(logr.Discard())
	var err error
	plane, err = controlplane.Start(ctx, controlplane.Options{Progress: GinkgoWriter})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	_, err = envtest.InstallCRDs(plane.Config, envtest.CRDInstallOptions{
		Paths: []string{"../../config/crd", "../../config/crd/smi"}, ErrorIfPathMissing: true,
	})
	Expect(err).NotTo(HaveOccurred())
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, split.AddToScheme} {
		Expect(add(s)).To(Succeed())
	}
	api, err = client.NewWithWatch(plane.Config, client.Options{Scheme: s})
	Expect(err).NotTo(HaveOccurred())
})

// freshNamespace makes a namespace of its own for a spec, and removes it after.
func freshNamespace(ctx context.Context) string {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "shop-"}}
	Expect(api.Create(ctx, ns)).To(Succeed())
	DeferCleanup(func(ctx SpecContext) { _ = api.Delete(ctx, ns) })
	return ns.Name
}

var (
	one = v1alpha1.VersionStatus{Version: "v1", Revision: "6f9c1a2b3c4d", Image: "shop:1"}
	two = v1alpha1.VersionStatus{Version: "v2", Revision: "81aa77c0d1e2", Image: "shop:2"}
)

// made makes a Canary with a status, and its target with an image.
func made(ctx context.Context, image string, status func(*v1alpha1.CanaryStatus)) *v1alpha1.Canary {
	namespace := freshNamespace(ctx)
	Expect(api.Create(ctx, gen.Deployment(namespace, "foobar", image))).To(Succeed())
	c := gen.Canary(namespace, "foobar")
	Expect(api.Create(ctx, c)).To(Succeed())
	become(ctx, c, status)
	return c
}

// become writes a status, as the controller would.
func become(ctx context.Context, c *v1alpha1.Canary, status func(*v1alpha1.CanaryStatus)) {
	Eventually(func() error {
		if err := api.Get(ctx, client.ObjectKeyFromObject(c), c); err != nil {
			return err
		}
		c.Status.ObservedGeneration = c.Generation
		status(&c.Status)
		return api.Status().Update(ctx, c)
	}).Should(Succeed())
}

func serving(stable v1alpha1.VersionStatus, past ...v1alpha1.RolloutRecord) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Stable, s.Candidate, s.Step, s.Version = v1alpha1.PhaseSucceeded, &stable, nil, nil, stable.Version
		s.Message, s.History, s.RolledBackRevision = stable.Version+" serves", past, ""
		settle(s, v1alpha1.ConditionTrue, v1alpha1.ConditionFalse, v1alpha1.ConditionFalse)
	}
}

func underTest(phase v1alpha1.Phase) func(*v1alpha1.CanaryStatus) {
	return func(s *v1alpha1.CanaryStatus) {
		s.Phase, s.Stable, s.Version, s.Message = phase, &one, "v1 -> v2", "testing v2 at 10%"
		s.Candidate = &v1alpha1.CandidateStatus{VersionStatus: two, Weight: 10, Share: 10, StartedAt: v1alpha1.At(time.Unix(1000, 0))}
		s.Step = &v1alpha1.StepStatus{Position: "1/2", StartedAt: v1alpha1.At(time.Now())}
		settle(s, v1alpha1.ConditionFalse, v1alpha1.ConditionTrue, v1alpha1.ConditionFalse)
	}
}

func rolledBack(s *v1alpha1.CanaryStatus) {
	s.Phase, s.Stable, s.Candidate, s.Step, s.Version = v1alpha1.PhaseRolledBack, &one, nil, nil, "v1"
	s.Message, s.RolledBackRevision = "rolled back, v1 serves", two.Revision
	s.History = []v1alpha1.RolloutRecord{ended(two, v1alpha1.OutcomeRolledBack)}
	settle(s, v1alpha1.ConditionFalse, v1alpha1.ConditionFalse, v1alpha1.ConditionTrue)
}

func ended(v v1alpha1.VersionStatus, o v1alpha1.Outcome) v1alpha1.RolloutRecord {
	return v1alpha1.RolloutRecord{
		VersionStatus: v, Outcome: o, Reason: "Tested", Message: "because of the test",
		StartedAt: v1alpha1.At(time.Unix(1000, 0)), EndedAt: v1alpha1.At(time.Unix(1090, 0)),
	}
}

func settle(s *v1alpha1.CanaryStatus, ready, reconciling, stalled v1alpha1.ConditionStatus) {
	for kind, status := range map[string]v1alpha1.ConditionStatus{
		v1alpha1.ConditionReady: ready, v1alpha1.ConditionReconciling: reconciling, v1alpha1.ConditionStalled: stalled,
	} {
		s.SetCondition(v1alpha1.Condition{Type: kind, Status: status, Reason: "Testing", Message: s.Message}, time.Now())
	}
}

// run is a command line that runs.
type run struct {
	out, errOut *synced
	code        chan int
}

// start runs a command line in this process, in the Canary's namespace.
func start(ctx context.Context, namespace string, args ...string) run {
	r := run{&synced{}, &synced{}, make(chan int, 1)}
	w := cli.World{
		IOStreams: genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: r.out, ErrOut: r.errOut}, Environment: os.Environ(), Now: time.Now,
	}
	go func() {
		defer GinkgoRecover()
		r.code <- cli.Run(ctx, w, append(args, "--kubeconfig", plane.Kubeconfig, "-n", namespace))
	}()
	return r
}

// do runs a command line to its end.
func do(ctx context.Context, namespace string, args ...string) (code int, out, errOut string) {
	r := start(ctx, namespace, args...)
	Eventually(r.code).Should(Receive(&code))
	return code, r.out.String(), r.errOut.String()
}

// answering answers the next command on a Canary, as the controller would, and hands it over.
func answering(ctx context.Context, c *v1alpha1.Canary, refused string) <-chan v1alpha1.Command {
	seen := make(chan v1alpha1.Command, 1)
	go func() {
		defer GinkgoRecover()
		got, command := &v1alpha1.Canary{}, v1alpha1.Command{}
		Eventually(func(g Gomega) {
			g.Expect(api.Get(ctx, client.ObjectKeyFromObject(c), got)).To(Succeed())
			g.Expect(json.Unmarshal([]byte(got.Annotations[v1alpha1.AnnotationCommand]), &command)).To(Succeed())
		}).Should(Succeed())
		become(ctx, got, func(s *v1alpha1.CanaryStatus) {
			s.LastCommand = &v1alpha1.CommandRecord{Command: command, At: v1alpha1.At(time.Now()), Refused: refused}
		})
		seen <- command
	}()
	return seen
}

func assets(name string) string { return filepath.Join(plane.AssetsDir, name) }
