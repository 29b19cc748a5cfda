package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// patience bounds all that must happen by itself.
const patience = 10 * time.Minute

func idleCommand() *cobra.Command {
	var s size
	var length time.Duration
	cmd := &cobra.Command{
		Use:   "idle",
		Short: "Count the controller's requests while every Canary rests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measureIdle(cmd.Context(), s, length, cmd.OutOrStdout())
		},
	}
	cmd.Flags().IntVar(&s.canaries, "canaries", 1000, "number of Canaries")
	cmd.Flags().IntVar(&s.namespaces, "namespaces", 20, "number of namespaces that they lie in")
	cmd.Flags().DurationVar(&length, "for", time.Minute, "how long to count")
	return cmd
}

// measureIdle prints how many requests the controller made in a time in which nothing happened.
func measureIdle(ctx context.Context, s size, length time.Duration, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, patience+length)
	defer cancel()
	w, _, err := startFleet(ctx, s, os.Stderr)
	defer func() { err = errors.Join(err, w.stop()) }()
	if err != nil {
		return err
	}
	busy, err := w.controller.cpu()
	if err != nil {
		return err
	}
	found, err := countFor(ctx, w, length)
	if err != nil {
		return err
	}
	after, err := w.controller.cpu()
	if err != nil {
		return err
	}
	peak, err := w.controller.peak()
	if err != nil {
		return err
	}
	requests := float64(found.sum(perCanary))
	fmt.Fprintf(out, "%d idle Canaries in %d namespaces, watched for %s; load average %s\n\n", s.canaries, s.namespaces, length, load())
	missed := table(out, []row{
		{name: "API requests for Canaries in " + length.String(), value: number(requests, ""), limit: "0", kept: requests == 0},
		{name: "API requests of the controller's process (not counted)", value: number(float64(found.sum(kind.perProcess)), "")},
		{name: "controller CPU meanwhile", value: number((after - busy).Seconds(), "s")},
		{name: "controller memory, peak", value: number(float64(peak)/(1<<20), "MB")},
	})
	explain(out, "requests for Canaries", found.lines(perCanary))
	explain(out, "not counted, because one process makes them for all Canaries together", found.lines(kind.perProcess))
	return missed
}

// countFor counts the controller's requests from now on.
func countFor(ctx context.Context, w *world, length time.Duration) (counts, error) {
	if _, err := w.record.read(); err != nil { // what came before
		return nil, err
	}
	select {
	case <-time.After(length):
	case err := <-w.failed:
		return nil, err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if err := w.well(); err != nil {
		return nil, err
	}
	return w.record.read()
}
