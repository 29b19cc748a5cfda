package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type topology struct {
	measured
	format string
}

const topologyLong = `Show who calls whom, with requests per second, success rate and p99, as any server of TrafficMetrics (metrics.smi-spec.io)
measures it.

KIND is deployments if left out, or pods, namespaces, services and so on, where the server has edges of them. trafficsplits shows
what each apex sends to its backends, and their weights. Callers of another namespace are said with theirs.

An edge is counted by both of its ends: the numbers are the server's or, where that counted nothing, the client's. -o json has
both. -o dot is for Graphviz, -o mermaid for viewers of Markdown; dashed nodes are idle.

Exit codes: 0 shown, even if there is nothing to show; 1 an error; 130 interrupted.`

func topologyCommand(s *shared) *cobra.Command {
	t := &topology{measured: measured{shared: s}}
	cmd := &cobra.Command{
		Use:   "topology [KIND]",
		Short: "Show who calls whom",
		Long:  topologyLong,
		Example: "  kubectl canary topology -n shop\n  kubectl canary topology namespaces\n" +
			"  kubectl canary topology -A -o dot | dot -Tsvg > topology.svg",
		Args:              kindAndName(1),
		ValidArgsFunction: t.completeKind,
		RunE:              func(cmd *cobra.Command, args []string) error { return t.run(cmd.Context(), args) },
	}
	t.measured.addFlags(cmd)
	cmd.Flags().StringVarP(&t.format, "output", "o", "text", "text, dot, mermaid or json")
	_ = cmd.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return topologyFormats(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func topologyFormats() []string { return []string{"text", "dot", "mermaid", "json"} }

func (t *topology) run(ctx context.Context, args []string) error {
	if !slices.Contains(topologyFormats(), t.format) {
		return fmt.Errorf("-o %s is no format of topology: use %s", t.format, strings.Join(topologyFormats(), ", "))
	}
	q, err := t.question(args, "deployments")
	if err != nil {
		return err
	}
	if q.Name != "" {
		return fmt.Errorf("topology takes a kind and no name: see kubectl canary top %s %s --edges", q.Kind.Singular, q.Name)
	}
	c, err := t.connect()
	if err != nil {
		return err
	}
	ctx, stop := cluster.Bounded(ctx)
	defer stop()
	graph, err := c.Topology(ctx, t.in(c, q))
	if err != nil {
		return err
	}
	return t.show(graph, t.in(c, q))
}

func (t *topology) show(g traffic.Graph, q traffic.Question) error {
	if t.format != "json" {
		t.tell(g.Problems) // In JSON they are a field.
	}
	switch t.format {
	case "json":
		text, err := json.MarshalIndent(g, "", "    ")
		if err != nil {
			return err
		}
		fmt.Fprintln(t.Out, string(text))
	case "dot":
		t.print(view.DOT(g))
	case "mermaid":
		t.print(view.Mermaid(g))
	default:
		if len(g.Nodes) == 0 {
			fmt.Fprintln(t.ErrOut, nothing(q))
			return nil
		}
		t.print(view.Topology(g, t.options()))
	}
	return nil
}
