package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/live"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type watch struct {
	*shared
	timeout time.Duration

	feed    *cluster.Feed
	tracker *verdict.Tracker
	last    cluster.Update
	result  verdict.Result
}

func watchCommand(s *shared) *cobra.Command {
	w := &watch{shared: s}
	cmd := &cobra.Command{
		Use:   "watch NAME",
		Short: "Show a Canary live until its rollout ends",
		Long: `Show a Canary live until the rollout in progress ends or, if none is, the next one. Keys: q leaves, arrows scroll.
Where the output is not a terminal, one line is printed for each change.

Exit codes: 0 promoted; 1 rolled back; 2 superseded, reverted, or the Canary was deleted; 3 an error; 124 the time was over;
130 left before the end.`,
		Example:           "  kubectl canary watch foobar && echo promoted",
		Args:              oneName,
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().DurationVar(&w.timeout, "timeout", 0, "the most time to watch; 0 means any")
	return cmd
}

func (w *watch) run(ctx context.Context, name string) error {
	c, err := w.connect()
	if err != nil {
		return err
	}
	short, stop := cluster.Bounded(ctx)
	defer stop()
	canary, err := c.Canary(short, name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	if w.timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, w.timeout)
	}
	defer cancel()
	w.tracker, w.feed = verdict.NewTracker(canary), c.Follow(ctx, canary, cluster.Everything)
	select {
	case <-w.feed.Changed():
	case <-ctx.Done():
	}
	if unread := w.feed.Look().Unread; unread != "" {
		return errors.New(unread)
	}
	if w.interactive() && ctx.Err() == nil {
		err = live.Show(ctx, live.Terminal{In: w.keys(), Out: w.Out, Environment: w.Environment}, w.feed.Changed(), w.draw)
		if w.last.Snapshot.Canary != nil {
			w.print(view.Tree(w.last.Snapshot, w.options()))
		}
	} else {
		err = w.lines(ctx)
	}
	return w.end(name, err)
}

// look takes the newest state in.
func (w *watch) look() {
	w.last = w.feed.Look()
	w.result = w.tracker.Watch(w.last.Snapshot.Canary)
}

// draw makes the picture of the live view.
func (w *watch) draw(now time.Time, width int) live.Frame {
	w.look()
	frame := live.Frame{Over: w.result.Done}
	o := view.Options{Now: now, Width: width, Paint: w.paint()}
	if w.last.Snapshot.Canary != nil {
		frame.Lines = view.Tree(w.last.Snapshot, o)
	}
	switch {
	case w.last.Away != "":
		frame.Lines = append(view.Sentence(view.Wrong, w.last.Away, o), frame.Lines...)
	case w.tracker.Following() == "":
		frame.Lines = append(frame.Lines, view.Sentence(view.Faint, "No rollout runs; waiting for the next one. q leaves.", o)...)
	default:
		frame.Lines = append(frame.Lines, view.Sentence(view.Faint, "Watching "+w.tracker.Following()+" until it ends. q leaves.", o)...)
	}
	return frame
}

// lines prints one line for each change.
func (w *watch) lines(ctx context.Context) error {
	before := ""
	for ctx.Err() == nil {
		w.look()
		line := w.last.Away
		if line == "" && w.last.Snapshot.Canary != nil {
			line = view.Line(w.last.Snapshot)
		}
		if line != before && line != "" {
			fmt.Fprintln(w.Out, w.Now().UTC().Format("15:04:05"), line)
			before = line
		}
		if w.result.Done {
			return nil
		}
		select {
		case <-w.feed.Changed():
		case <-ctx.Done():
		}
	}
	return context.Cause(ctx)
}

// end turns the end of a watch into its exit code.
func (w *watch) end(name string, err error) error {
	switch {
	case w.result.Done:
	case errors.Is(err, context.DeadlineExceeded):
		w.result = verdict.Late("the end of the rollout of "+name, w.timeout.String(), w.result.Missing)
	case errors.Is(err, live.ErrLeft) || errors.Is(err, context.Canceled):
		return exit{code: verdict.Interrupted}
	default:
		return err
	}
	if w.result.Code == verdict.Reached {
		fmt.Fprintln(w.Out, w.result.Sentence)
		return nil
	}
	return exit{code: w.result.Code, sentence: w.result.Sentence}
}
