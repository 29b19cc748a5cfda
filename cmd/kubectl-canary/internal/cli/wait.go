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
)

type wait struct {
	*shared
	goal     string
	revision string
	timeout  time.Duration
	settle   time.Duration
}

const waitLong = `Wait until a rollout is promoted, rolled back or paused, and print one line.

Exit codes: 0 reached; 1 the rollout ended otherwise, so nothing more is worth waiting for; 3 an error; 124 the time was over;
130 interrupted.

What is waited for. With --revision: that revision (or one that begins so), whatever else happens. Without it: what the
Deployment asks for now. A rollout that is superseded by a newer revision is then followed by that of the newer one.

A pipeline that applies a change and then waits must not be told of the state before its change. Without --revision a state is
believed only when all of this holds:
  - the status answers the present generation of the Canary;
  - the version that the status takes for what the Deployment asks for has the same image, and its own Deployment has the same
    containers: images, commands, arguments, variables and resources. So a change of one of these is never missed, however
    late the controller is;
  - --settle has passed since the wait began. This is for changes that do not show there, such as the content of a ConfigMap,
    labels or volumes: they are not missed if the controller, which usually needs less than a second, sees them in that time.
With --revision nothing depends on time, except that a revision that is neither under test nor serves is only looked up in the
history after --settle.`

func waitCommand(s *shared) *cobra.Command {
	w := &wait{shared: s}
	cmd := &cobra.Command{
		Use:               "wait NAME --for=promoted|rolledback|paused",
		Short:             "Wait until a rollout is promoted, rolled back or paused",
		Long:              waitLong,
		Example:           "  kubectl apply -f deployment.yaml && kubectl canary wait foobar --for=promoted --timeout 30m",
		Args:              oneName,
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return w.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&w.goal, "for", "", "promoted, rolledback or paused")
	flags.StringVar(&w.revision, "revision", "", "wait for this revision, or one that begins so")
	flags.DurationVar(&w.timeout, "timeout", 10*time.Minute, "the most time to wait")
	flags.DurationVar(&w.settle, "settle", 5*time.Second, "how long to give the controller to see the newest change")
	_ = cmd.RegisterFlagCompletionFunc("for", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return goals(), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func goals() []string {
	return []string{string(verdict.Promoted), string(verdict.RolledBack), string(verdict.Paused)}
}

func (w *wait) run(ctx context.Context, name string) error {
	if !slices.Contains(goals(), w.goal) {
		return fmt.Errorf("--for=%s is nothing that can be waited for: use %s", w.goal, strings.Join(goals(), ", "))
	}
	judge := &verdict.Wait{Goal: verdict.Goal(w.goal), Revision: w.revision, Settle: w.settle, Started: w.Now()}
	c, err := w.connect()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(ctx, w.timeout)
	defer stop()
	canary, err := c.Canary(ctx, name)
	if err != nil {
		return err
	}
	result, err := w.until(ctx, c.Follow(ctx, canary, cluster.Versions), judge)
	switch {
	case err != nil:
		return err
	case result.Done:
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		result = verdict.Late(name+" to be "+w.goal, w.timeout.String(), result.Missing)
	default:
		return context.Cause(ctx)
	}
	if result.Code == verdict.Reached {
		fmt.Fprintln(w.Out, result.Sentence)
		return nil
	}
	return exit{code: result.Code, sentence: result.Sentence}
}

// until judges each change until the wait is over or the context ends.
func (w *wait) until(ctx context.Context, feed *cluster.Feed, judge *verdict.Wait) (verdict.Result, error) {
	var result verdict.Result
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return result, nil
		case <-feed.Changed():
		case <-again:
		}
		u := feed.Look()
		if u.Unread != "" {
			return result, errors.New(u.Unread)
		}
		result = judge.Judge(verdict.Facts{
			Canary: u.Snapshot.Canary, Target: u.Snapshot.Target, Versions: u.Snapshot.Deployments, Now: w.Now(),
		})
		again = nil
		switch {
		case result.Done:
			return result, nil
		case u.Away != "":
			result.Missing = u.Away
		case result.Again > 0:
			again = time.After(result.Again)
		}
	}
}
