//go:build e2e

package gitops

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/test/child"
	"github.com/serin-dev/serin/test/controlplane"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	sourceController    = "source-controller"
	kustomizeController = "kustomize-controller"
	// stopTimeout bounds the time that a controller takes to stop.
	stopTimeout = 20 * time.Second
	// logShown is how much of a controller's log a failure shows, in bytes.
	logShown = 4 << 10
)

// startFlux installs Flux's CRDs and starts its two controllers, which end with the suite.
func startFlux(ctx context.Context, root, folder string) {
	GinkgoHelper()
	for _, module := range []string{sourceController, kustomizeController} {
		crds := filepath.Join(ask(ctx, "module", module), "config", "crd", "bases")
		_, err := envtest.InstallCRDs(world.Plane.Config, envtest.CRDInstallOptions{Paths: []string{crds}, ErrorIfPathMissing: true})
		Expect(err).NotTo(HaveOccurred())
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "flux-system"}}
	Expect(world.Client().Create(ctx, namespace)).To(Succeed())
	artifacts := filepath.Join(folder, "artifacts")
	Expect(os.Mkdir(artifacts, 0o700)).To(Succeed())
	address := freeAddress()
	run(ctx, folder, sourceController, "--storage-path="+artifacts, "--storage-addr="+address, "--storage-adv-addr="+address)
	run(ctx, folder, kustomizeController)
	AddReportEntry("Flux", ask(ctx, "module", sourceController)+"\n"+ask(ctx, "module", kustomizeController))
}

// ask asks the program of test/cluster for a path.
func ask(ctx context.Context, what, name string) string {
	GinkgoHelper()
	cluster, folder, err := controlplane.Program(ctx)
	Expect(err).NotTo(HaveOccurred())
	cmd := exec.CommandContext(ctx, cluster, what, name)
	cmd.Dir, cmd.Stderr = folder, GinkgoWriter
	path, err := cmd.Output()
	Expect(err).NotTo(HaveOccurred(), "getting the %s of %s", what, name)
	return strings.TrimSpace(string(path))
}

// run runs one of Flux's controllers until the suite ends. A failed spec shows the end of its log.
func run(ctx context.Context, folder, name string, flags ...string) {
	GinkgoHelper()
	path := filepath.Join(folder, name+".log")
	log, err := os.Create(path)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = log.Close() }() // the program has its own
	scratch := filepath.Join(folder, name)
	Expect(os.Mkdir(scratch, 0o700)).To(Succeed())

	cmd := exec.Command(ask(ctx, "program", name), append(flags, "--metrics-addr=0", "--health-addr=0", "--events-addr=",
		"--enable-leader-election=false", "--watch-all-namespaces", "--log-encoding=console")...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+world.Plane.Kubeconfig, "RUNTIME_NAMESPACE=flux-system", "TMPDIR="+scratch)
	cmd.Dir, cmd.Stdout, cmd.Stderr = scratch, log, log
	Expect(child.Start(cmd)).To(Succeed())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	logs = append(logs, path)
	DeferCleanup(func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
		bound := time.AfterFunc(stopTimeout, func() { _ = cmd.Process.Kill() })
		defer bound.Stop()
		if err := <-ended; err != nil {
			return fmt.Errorf("%s ended: %w; the end of its log:\n%s", name, err, tail(path))
		}
		return nil
	})
}

// logs are the files that the controllers write.
var logs []string

var _ = ReportAfterEach(func(report SpecReport) {
	if !report.Failed() {
		return
	}
	for _, path := range logs {
		_, _ = fmt.Fprintf(GinkgoWriter, "the end of %s:\n%s\n", filepath.Base(path), tail(path))
	}
})

// tail is the end of a file.
func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	return bytes.TrimSpace(text[max(0, len(text)-logShown):])
}

// freeAddress is an address on loopback that nobody listens on.
func freeAddress() string {
	GinkgoHelper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	defer func() { Expect(listener.Close()).To(Succeed()) }()
	return listener.Addr().String()
}
