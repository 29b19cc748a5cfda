package cli

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/cluster"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/translate"
	"github.com/serin-dev/serin/policy"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

type export struct {
	rules

	what, trustDomain                 string
	skipUnsupported, l4Only, rawPaths bool
	everywhere                        bool
}

const exportLong = `Write what TrafficTargets allow as objects of what enforces access where Serin does not, as YAML for kubectl apply.

  networkpolicy  NetworkPolicies: callers, and ports of TCP and UDP. A TrafficTarget with rules about HTTP is refused, unless --l4-only says that
                 something else enforces those.
  istio          AuthorizationPolicies with principals, ports, methods, and paths and headers that are a whole text, a prefix or a suffix:
                 pathRegex /x is "/x*", ^/x$ is "/x", .*\.json$ is "*.json". Other regular expressions are refused.
  linkerd        Servers, HTTPRoutes, MeshTLSAuthentications and AuthorizationPolicies. Ports must be named by a TCPRoute, and matches
                 for different callers must not meet the same request. Rules about paths are refused, because Linkerd compares paths as
                 they are sent; --raw-paths exports them, for servers that read paths as they are sent.

The first two deny all else in the namespaces of TrafficTargets; a Server of Linkerd denies all else on its port.

A ServiceAccount is no label, but pods are selected by labels. So the workloads are read too: in the same folder, or in the cluster.
Where they do not say by which labels the pods of a ServiceAccount, and no others, are known, the TrafficTarget is refused.

Nothing is approximated: what cannot be said exactly is one sentence, and then nothing is printed. --skip-unsupported prints the rest;
with linkerd, pods of which all is left out stay as open as their namespace is.
Objects that are broken allow nothing here as everywhere, and are told on the error stream.

With -f the TrafficTargets of all namespaces are exported, or those of -n. With --cluster those of one namespace, or with -A of all.

Exit codes: 0 exported; 1 something cannot be exported; 2 the arguments are wrong, or something cannot be read.`

func exportCommand(s *shared) *cobra.Command {
	e := &export{rules: rules{shared: s}}
	cmd := &cobra.Command{
		Use:   "export (-f DIR | --cluster) --for " + strings.Join(translate.For(), "|"),
		Short: "Write TrafficTargets as policies of Istio, Linkerd or Kubernetes",
		Long:  exportLong,
		Example: "  kubectl canary access export -f deploy/ --for istio > authorization.yaml\n" +
			"  kubectl canary access export --cluster -n shop --for networkpolicy --l4-only | kubectl apply --dry-run=server -f -",
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return e.run(cmd) },
	}
	e.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&e.what, "for", "", strings.Join(translate.For(), ", "))
	flags.StringVar(&e.trustDomain, "trust-domain", "cluster.local", "the trust domain of Istio")
	flags.BoolVar(&e.skipUnsupported, "skip-unsupported", false, "print what can be exported, and only say what cannot")
	flags.BoolVar(&e.l4Only, "l4-only", false, "networkpolicy: leave rules about HTTP to something else that enforces them")
	flags.BoolVar(&e.rawPaths, "raw-paths", false, "linkerd: export rules about paths, for servers that merge no dot segments and slashes")
	flags.BoolVarP(&e.everywhere, "all-namespaces", "A", false, "export the TrafficTargets of all namespaces")
	choice(cmd, "for", translate.For()...)
	return cmd
}

func (e *export) run(cmd *cobra.Command) error {
	if err := e.check(cmd); err != nil {
		return err
	}
	if !slices.Contains(translate.For(), e.what) {
		return fmt.Errorf("access export needs --for with one of %s, not %q", strings.Join(translate.For(), ", "), e.what)
	}
	if e.l4Only && e.what != translate.ForNetworkPolicy {
		return fmt.Errorf("--l4-only is for networkpolicy alone: %s knows rules about HTTP", e.what)
	}
	if e.rawPaths && e.what != translate.ForLinkerd {
		return fmt.Errorf("--raw-paths is for linkerd alone, and not for %s", e.what)
	}
	in, err := e.input(cmd)
	if err != nil {
		return err
	}
	result, err := translate.Translate(e.what, in)
	if err != nil {
		return err
	}
	return e.show(result)
}

// input reads all namespaces, because callers may be in any.
func (e *export) input(cmd *cobra.Command) (translate.Input, error) {
	objects, err := e.read(cmd.Context(), "", cluster.RulesAndPods)
	if err != nil {
		return translate.Input{}, err
	}
	workloads, err := objects.Workloads()
	if err != nil {
		return translate.Input{}, err
	}
	graph := policy.Build(objects.Snapshot)
	in := translate.Input{
		Grants: graph.Grants(), Targets: objects.TrafficTargets, Workloads: workloads, Namespace: *e.flags.Namespace, TrustDomain: e.trustDomain,
	}
	if e.live {
		in.Namespace = objects.Otherwise
	}
	if e.everywhere {
		in.Namespace = ""
	}
	if e.l4Only {
		in.HTTPRules = translate.LeaveHTTP
	}
	if e.rawPaths {
		in.Paths = translate.PathsAsSent
	}
	for _, p := range graph.Problems() {
		if in.Namespace == "" || in.Namespace == p.Namespace {
			fmt.Fprintf(e.ErrOut, "note: %s %s/%s: %s\n", p.Kind, p.Namespace, p.Name, p.Message)
		}
	}
	return in, nil
}

func (e *export) show(result translate.Result) error {
	for _, r := range result.Refusals {
		verb := "cannot be exported"
		if e.skipUnsupported {
			verb = "is left out"
		}
		fmt.Fprintf(e.ErrOut, "TrafficTarget %s %s: %s\n", r.Target, verb, r.Reason)
	}
	if len(result.Refusals) > 0 && !e.skipUnsupported {
		return exit{accessDenied, "nothing is exported (--skip-unsupported exports the rest)"}
	}
	if len(result.Objects) == 0 {
		fmt.Fprintln(e.ErrOut, "There are no TrafficTargets to export.")
		return nil
	}
	var out bytes.Buffer
	for _, note := range result.Notes {
		fmt.Fprintf(&out, "# %s\n", note)
	}
	for _, object := range result.Objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "---\n%s", text)
	}
	_, err := e.Out.Write(out.Bytes())
	return err
}
