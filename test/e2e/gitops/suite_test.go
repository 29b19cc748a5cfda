//go:build e2e

package gitops

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/serin-dev/serin/test/demo/story"
	"github.com/serin-dev/serin/test/sim/load"

	"github.com/go-logr/logr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

const (
	// patience bounds every wait; each ends as soon as what it waits for is there.
	patience = 4 * time.Minute
	// rate is that of the callers, in requests per second.
	rate = 200
)

// What all specs share. They are one story, told in order.
var (
	world   *story.World
	git     *repository
	config  string // the folder config/gitops of the checkout
	canary  *history
	target  *history
	apex    *history
	flux    *history // the Flux Kustomization
	callers *load.Generator
)

func TestGitOps(t *testing.T) {
	RegisterFailHandler(Fail)
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	SetDefaultEventuallyTimeout(patience)
	SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	EnforceDefaultTimeoutsWhenUsingContexts()
	RunSpecs(t, "GitOps with Flux")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	root, err := story.FindRoot()
	Expect(err).NotTo(HaveOccurred())
	config = filepath.Join(root, "config", "gitops")
	world, err = story.NewWorld(ctx, story.WorldOptions{Root: root, Progress: GinkgoWriter})
	DeferCleanup(func() error { return world.Stop() })
	Expect(err).NotTo(HaveOccurred())

	folder, err := os.MkdirTemp("", "serin-gitops-")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(os.RemoveAll, folder)
	git, err = serveGit(ctx, folder)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() error { return git.stop() })
	startFlux(ctx, root, folder)

	running, stop := context.WithCancel(context.Background())
	DeferCleanup(stop)
	canary = follow(running, canaryKind, "shop", "foobar")
	target = follow(running, deploymentKind, "shop", "foobar")
	apex = follow(running, serviceKind, "shop", "foobar")
	flux = follow(running, kustomizationKind, "flux-system", "shop")
})

// call has a pod of the shop call the apex until hangUp.
func call(ctx context.Context) {
	GinkgoHelper()
	dial, err := world.DialFromPod(ctx, "web")
	Expect(err).NotTo(HaveOccurred())
	callers = load.New(load.Options{URL: "http://foobar.shop:8080/", PerSecond: rate, Dial: dial})
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		callers.Run(running)
	}()
	hangUp = func() {
		stop()
		<-ended
	}
}

// hangUp ends the calls and waits for the last answers.
var hangUp = func() {}

// noneLost checks that every request until now was answered by a release.
func noneLost() {
	GinkgoHelper()
	snapshot := callers.Snapshot()
	total := snapshot.Total().Sum()
	AddReportEntry("requests until now", fmt.Sprintf("%d, of which a release failed %d itself", total.Sent(), total.FailedByRelease))
	Expect(total.Sent()).NotTo(BeZero())
	Expect(total.FailedBetween).To(BeZero(), "%v", snapshot.Examples)
}
