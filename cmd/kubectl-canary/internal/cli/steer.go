package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/uuid"
)

// order is a command of a person to a rollout.
type order struct {
	verb        v1alpha1.Verb
	done, short string
}

func orders() []order {
	return []order{
		{v1alpha1.VerbPromote, "promoted", "Leave the present step now, or give the candidate all traffic with --full"},
		{v1alpha1.VerbAbort, "aborted", "Roll the candidate back now"},
		{v1alpha1.VerbPause, "paused", "Keep the weight as it is until resume"},
		{v1alpha1.VerbResume, "resumed", "End a pause"},
		{v1alpha1.VerbRetry, "retried", "Try a revision again that was rolled back"},
		{v1alpha1.VerbApprove, "approved", "Let the rollout leave a step that requires approval"},
	}
}

type steer struct {
	*shared
	order
	full, noWait     bool
	reason, revision string
	timeout          time.Duration
}

func steerCommand(s *shared, o order) *cobra.Command {
	st := &steer{shared: s, order: o}
	cmd := &cobra.Command{
		Use:   string(o.verb) + " NAME",
		Short: o.short,
		Long: o.short + ".\n\nThe command is bound to the revision that it finds, so it cannot hit another one, and is carried out once. It is recorded\n" +
			"in the status and as an Event with who gave it and why. Exit codes: 0 carried out; 1 refused, not answered, or an error.",
		Args:              oneName,
		ValidArgsFunction: s.names,
		RunE:              func(cmd *cobra.Command, args []string) error { return st.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&st.reason, "reason", "", "why, for those who read it later")
	flags.StringVar(&st.revision, "revision", "", "refuse if another revision than this one, or one that begins so, is concerned")
	flags.BoolVar(&st.noWait, "no-wait", false, "do not wait for the controller's answer")
	flags.DurationVar(&st.timeout, "timeout", 10*time.Second, "how long to wait for the controller's answer")
	if o.verb == v1alpha1.VerbPromote {
		flags.BoolVar(&st.full, "full", false, "give the candidate all traffic now")
	}
	return cmd
}

func (s *steer) run(ctx context.Context, name string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	bounded, stop := cluster.Bounded(ctx)
	defer stop()
	canary, err := c.Canary(bounded, name)
	if err != nil {
		return err
	}
	revision, err := subject(canary, s.verb, s.revision)
	if err != nil {
		return err
	}
	if err := overAbort(canary, s.verb); err != nil {
		return err
	}
	command := v1alpha1.Command{
		ID: string(uuid.NewUUID()), Verb: s.verb, Revision: revision, By: c.WhoAmI(bounded), Reason: s.reason,
	}
	if s.full {
		command.Verb = v1alpha1.VerbPromoteFull
	}
	if err := c.Send(bounded, name, command); err != nil {
		return err
	}
	if s.noWait {
		fmt.Fprintf(s.Out, "canary.serin.dev/%s asked to %s\n", name, command.Verb)
		return nil
	}
	return s.await(ctx, c, name, command)
}

// await prints what became of a command.
func (s *steer) await(ctx context.Context, c *cluster.Client, name string, command v1alpha1.Command) error {
	answer, err := c.Answer(ctx, name, command.ID, s.timeout)
	switch {
	case errors.Is(err, cluster.ErrUnanswered):
		return fmt.Errorf("no controller answered %s within %s: it is written in the annotation %s and is carried out as soon as one does; "+
			"check that Serin's controller runs and sees namespace %s, with kubectl get pods -A -l app.kubernetes.io/name=serin",
			command.Verb, s.timeout, v1alpha1.AnnotationCommand, c.Namespace)
	case err != nil:
		return err
	case answer.Refused != "":
		return fmt.Errorf("%s of canary.serin.dev/%s was refused: %s", command.Verb, name, answer.Refused)
	}
	done := s.done
	if s.full {
		done += " to all traffic"
	}
	fmt.Fprintf(s.Out, "canary.serin.dev/%s %s\n", name, done)
	return nil
}

// subject is the revision that a command is about. A command that is about none is refused here, before it is written.
func subject(c *v1alpha1.Canary, verb v1alpha1.Verb, asked string) (string, error) {
	revision, version := "", ""
	switch {
	case verb == v1alpha1.VerbRetry:
		revision = c.Status.RolledBackRevision
		if revision == "" {
			return "", fmt.Errorf("nothing to retry: no revision of %s is rolled back (phase %s)", c.Name, phase(c))
		}
	case c.Status.Candidate == nil:
		return "", fmt.Errorf("nothing to %s: no revision of %s is under test (phase %s)", verb, c.Name, phase(c))
	default:
		revision, version = c.Status.Candidate.Revision, " of "+c.Status.Candidate.Version
	}
	if !strings.HasPrefix(revision, asked) {
		return "", fmt.Errorf("%s is not written: it is about revision %s, and the one concerned is %s%s", verb, asked, view.Short(revision), version)
	}
	return revision, nil
}

func phase(c *v1alpha1.Canary) string {
	if c.Status.Phase == "" {
		return "not set yet"
	}
	return string(c.Status.Phase)
}

// overAbort keeps a command from taking the place of an abort that the controller has not read yet.
func overAbort(c *v1alpha1.Canary, verb v1alpha1.Verb) error {
	var waiting v1alpha1.Command
	text := c.Annotations[v1alpha1.AnnotationCommand]
	if verb == v1alpha1.VerbAbort || text == "" || json.Unmarshal([]byte(text), &waiting) != nil || waiting.Verb != v1alpha1.VerbAbort {
		return nil
	}
	if last := c.Status.LastCommand; last != nil && last.ID == waiting.ID {
		return nil
	}
	return fmt.Errorf("%s is not written: an abort by %s waits for the controller, and abort wins", verb, waiting.By)
}
