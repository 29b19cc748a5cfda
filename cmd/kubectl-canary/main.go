// Command kubectl-canary is the kubectl plugin of Serin: `kubectl canary` shows rollouts and steers them.
//
// In: arguments, and the API server that kubectl would talk to. Out: text, an exit code, and commands as annotations on
// Canaries. It must not decide anything about a rollout: the controller does, and may refuse a command.
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cli"

	"github.com/go-logr/logr"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	// kubeconfigs may name an authentication plugin of a cloud.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
)

func main() {
	quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, cli.World{
		IOStreams:   genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr},
		Environment: os.Environ(),
		Now:         time.Now,
	}, arguments(os.Args))
	stop()
	os.Exit(code)
}

// quiet keeps the libraries' logs off the screen: what matters is said in a sentence.
func quiet() {
	klog.SetLogger(logr.Discard())
	ctrllog.SetLogger(logr.Discard())
}

// arguments are those of the command line. Under the name kubectl_complete-canary the program completes, as kubectl asks it to.
func arguments(args []string) []string {
	if strings.HasPrefix(filepath.Base(args[0]), "kubectl_complete-canary") {
		return append([]string{"__complete"}, args[1:]...)
	}
	return args[1:]
}
