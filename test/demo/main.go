package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/serin-dev/serin/test/demo/story"

	"github.com/go-logr/logr"
	"golang.org/x/term"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

func main() {
	keep := flag.Bool("keep", false, "stay up after the story, for kubectl")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	quiet()
	after := func(context.Context, *story.World) error { return nil }
	if *keep {
		after = stay
	}
	wrong, err := run(ctx, os.Stdout, after)
	stop()
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "demo: stopped")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	case len(wrong) > 0:
		os.Exit(1)
	}
}

// quiet keeps the libraries' logs out of the view; Serin's own parts say in the view what matters.
func quiet() {
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
}

// run tells the story, prints the table and does what comes after it; it returns what was not as it must be.
func run(ctx context.Context, out *os.File, after func(context.Context, *story.World) error) (wrong []string, err error) {
	began := time.Now()
	root, err := story.FindRoot()
	if err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "Starting a Kubernetes control plane, a simulated node with two proxies on it, the metrics server and the controller ...")
	world, err := story.NewWorld(ctx, story.WorldOptions{Root: root, Progress: os.Stderr})
	defer func() { err = errors.Join(err, world.Stop()) }()
	if err != nil {
		return nil, err
	}
	view := newView(out, began)
	report, err := story.Tell(ctx, world, view.show)
	view.end()
	if err != nil {
		return nil, fmt.Errorf("%w\nthe controller's log ends with:\n%s", err, tail(filepath.Join(world.Plane.Dir, "controller.log")))
	}
	wrong = append(report.Wrong(), report.WrongJudge()...)
	if missing := report.WrongMessages(); missing != "" {
		wrong = append(wrong, missing)
	}
	table(out, report, wrong, time.Since(began))
	return wrong, after(ctx, world)
}

// stay says how to look at the cluster and keeps it and the traffic up until the context ends.
func stay(ctx context.Context, world *story.World) error {
	hint(os.Stdout, world)
	return story.Call(ctx, world)
}

// hint says how to look at the cluster.
func hint(out io.Writer, world *story.World) {
	fmt.Fprintf(out, `
The cluster and the traffic stay up until ^C. In another terminal:

  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl get canaries -n shop -o wide
  kubectl describe canary foobar -n shop
  kubectl get --raw '/apis/metrics.smi-spec.io/v1alpha1/namespaces/shop/trafficsplits?window=10s'
  kubectl get deployments,services,trafficsplits.split.smi-spec.io,endpointslices -n shop

Make a release of your own and watch it (images: demo/foobar:v1 and v2 are good, v3 fails, v4 is slow):

  kubectl get canaries -n shop -w &
  kubectl set image deployment/foobar app=demo/foobar:v3 -n shop
`, world.Plane.Kubeconfig, world.Plane.AssetsDir)
}

// tail is the end of a file.
func tail(path string) string {
	const most = 2000
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(len(text)-most, 0):])
}

// newView is a live view in a terminal that is large enough, and plain lines elsewhere.
func newView(out *os.File, began time.Time) view {
	if width, height, err := term.GetSize(int(out.Fd())); err == nil && width >= 80 && height >= 24 {
		return &live{out: out, began: began, width: width, height: height}
	}
	return &lines{out: out, began: began}
}
