package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type get struct {
	*shared
	output
	everywhere bool
}

func getCommand(s *shared) *cobra.Command {
	g := &get{shared: s}
	cmd := &cobra.Command{
		Use:   "get [NAME]",
		Short: "List Canaries with the policies that hold them, or show one with all that belongs to it",
		Long: "Without a name: a table of Canaries, and the policies that freeze or limit rollouts. With a name: its step, versions, pods,\n" +
			"traffic, checks, gates, and what it waits for. -o wide shows more, and cuts nothing short.",
		Example:           "  kubectl canary get -A\n  kubectl canary get foobar -n shop\n  kubectl canary get foobar -o yaml",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return g.run(cmd.Context(), args) },
	}
	g.addFlags(cmd)
	cmd.Flags().BoolVarP(&g.everywhere, "all-namespaces", "A", false, "list the Canaries of all namespaces")
	return cmd
}

func (g *get) run(ctx context.Context, args []string) error {
	if err := g.check(); err != nil {
		return err
	}
	if g.everywhere && len(args) > 0 {
		return errors.New("a Canary cannot be named together with -A: say its namespace with -n")
	}
	c, err := g.connect()
	if err != nil {
		return err
	}
	ctx, stop := cluster.Bounded(ctx)
	defer stop()
	if len(args) > 0 {
		return g.one(ctx, c, args[0])
	}
	return g.list(ctx, c)
}

// one shows one Canary.
func (g *get) one(ctx context.Context, c *cluster.Client, name string) error {
	if g.isData() {
		canary, err := c.Canary(ctx, name)
		if err != nil {
			return err
		}
		return g.object(g.shared, canary)
	}
	s, err := c.Snapshot(ctx, name)
	if err != nil {
		return err
	}
	g.print(view.Tree(s, g.detailed()))
	return nil
}

func (g *get) detailed() view.Options {
	o := g.options()
	if g.format == "wide" {
		o.Detail = view.Wide
	}
	return o
}

func (g *get) list(ctx context.Context, c *cluster.Client) error {
	namespace, scope := c.Namespace, view.OneNamespace
	if g.everywhere {
		namespace, scope = "", view.AllNamespaces
	}
	list, err := c.Canaries(ctx, namespace)
	if err != nil {
		return err
	}
	if g.isData() {
		return g.object(g.shared, list)
	}
	o := g.detailed()
	switch {
	case len(list.Items) > 0:
		g.print(view.List(list.Items, scope, o))
	case g.everywhere:
		fmt.Fprintln(g.ErrOut, "No Canaries found.")
	default:
		fmt.Fprintf(g.ErrOut, "No Canaries found in namespace %s.\n", namespace)
	}
	policies, note := c.Policies(ctx, namespace)
	g.print(view.Policies(policies, o))
	if note != "" {
		fmt.Fprintln(g.ErrOut, note)
	}
	return nil
}
