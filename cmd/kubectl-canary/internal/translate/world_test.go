package translate_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/smifile"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/translate"
	"github.com/serin-dev/serin/policy"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// read reads documents of YAML, of which the last ones may be workloads.
func read(t testing.TB, documents ...string) translate.Input {
	t.Helper()
	o := smifile.New("shop")
	if err := o.AddText("the test", []byte(strings.Join(documents, "\n---\n"))); err != nil {
		t.Fatal(err)
	}
	workloads, err := o.Workloads()
	if err != nil {
		t.Fatal(err)
	}
	return translate.Input{
		Grants: policy.Build(o.Snapshot).Grants(), Targets: o.TrafficTargets, Workloads: workloads, TrustDomain: "cluster.local",
	}
}

// target is a TrafficTarget, named as in "a,c-b", of which all are ServiceAccounts of shop.
func target(name, rules string) string {
	from, to, _ := strings.Cut(name, "-")
	var sources []string
	for _, s := range strings.Split(from, ",") {
		sources = append(sources, "{kind: ServiceAccount, name: "+s+"}")
	}
	return "apiVersion: access.smi-spec.io/v1alpha3\nkind: TrafficTarget\nmetadata: {name: \"" + strings.ReplaceAll(name, ",", ".") + "\"}\nspec:\n" +
		"  destination: {kind: ServiceAccount, name: " + to + "}\n  sources: [" + strings.Join(sources, ", ") + "]\n  rules: [" + rules + "]"
}

func tcp(name string) string { return "{kind: TCPRoute, name: " + name + "}" }

func http(name string, matches ...string) string {
	return "{kind: HTTPRouteGroup, name: " + name + ", matches: [" + strings.Join(matches, ", ") + "]}"
}

func group(name string, matches ...string) string {
	return "apiVersion: specs.smi-spec.io/v1alpha4\nkind: HTTPRouteGroup\nmetadata: {name: " + name + "}\nspec:\n  matches:\n  - " + strings.Join(matches, "\n  - ")
}

func ports(name, list string) string {
	return "apiVersion: specs.smi-spec.io/v1alpha4\nkind: TCPRoute\nmetadata: {name: " + name + "}\nspec: {matches: {ports: [" + list + "]}}"
}

// deployment runs as the ServiceAccount of the first name, under the second.
func deployment(account, name, labels string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + "}\nspec: {selector: {matchLabels: {" + labels + "}}, template: {metadata: {labels: {" +
		labels + ", version: v1}}, spec: {serviceAccountName: " + account + "}}}"
}

// pods are Deployments of the same names as their ServiceAccounts.
func pods(names ...string) string {
	var all []string
	for _, n := range names {
		all = append(all, deployment(n, n, "app: "+n))
	}
	return strings.Join(all, "\n---\n")
}

type fataler interface {
	Helper()
	Fatal(args ...any)
}

// written are the objects as they are printed.
func written(t fataler, objects []any) string {
	t.Helper()
	var out strings.Builder
	for _, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("---\n" + string(text))
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
