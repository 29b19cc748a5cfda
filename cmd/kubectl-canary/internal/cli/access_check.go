package cli

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"
	"github.com/serin-dev/serin/policy"

	"github.com/spf13/cobra"
)

type check struct {
	rules
	output

	from, to, protocol, method, path, host string
	port                                   int32
	headers                                []string
	expectations                           string
}

const checkLong = `Say whether TrafficTargets allow a request: ALLOW or DENY, by which object or for want of what, and what is wrong with the
objects that are about its destination. It decides as Serin's enforcement points do.

The port is that of the pods. With --method, --path, --host or --header the request is an HTTP request; else --protocol says so. An HTTP
request is GET / unless they say otherwise. What no TrafficTarget allows is denied.

--test FILE asks many questions at once, one line for each. FILE is a YAML list, - for the standard input:

  - {from: shop/frontend, to: shop/cart, port: 8080, method: GET, path: /api/cart/7, want: allow}
  - {from: shop/batch, to: shop/cart, port: 8080, protocol: tcp, want: deny, name: "batch has no connection of its own"}

Other fields are host, and headers as a map of a name to a value or to a list of values.

Exit codes: 0 allowed, or every expectation is met; 1 denied, or an expectation is not met; 2 the arguments are wrong, or something
cannot be read, which is one sentence with the file and the number of the document in it. A denial is never 2, and an error never 1.`

func checkCommand(s *shared) *cobra.Command {
	c := &check{rules: rules{shared: s}}
	cmd := &cobra.Command{
		Use:   "check (-f DIR | --cluster) (--from NS/SA --to NS/SA --port PORT | --test FILE)",
		Short: "Say whether a request is allowed",
		Long:  checkLong,
		Example: "  kubectl canary access check -f policies/ --from shop/frontend --to shop/cart --port 8080 --method GET --path /api/cart/7\n" +
			"  kubectl canary access check --cluster --from shop/batch --to shop/redis --port 6379\n" +
			"  kubectl canary access check -f policies/ --test expectations.yaml",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.run(cmd) },
	}
	c.rules.addFlags(cmd)
	c.output.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&c.from, "from", "", "who calls, as NAMESPACE/SERVICEACCOUNT")
	flags.StringVar(&c.to, "to", "", "who is called, as NAMESPACE/SERVICEACCOUNT")
	flags.Int32Var(&c.port, "port", 0, "the port of the pods that are called")
	flags.StringVar(&c.protocol, "protocol", "", "tcp or http")
	flags.StringVar(&c.method, "method", "", "the HTTP method")
	flags.StringVar(&c.path, "path", "", "the path as it is sent, with its query")
	flags.StringVar(&c.host, "host", "", "the host as it is sent")
	flags.StringArrayVar(&c.headers, "header", nil, "a header as NAME=VALUE; may be repeated")
	flags.StringVar(&c.expectations, "test", "", "a YAML list of requests and what is wanted of them")
	choice(cmd, "protocol", "tcp", "http")
	choice(cmd, "method", http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions)
	_ = cmd.MarkFlagFilename("test", "yaml", "yml", "json")
	return cmd
}

func (c *check) run(cmd *cobra.Command) error {
	if err := c.output.check(); err != nil {
		return err
	}
	if err := c.rules.check(cmd); err != nil {
		return err
	}
	if c.expectations != "" {
		return c.test(cmd)
	}
	r, err := c.request()
	if err != nil {
		return err
	}
	objects, err := c.read(cmd.Context(), r.Destination.Namespace, cluster.Rules)
	if err != nil {
		return err
	}
	return c.show(decide(objects, r))
}

// decide answers a request by the engine that Serin's enforcement points use.
func decide(objects *smifile.Objects, r policy.Request) view.Access {
	graph := policy.Build(objects.Snapshot)
	return view.Access{Request: r, Decision: graph.Authorize(r), Problems: objects.AboutDestination(r.Destination, graph.Problems())}
}

