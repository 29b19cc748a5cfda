package prometheus_test

import (
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/serin-dev/serin/metrics/prometheus"
)

// thePage is the page for people.
func thePage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/trafficmetrics-profiles.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheExampleOfThePage: the ConfigMap that the page shows is one, and has a profile that can be read.
func TestTheExampleOfThePage(t *testing.T) {
	_, rest, begins := strings.Cut(thePage(t), "<!-- example -->\n```yaml\n")
	text, _, ends := strings.Cut(rest, "```\n<!-- end of example -->")
	if !begins || !ends {
		t.Fatal("the page has no example")
	}
	var example corev1.ConfigMap
	if err := yaml.UnmarshalStrict([]byte(text), &example); err != nil {
		t.Fatal(err)
	}
	if example.Name != "serin-metrics-profiles" || len(example.Data) != 1 {
		t.Errorf("the example is %s with %d profiles", example.Name, len(example.Data))
	}
	for file, text := range example.Data {
		p, err := prometheus.ParseProfile([]byte(text))
		if err != nil || p.Name+".yaml" != file || len(p.Views) != 4 {
			t.Errorf("%s: %v %+v", file, err, p)
		}
	}
}

// TestThePageNamesEveryProfile keeps a profile from being shipped that nobody can find out about.
func TestThePageNamesEveryProfile(t *testing.T) {
	page := thePage(t)
	profiles, err := prometheus.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	for name := range profiles {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("the page does not name %s", name)
		}
	}
}
