package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
)

// measured is what the commands that ask a TrafficMetrics server have.
type measured struct {
	*shared
	everywhere bool
	selector   string
	window     time.Duration
}

func (m *measured) addFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&m.everywhere, "all-namespaces", "A", false, "of all namespaces")
	cmd.Flags().DurationVar(&m.window, "window", 0, "the length of the window, such as 30s; the server's own if left out")
}

// question understands KIND [NAME], or KIND/NAME as kubectl writes it.
func (m *measured) question(args []string, otherwise string) (traffic.Question, error) {
	if len(args) == 1 && strings.Contains(args[0], "/") {
		kind, name, _ := strings.Cut(args[0], "/")
		args = []string{kind, name}
	}
	word := otherwise
	if len(args) > 0 {
		word = args[0]
	}
	kind, err := traffic.ParseKind(word)
	if err != nil {
		return traffic.Question{}, err
	}
	q := traffic.Question{Kind: kind, Window: m.window, Selector: m.selector}
	if len(args) > 1 {
		q.Name = args[1]
	}
	switch {
	case len(args) > 1 && q.Name == "":
		return q, fmt.Errorf("the name of the %s is empty", kind.Singular)
	case m.window < 0:
		return q, fmt.Errorf("--window=%s is no length of a window: it must be more than 0s", m.window)
	case q.Name != "" && m.everywhere:
		return q, fmt.Errorf("a %s cannot be named together with -A: say its namespace with -n", kind.Singular)
	case q.Name != "" && m.selector != "":
		return q, fmt.Errorf("a %s cannot be named together with -l", kind.Singular)
	}
	if _, err := labels.Parse(m.selector); err != nil {
		return q, fmt.Errorf("-l %s is no selector: %w", m.selector, err)
	}
	return q, nil
}

// in completes a question by the namespace that the flags or the kubeconfig name.
func (m *measured) in(c *cluster.Client, q traffic.Question) traffic.Question {
	if q.Kind.Scope == traffic.Namespaced && !m.everywhere {
		q.Namespace = c.Namespace
	}
	return q
}

// tell says on the error stream what was not understood.
func (m *measured) tell(problems []string) {
	for _, problem := range problems {
		for _, line := range view.Sentence(view.Normal, "note: "+problem, view.Options{Paint: view.Plain}) {
			fmt.Fprintln(m.ErrOut, line)
		}
	}
}

// completeKind completes KIND.
func (m *measured) completeKind(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var plurals []string
	for _, k := range traffic.Kinds() {
		plurals = append(plurals, k.Resource)
	}
	return plurals, cobra.ShellCompDirectiveNoFileComp
}

// completeName completes KIND, and NAME by what the server lists.
func (m *measured) completeName(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return m.completeKind(cmd, args, prefix)
	}
	q, err := m.question(args, "")
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := m.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx, stop := context.WithTimeout(cmd.Context(), completionPatience)
	defer stop()
	q = m.in(c, q)
	list, err := c.Traffic(ctx, q)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, o := range q.Objects(list) {
		names = append(names, o.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// kindAndName takes KIND and NAME, or less.
func kindAndName(most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) <= most:
			return nil
		case most == 1:
			return fmt.Errorf("%s takes one kind and no name, not %d arguments", cmd.CommandPath(), len(args))
		}
		return errors.New("top takes a kind and one name, for example: " + cmd.CommandPath() + " deployments foobar")
	}
}
