package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/spf13/cobra"
)

type top struct {
	measured
	output
	sortBy   string
	edges    bool
	watching bool
	interval time.Duration

	order traffic.Order
}

const topLong = `Show requests per second, success rate and latency, as any server of TrafficMetrics (metrics.smi-spec.io) measures them.

KIND is trafficsplits if left out, with a line per backend, or deployments, pods, namespaces, services and so on, where the
server has them; short names such as deploy, po, ns and svc do as well. NAME shows one object, and --edges who calls it and whom
it calls, as the end in COUNTED-BY counted it. What was not measured is "-"; where nobody asked, RPS is 0.0 and there is no
success rate.

--sort-by puts first: rps the most requests, success the lowest share, p99 the slowest, failures the most. -o wide adds counts,
namespaces and the histogram, and cuts nothing short. -w shows it again every window, until ^C.

Exit codes: 0 shown, even if there is nothing to show; 1 an error; 130 interrupted.`

func topCommand(s *shared) *cobra.Command {
	t := &top{measured: measured{shared: s}}
	cmd := &cobra.Command{
		Use:   "top [KIND] [NAME]",
		Short: "Show requests per second, success rate and latency of objects, backends or edges",
		Long:  topLong,
		Example: "  kubectl canary top\n  kubectl canary top deployments -A --sort-by success\n" +
			"  kubectl canary top deployment foobar --edges --window 1m",
		Args:              kindAndName(2),
		ValidArgsFunction: t.completeName,
		RunE:              func(cmd *cobra.Command, args []string) error { return t.run(cmd.Context(), args) },
	}
	t.measured.addFlags(cmd)
	t.output.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVarP(&t.selector, "selector", "l", "", "a label selector, such as tier=web")
	flags.StringVar(&t.sortBy, "sort-by", string(traffic.ByName), "name, rps, success, p99 or failures")
	flags.BoolVar(&t.edges, "edges", false, "who calls the object, and whom it calls; needs a NAME")
	flags.BoolVarP(&t.watching, "watch", "w", false, "show it again and again, until ^C")
	flags.DurationVar(&t.interval, "interval", 0, "with -w: how often, at least 1s; the length of the window if left out")
	_ = cmd.RegisterFlagCompletionFunc("sort-by", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		var orders []string
		for _, o := range traffic.Orders() {
			orders = append(orders, string(o))
		}
		return orders, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// understand checks the flags, and makes a question of them and the arguments.
func (t *top) understand(args []string) (traffic.Question, error) {
	if err := t.check(); err != nil {
		return traffic.Question{}, err
	}
	q, err := t.question(args, traffic.Splits)
	if err != nil {
		return q, err
	}
	if t.edges {
		q.Part = traffic.Edges
	}
	switch {
	case t.edges && q.Name == "":
		return q, errors.New("--edges needs the name of one object, for example: kubectl canary top deployment foobar --edges")
	case t.watching && t.isData():
		return q, fmt.Errorf("-w shows a table and does not go with -o %s", t.format)
	case t.interval != 0 && !t.watching:
		return q, errors.New("--interval is of use with -w only")
	case t.interval != 0 && t.interval < leastInterval:
		return q, fmt.Errorf("--interval=%s is too short: it must be at least %s", t.interval, leastInterval)
	}
	t.order, err = traffic.ParseOrder(t.sortBy)
	return q, err
}

func (t *top) run(ctx context.Context, args []string) error {
	q, err := t.understand(args)
	if err != nil {
		return err
	}
	c, err := t.connect()
	if err != nil {
		return err
	}
	q = t.in(c, q)
	answer, err := t.read(ctx, c, q)
	if err != nil {
		return err
	}
	if t.watching {
		return t.watch(ctx, c, q, answer)
	}
	t.tell(q.Problems(answer))
	if !t.isData() {
		t.show(q, answer)
		return nil
	}
	list := answer.List(q)
	if q.Name != "" && q.Part == traffic.Itself && q.Kind.Resource != traffic.Splits && len(list.Items) == 1 {
		return t.object(t.shared, &list.Items[0])
	}
	return t.object(t.shared, list)
}

// read asks once, and sorts the answer.
func (t *top) read(ctx context.Context, c *cluster.Client, q traffic.Question) (traffic.Answer, error) {
	ctx, stop := cluster.Bounded(ctx)
	defer stop()
	answer, err := c.Traffic(ctx, q)
	if err == nil {
		q.Sort(answer.Items, t.order)
	}
	return answer, err
}

// show prints a table, or says that there is none.
func (t *top) show(q traffic.Question, answer traffic.Answer) {
	if len(answer.Items) == 0 {
		fmt.Fprintln(t.ErrOut, nothing(q))
		return
	}
	t.print(view.Top(q, answer.Items, t.detailed(t.options())))
}

func (t *top) detailed(o view.Options) view.Options {
	if t.format == "wide" {
		o.Detail = view.Wide
	}
	return o
}

// nothing says that an answer is empty.
func nothing(q traffic.Question) string {
	if q.Part == traffic.Edges {
		return "Nobody called " + q.About() + ", and it called nobody, as far as the TrafficMetrics server knows."
	}
	return "The TrafficMetrics server has no " + q.About() + "."
}
