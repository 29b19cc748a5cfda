package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// errMissed says that a number was over its limit.
var errMissed = errors.New("a limit was not kept")

// The kernel ends the controller's process with the thread that started it, so that is the one that ends last.
func init() { runtime.LockOSThread() }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	ctrllog.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	root := &cobra.Command{
		Use: "bench", Short: "Measure what Serin's controller costs", SilenceUsage: true, SilenceErrors: true,
	}
	root.AddCommand(idleCommand(), rolloutsCommand())
	err := root.ExecuteContext(ctx)
	stop()
	switch {
	case errors.Is(err, errMissed):
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
}