// request is the one that the flags describe.
func (c *check) request() (policy.Request, error) {
	if c.from == "" || c.to == "" || c.port == 0 {
		return policy.Request{}, errors.New("access check needs --from NS/SA, --to NS/SA and --port PORT, or --test FILE")
	}
	question := smifile.Question{
		From: c.from, To: c.to, Port: c.port, Protocol: c.protocol, Method: c.method, Path: c.path, Host: c.host, Headers: map[string]smifile.Values{},
	}
	for _, header := range c.headers {
		name, value, isPair := strings.Cut(header, "=")
		if !isPair || name == "" {
			return policy.Request{}, fmt.Errorf("--header %q is no header: write NAME=VALUE", header)
		}
		question.Headers[name] = append(question.Headers[name], value)
	}
	return question.Request()
}

// answer is a decision as programs read it.
type answer struct {
	Allowed bool `json:"allowed"`
	// From and To are ServiceAccounts, as namespace/name.
	From     string              `json:"from"`
	To       string              `json:"to"`
	Port     int32               `json:"port"`
	Protocol policy.Protocol     `json:"protocol"`
	Method   string              `json:"method,omitempty"`
	Path     string              `json:"path,omitempty"`
	Host     string              `json:"host,omitempty"`
	Headers  map[string][]string `json:"headers,omitempty"`
	// Target, Rule and Match are the objects that allowed it.
	Target   string    `json:"target,omitempty"`
	Rule     string    `json:"rule,omitempty"`
	Match    string    `json:"match,omitempty"`
	Reason   string    `json:"reason"`
	Problems []problem `json:"problems"`
}

// problem is what is wrong with an object.
type problem struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
	Message   string `json:"message"`
}

func problems(of []policy.Problem) []problem {
	all := make([]problem, 0, len(of))
	for _, p := range of {
		all = append(all, problem(p))
	}
	return all
}

func answerOf(a view.Access) answer {
	r, d := a.Request, a.Decision
	return answer{
		Allowed: d.Allowed, From: r.Source.String(), To: r.Destination.String(), Port: r.Port, Protocol: r.Protocol,
		Method: r.Method, Path: r.Path, Host: r.Host, Headers: r.Headers,
		Target: d.Target, Rule: d.Rule, Match: d.Match, Reason: d.Reason, Problems: problems(a.Problems),
	}
}

func (c *check) show(a view.Access) error {
	if c.isData() {
		if err := c.data(c.shared, answerOf(a)); err != nil {
			return err
		}
	} else {
		c.print(view.Decided(a, c.options()))
	}
	if !a.Decision.Allowed {
		return exit{code: accessDenied}
	}
	return nil
}

// test asks the questions of a file.
func (c *check) test(cmd *cobra.Command) error {
	if c.from != "" || c.to != "" || c.port != 0 {
		return errors.New("--test has its own requests: leave --from, --to and --port out")
	}
	if c.expectations == "-" && slices.Contains(c.files, "-") {
		return errors.New("only one of -f and --test can be -: the standard input is read once")
	}
	text, err := c.shared.read(c.expectations)
	if err != nil {
		return err
	}
	expectations, err := smifile.Expectations(text)
	if err != nil {
		return fmt.Errorf("%s: %w", called(c.expectations), err)
	}
	objects, err := c.rules.read(cmd.Context(), "", cluster.Rules)
	if err != nil {
		return err
	}
	return c.judge(expectations, policy.Build(objects.Snapshot))
}

func (c *check) judge(expectations []smifile.Expectation, graph *policy.Graph) error {
	var judged []view.Expected
	failed := 0
	for _, e := range expectations {
		v := view.Expected{Name: e.Name, Want: e.Want, Access: view.Access{Request: e.Request, Decision: graph.Authorize(e.Request)}}
		judged = append(judged, v)
		if !v.IsMet() {
			failed++
		}
	}
	if err := c.showTest(judged); err != nil {
		return err
	}
	if failed > 0 {
		return exit{accessDenied, fmt.Sprintf("%d of %d expectations are not met", failed, len(judged))}
	}
	return nil
}

func (c *check) showTest(judged []view.Expected) error {
	if !c.isData() {
		c.print(view.Tested(judged, c.options()))
		return nil
	}
	type expected struct {
		Name string `json:"name,omitempty"`
		Want string `json:"want"`
		Met  bool   `json:"met"`
		answer
	}
	all := make([]expected, 0, len(judged))
	for _, v := range judged {
		all = append(all, expected{v.Name, v.Want, v.IsMet(), answerOf(v.Access)})
	}
	return c.data(c.shared, all)
}
