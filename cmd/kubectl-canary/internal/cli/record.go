package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/recording"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/verdict"

	"github.com/spf13/cobra"
)

type record struct {
	*shared
	taker recording.Taker
	state verdict.State
	away  string
}

const recordLong = `Write down each window that the Evidence judge judges, one JSON object a line, until the rollout ends. "kubectl canary replay"
judges them again.

It begins with the windows that the status still remembers, the last 10. If no rollout runs, these are the end of the newest
one, and it ends at once; if there are none either, or if the Deployment asks for another image already, it waits for the next
rollout. Windows that came and went unseen are counted on standard error. A Canary that is judged by Threshold remembers none.

Exit codes: 0 promoted; 1 rolled back; 2 superseded, reverted, or the Canary was deleted; 3 an error; 130 interrupted, with what
was written complete.`

func recordCommand(s *shared) *cobra.Command {
	r := &record{shared: s}
	return &cobra.Command{
		Use:               "record NAME",
		Short:             "Write down the windows of a rollout, for replay",
		Long:              recordLong,
		Example:           "  kubectl canary record foobar > windows.jsonl\n  kubectl canary replay -f canary.yaml --windows windows.jsonl",
		Args:              oneName,
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return r.run(cmd.Context(), args[0]) },
	}
}

func (r *record) run(ctx context.Context, name string) error {
	c, err := r.connect()
	if err != nil {
		return err
	}
	short, stop := cluster.Bounded(ctx)
	defer stop()
	seen, err := c.Snapshot(short, name)
	if err != nil {
		return err
	}
	rollout := verdict.NewRollout(verdict.Facts{Canary: seen.Canary, Target: seen.Target, Versions: seen.Deployments})
	if r.state, err = r.look(rollout, seen.Canary); err != nil || r.state.Done {
		return r.end(err)
	}
	if r.state.Version == "" {
		fmt.Fprintf(r.ErrOut, "no rollout of %s runs; waiting for the next one\n", name)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return r.follow(ctx, c.Follow(ctx, seen.Canary, cluster.Itself), rollout)
}

// follow writes until the rollout or the context ends.
func (r *record) follow(ctx context.Context, feed *cluster.Feed, rollout *verdict.Rollout) error {
	for {
		select {
		case <-ctx.Done():
			r.state.Code, r.state.How = verdict.Interrupted, "interrupted before its end"
			return r.end(nil)
		case <-feed.Changed():
		}
		u := feed.Look()
		if u.Away != r.away && u.Away != "" {
			fmt.Fprintln(r.ErrOut, u.Away)
		}
		r.away = u.Away
		if u.Unread != "" {
			return errors.New(u.Unread)
		}
		var err error
		if r.state, err = r.look(rollout, u.Snapshot.Canary); err != nil || r.state.Done {
			return r.end(err)
		}
	}
}

// look writes the windows that are new.
func (r *record) look(rollout *verdict.Rollout, canary *v1alpha1.Canary) (verdict.State, error) {
	state := rollout.Look(canary)
	if !state.Done && canary.Spec.Analysis.Judge == v1alpha1.JudgeThreshold {
		return state, fmt.Errorf("%s is judged by Threshold, and only the Evidence judge remembers windows: see spec.analysis.judge", canary.Name)
	}
	if !state.Evident {
		return state, nil
	}
	windows, missed := r.taker.Take(canary.Status.Evidence)
	if missed > 0 {
		fmt.Fprintf(r.ErrOut, "%s of %s came and went unseen: a status remembers the last %d\n", windowsOf(missed), state.Version, remembered)
	}
	for _, w := range windows {
		if err := r.write(w); err != nil {
			return state, err
		}
	}
	return state, nil
}

// remembered is how many windows a status remembers.
const remembered = 10

// write writes one window as a line of its own. One that a person broke in the status is told of and left out.
func (r *record) write(w v1alpha1.WindowRecord) error {
	window, err := recording.Of(w)
	if err != nil {
		fmt.Fprintf(r.ErrOut, "the window that ended at %s is left out: %v\n", w.EndedAt.UTC().Format("15:04:05"), err)
		r.taker.Leave()
		return nil
	}
	line, err := recording.Line(window)
	if err != nil {
		return err
	}
	_, err = r.Out.Write(line)
	return err
}

// end says how much was recorded, and of what.
func (r *record) end(err error) error {
	if err != nil {
		return err
	}
	what := windowsOf(r.taker.Taken)
	if r.taker.Missed > 0 {
		what = fmt.Sprintf("%d of %s", r.taker.Taken, windowsOf(r.taker.Taken+r.taker.Missed))
	}
	if r.state.Version != "" {
		what += " of " + r.state.Version
	}
	fmt.Fprintf(r.ErrOut, "recorded %s: %s\n", what, r.state.How)
	if r.state.Code == verdict.Reached {
		return nil
	}
	return exit{code: r.state.Code}
}

func windowsOf(n int) string {
	if n == 1 {
		return "1 window"
	}
	return fmt.Sprintf("%d windows", n)
}
