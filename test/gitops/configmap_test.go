package gitops

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write config/gitops/argocd/argocd-cm.yaml from the scripts")

// Keys of Argo CD's ConfigMap.
const (
	healthKey  = "resource.customizations.health.serin.dev_Canary"
	actionsKey = "resource.customizations.actions.serin.dev_Canary"
)

// customActions is what Argo CD reads from the value of actionsKey.
type customActions struct {
	Discovery   string             `json:"discovery.lua"`
	Definitions []customDefinition `json:"definitions"`
}

type customDefinition struct {
	Name   string `json:"name"`
	Action string `json:"action.lua"`
}

func TestTheConfigMapHoldsTheScripts(t *testing.T) {
	path := filepath.Join(scripts, "argocd-cm.yaml")
	want := configMap(t)
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not made from the scripts (go test ./test/gitops -update writes it; -want +got):\n%s", path, diff)
	}
}

func TestTheConfigMapReadsAsArgoCDReadsIt(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(scripts, "argocd-cm.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object corev1.ConfigMap
	if err := yaml.UnmarshalStrict(text, &object); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(script(t, "health.lua"), object.Data[healthKey]); diff != "" {
		t.Errorf("health.lua (-want +got):\n%s", diff)
	}
	var actions customActions
	if err := yaml.UnmarshalStrict([]byte(object.Data[actionsKey]), &actions); err != nil {
		t.Fatal(err)
	}
	want := customActions{Discovery: script(t, "actions/discovery.lua")}
	for _, verb := range verbs {
		want.Definitions = append(want.Definitions, customDefinition{verb, script(t, "actions/"+verb+".lua")})
	}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

func TestTheActionsDifferInTheirVerbOnly(t *testing.T) {
	_, body, _ := strings.Cut(script(t, "actions/abort.lua"), "\n")
	for _, verb := range verbs {
		want := "local verb = \"" + verb + "\"\n" + body
		if diff := cmp.Diff(want, script(t, "actions/"+verb+".lua")); diff != "" {
			t.Errorf("%s.lua (-want +got):\n%s", verb, diff)
		}
	}
}

// configMap is the patch of Argo CD's ConfigMap, laid out for people to read.
func configMap(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("# Made from the scripts beside it by: go test ./test/gitops -update\n")
	b.WriteString("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n")
	b.WriteString("  " + healthKey + ": |\n")
	indent(&b, 4, script(t, "health.lua"))
	b.WriteString("  " + actionsKey + ": |\n    discovery.lua: |\n")
	indent(&b, 6, script(t, "actions/discovery.lua"))
	b.WriteString("    definitions:\n")
	for _, verb := range verbs {
		b.WriteString("    - name: " + verb + "\n      action.lua: |\n")
		indent(&b, 8, script(t, "actions/"+verb+".lua"))
	}
	return b.Bytes()
}

// indent writes a text line by line behind spaces.
func indent(b *bytes.Buffer, spaces int, text string) {
	for line := range strings.Lines(text) {
		if line != "\n" {
			b.WriteString(strings.Repeat(" ", spaces))
		}
		b.WriteString(line)
	}
}
