package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// World is what a command line runs in.
type World struct {
	genericiooptions.IOStreams
	// Environment are the variables, as os.Environ has them. What kubectl's own flags read is not taken from here.
	Environment []string
	// Now reads the clock.
	Now func() time.Time
}

// shared is what every command has.
type shared struct {
	World
	flags *genericclioptions.ConfigFlags
}

func (s *shared) connect() (*cluster.Client, error) { return cluster.Connect(s.flags) }

// exit ends a command with a code of its own. Without a sentence nothing is printed for it.
type exit struct {
	code     int
	sentence string
}

func (e exit) Error() string { return e.sentence }

// Run runs a command line and returns its exit code.
func Run(ctx context.Context, w World, args []string) int {
	root := command(w)
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(ctx)
	var ended exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		if ended.sentence != "" {
			fmt.Fprintln(w.ErrOut, ended.sentence)
		}
		return ended.code
	case ctx.Err() != nil:
		fmt.Fprintln(w.ErrOut, "interrupted")
		return verdict.Interrupted
	}
	fmt.Fprintln(w.ErrOut, "error: "+strings.Join(strings.Fields(err.Error()), " "))
	return failure(ran)
}

// failure is the exit code of a command that failed. It is none of those with which the command tells what it found.
func failure(ran *cobra.Command) int {
	if slices.Contains([]string{"watch", "wait", "record", "replay"}, ran.Name()) {
		return verdict.Unknown
	}
	for cmd := ran; cmd.HasParent(); cmd = cmd.Parent() {
		if cmd.Name() == "access" {
			return accessUnknown
		}
	}
	return 1
}

const long = `See and steer the rollouts of Serin.

  kubectl canary get                 all Canaries, and the policies that freeze or limit them
  kubectl canary get foobar          one Canary: its step, versions, pods, traffic, checks, and what it waits for
  kubectl canary watch foobar        the same, live, until the rollout ends
  kubectl canary wait foobar --for=promoted     the same for a pipeline, without a picture
  kubectl canary approve foobar --reason "looks good"
  kubectl canary record foobar > windows.jsonl  write down what was measured, until the rollout ends
  kubectl canary replay -f canary.yaml --windows windows.jsonl  judge it again by other limits, without a cluster

  kubectl canary top                 the backends of all TrafficSplits: requests per second, success rate, latency
  kubectl canary top deploy foobar --edges      who calls a Deployment, and whom it calls
  kubectl canary topology            who calls whom in a namespace, also for Graphviz and Mermaid

  kubectl canary access check -f policies/ --from shop/frontend --to shop/cart --port 8080 --path /api/cart/7
  kubectl canary access who shop/cart --cluster  who may call it, by which TrafficTarget, with which requests
  kubectl canary access export -f policies/ --for istio     the same as policies of Istio, Linkerd or Kubernetes
  kubectl canary routes --openapi openapi.yaml   the HTTPRouteGroup of an API description

access and routes need no Serin and, with -f, no cluster. top and topology need no Serin: they ask whatever server of TrafficMetrics (metrics.smi-spec.io) the cluster has.

Exit codes: 0 done or reached; 1 an error, a refusal, or a rollout that ended otherwise (for watch and record: rolled back);
2 only of watch and record: superseded, reverted or deleted; of access: an error, while 1 is a denial; 3 only of watch, wait, record and replay: an error, so nothing is
known of the rollout; 124 the time was over; 130 interrupted.`

func command(w World) *cobra.Command {
	s := &shared{World: w, flags: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:           "kubectl-canary",
		Short:         "See and steer the rollouts of Serin",
		Long:          long,
		SilenceUsage:  true,
		SilenceErrors: true,
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl canary"},
	}
	root.SetIn(w.In)
	root.SetOut(w.Out)
	root.SetErr(w.ErrOut)
	s.flags.AddFlags(root.PersistentFlags())
	root.AddCommand(getCommand(s), watchCommand(s), waitCommand(s), historyCommand(s), versionCommand(s), recordCommand(s), replayCommand(s),
		topCommand(s), topologyCommand(s), accessCommand(s), routesCommand(s))
	for _, o := range orders() {
		root.AddCommand(steerCommand(s, o))
	}
	completion(s, root)
	return root
}

// oneName takes exactly the name of a Canary.
func oneName(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s needs the name of one Canary, for example: %s foobar", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}
