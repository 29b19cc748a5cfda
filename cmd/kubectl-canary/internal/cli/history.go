package cli

import (
	"context"
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type history struct {
	*shared
	output
}

func historyCommand(s *shared) *cobra.Command {
	h := &history{shared: s}
	cmd := &cobra.Command{
		Use:               "history NAME",
		Short:             "List the last rollouts of a Canary and how they ended",
		Long:              "List the last rollouts of a Canary, the newest first. -o wide adds the whole revision and the message.",
		Args:              oneName,
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return h.run(cmd.Context(), args[0]) },
	}
	h.addFlags(cmd)
	return cmd
}

func (h *history) run(ctx context.Context, name string) error {
	if err := h.check(); err != nil {
		return err
	}
	c, err := h.connect()
	if err != nil {
		return err
	}
	ctx, stop := cluster.Bounded(ctx)
	defer stop()
	canary, err := c.Canary(ctx, name)
	if err != nil {
		return err
	}
	records := canary.Status.History
	switch {
	case h.isData():
		return h.data(h.shared, append([]v1alpha1.RolloutRecord{}, records...))
	case len(records) == 0:
		fmt.Fprintf(h.ErrOut, "No rollout of %s has ended yet.\n", name)
		return nil
	}
	o := h.options()
	if h.format == "wide" {
		o.Detail = view.Wide
	}
	h.print(view.History(records, o))
	return nil
}
