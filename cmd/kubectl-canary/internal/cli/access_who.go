package cli

import (
	"errors"
	"slices"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"
	"github.com/serin-dev/serin/policy"

	"github.com/spf13/cobra"
)

type who struct {
	rules
	output

	from string
}

const whoLong = `List who may call a ServiceAccount: by which TrafficTarget, on which ports of its pods, and with which methods, paths and headers.
--from lists the other way round whom a ServiceAccount may call.

Paths are pathRegexes, which must match at the start of a path; header~regex must match somewhere in a value of the header. What is
broken in an object allows nothing and is not listed but told below. -o wide cuts nothing short.

Exit codes: 0 listed, even if nobody may; 2 the arguments are wrong, or something cannot be read.`

func whoCommand(s *shared) *cobra.Command {
	w := &who{rules: rules{shared: s}}
	cmd := &cobra.Command{
		Use:               "who (-f DIR | --cluster) (NS/SA | --from NS/SA)",
		Short:             "List who may call a ServiceAccount, or whom it may call",
		Long:              whoLong,
		Example:           "  kubectl canary access who shop/cart -f policies/\n  kubectl canary access who --from shop/frontend --cluster -o json",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, args []string) error { return w.run(cmd, args) },
	}
	w.rules.addFlags(cmd)
	w.output.addFlags(cmd)
	cmd.Flags().StringVar(&w.from, "from", "", "list whom this ServiceAccount may call, as NAMESPACE/SERVICEACCOUNT")
	return cmd
}

func (w *who) run(cmd *cobra.Command, args []string) error {
	if err := w.output.check(); err != nil {
		return err
	}
	if err := w.rules.check(cmd); err != nil {
		return err
	}
	g, err := w.question(args)
	if err != nil {
		return err
	}
	namespace := g.Of.Namespace
	if g.Side == view.Called { // A TrafficTarget is in the namespace of who is called, which may be any.
		namespace = ""
	}
	objects, err := w.read(cmd.Context(), namespace, cluster.Rules)
	if err != nil {
		return err
	}
	graph := policy.Build(objects.Snapshot)
	g.Problems = objects.AboutDestination(g.Of, graph.Problems())
	if g.Side == view.Called {
		g.Problems = objects.AboutSource(g.Of, graph.Problems())
	}
	g.Grants = g.of(graph.Grants())
	return w.show(g.Granted)
}

// asked is a question and its answer.
type asked struct{ view.Granted }

func (w *who) question(args []string) (asked, error) {
	switch {
	case len(args) > 1 || len(args) == 1 && w.from != "":
		return asked{}, errors.New("access who is about one ServiceAccount: give its NAMESPACE/NAME, or --from NAMESPACE/NAME")
	case w.from != "":
		id, err := smifile.Account(w.from)
		return asked{view.Granted{Of: id, Side: view.Called}}, err
	case len(args) == 0:
		return asked{}, errors.New("access who needs a ServiceAccount: give its NAMESPACE/NAME, or --from NAMESPACE/NAME")
	}
	id, err := smifile.Account(args[0])
	return asked{view.Granted{Of: id}}, err
}

// of are the grants that are about the identity.
func (a asked) of(grants []policy.Grant) []policy.Grant {
	return slices.DeleteFunc(grants, func(g policy.Grant) bool {
		if a.Side == view.Callers {
			return g.Destination != a.Of
		}
		return !slices.Contains(g.Sources, a.Of)
	})
}

// granted is a grant as programs read it.
type granted struct {
	Target      string   `json:"target"`
	Destination string   `json:"destination"`
	Sources     []string `json:"sources"`
	// EveryPort says that every port may be called; Ports are those that may be when not every one.
	EveryPort bool    `json:"everyPort"`
	Ports     []int32 `json:"ports,omitempty"`
	// EveryUDPPort and UDPPorts are the same for datagrams.
	EveryUDPPort bool    `json:"everyUDPPort,omitempty"`
	UDPPorts     []int32 `json:"udpPorts,omitempty"`
	// AnyTraffic says that whatever is sent is allowed; Matches are the HTTP requests that are allowed when not.
	AnyTraffic bool           `json:"anyTraffic"`
	Matches    []grantedMatch `json:"matches,omitempty"`
}

type grantedMatch struct {
	Group     string          `json:"group"`
	Name      string          `json:"name"`
	PathRegex string          `json:"pathRegex,omitempty"`
	Methods   []string        `json:"methods,omitempty"`
	Headers   []grantedHeader `json:"headers,omitempty"`
}

type grantedHeader struct {
	Name  string `json:"name"`
	Regex string `json:"regex"`
}

func grantedOf(g policy.Grant) granted {
	out := granted{Target: g.Target, Destination: g.Destination.String(), EveryPort: g.EveryPort, Ports: g.Ports, EveryUDPPort: g.EveryUDPPort, UDPPorts: g.UDPPorts,
		AnyTraffic: g.AnyTraffic}
	for _, s := range g.Sources {
		out.Sources = append(out.Sources, s.String())
	}
	for _, m := range g.Matches {
		match := grantedMatch{Group: m.Group, Name: m.Name, PathRegex: m.PathRegex, Methods: m.Methods}
		for _, h := range m.Headers {
			match.Headers = append(match.Headers, grantedHeader(h))
		}
		out.Matches = append(out.Matches, match)
	}
	return out
}

func (w *who) show(g view.Granted) error {
	if !w.isData() {
		o := w.options()
		if w.format == "wide" {
			o.Detail = view.Wide
		}
		w.print(view.Who(g, o))
		return nil
	}
	answer := struct {
		Grants   []granted `json:"grants"`
		Problems []problem `json:"problems"`
	}{[]granted{}, problems(g.Problems)}
	for _, grant := range g.Grants {
		out := grantedOf(grant)
		if g.Side == view.Called { // The others who may call as well were not asked for.
			out.Sources = slices.DeleteFunc(out.Sources, func(s string) bool { return s != g.Of.String() })
		}
		answer.Grants = append(answer.Grants, out)
	}
	return w.data(w.shared, answer)
}
