package telemetry

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"
)

const (
	rulesFile     = "../../../config/prometheus/prometheusrule.yaml"
	alertsFile    = "../../../config/prometheus/alerts.yaml"
	dashboardFile = "../../../config/grafana/serin.json"
	alertsHeader  = "# The rules of prometheusrule.yaml for rule_files of a Prometheus without the operator. Made from it:\n" +
		"# go test ./controllers/canary/telemetry -run Alerts -update\n"
)

var update = flag.Bool("update", false, "write config/prometheus/alerts.yaml anew")

// rules are a PrometheusRule as far as this test looks at it.
type rules struct {
	Spec struct {
		Groups []struct {
			Name  string `json:"name"`
			Rules []rule `json:"rules"`
		} `json:"groups"`
	} `json:"spec"`
}

type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAlertsSpeakOfWhatIsMeasured(t *testing.T) {
	var file rules
	if err := yaml.Unmarshal(read(t, rulesFile), &file); err != nil {
		t.Fatal(err)
	}
	v := registered(t)
	seen := map[string]bool{}
	for _, group := range file.Spec.Groups {
		for _, r := range group.Rules {
			t.Run(r.Alert, func(t *testing.T) {
				if seen[r.Alert] || !strings.HasPrefix(r.Alert, "Serin") {
					t.Error("the name is not unique, or does not begin with Serin")
				}
				seen[r.Alert] = true
				for _, problem := range v.check(r.Expr) {
					t.Errorf("%s: %s", r.Expr, problem)
				}
				if _, err := model.ParseDuration(r.For); r.For != "" && err != nil {
					t.Error(err)
				}
				if r.Labels["severity"] != "warning" && r.Labels["severity"] != "critical" {
					t.Errorf("severity = %q", r.Labels["severity"])
				}
				r.checkText(t)
			})
		}
	}
	if len(seen) != 10 {
		t.Errorf("%d alerts, want 10", len(seen))
	}
}

// checkText wants a summary, a description and a command, and in them no label that the expression drops.
func (r rule) checkText(t *testing.T) {
	t.Helper()
	for _, key := range []string{"summary", "description", "runbook"} {
		text := r.Annotations[key]
		if !strings.HasSuffix(text, ".") || strings.Count(text, "{{") != strings.Count(text, "}}") {
			t.Errorf("%s is no sentence: %q", key, text)
		}
		for _, m := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(text, -1) {
			if kept := regexp.MustCompile(`\bby \([^)]*\b` + m[1] + `\b`); !kept.MatchString(r.Expr) {
				t.Errorf("%s names the label %s, which the expression does not keep", key, m[1])
			}
		}
	}
	if !strings.Contains(r.Annotations["runbook"], "kubectl ") {
		t.Errorf("the runbook has no command: %q", r.Annotations["runbook"])
	}
	if ofCanary := strings.Contains(r.Expr, "serin_canary_"); ofCanary {
		for _, label := range []string{"$labels.namespace", "$labels.name }"} {
			if !strings.Contains(r.Annotations["description"], label) || !strings.Contains(r.Annotations["runbook"], label) {
				t.Errorf("description or runbook does not name %s", label)
			}
		}
	}
}

func TestAlertsAreTheSameWithoutTheOperator(t *testing.T) {
	var file struct {
		Spec map[string]any `json:"spec"`
	}
	if err := yaml.Unmarshal(read(t, rulesFile), &file); err != nil {
		t.Fatal(err)
	}
	want, err := yaml.Marshal(file.Spec)
	if err != nil {
		t.Fatal(err)
	}
	want = append([]byte(alertsHeader), want...)
	if *update {
		if err := os.WriteFile(alertsFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, alertsFile), want) {
		t.Errorf("%s is not what %s says: run this test with -update", alertsFile, rulesFile)
	}
}

// panel is a panel of a dashboard as far as this test looks at it.
type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		RefID      string `json:"refId"`
		Expr       string `json:"expr"`
		Datasource struct {
			UID string `json:"uid"`
		} `json:"datasource"`
	} `json:"targets"`
}

type dashboard struct {
	SchemaVersion int `json:"schemaVersion"`
	Templating    struct {
		List []struct {
			Name       string `json:"name"`
			Type       string `json:"type"`
			Definition string `json:"definition"`
		} `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

func TestDashboardSpeaksOfWhatIsMeasured(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	v := registered(t)
	var variables []string
	for _, variable := range d.Templating.List {
		variables = append(variables, variable.Type+" "+variable.Name)
		if variable.Type != "query" {
			continue
		}
		m := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`).FindStringSubmatch(variable.Definition)
		if m == nil {
			t.Fatalf("variable %s is defined as %q", variable.Name, variable.Definition)
		}
		for _, problem := range v.check("max by (" + m[2] + ") (" + m[1] + ")") {
			t.Errorf("variable %s: %s", variable.Name, problem)
		}
	}
	if got := strings.Join(variables, ", "); got != "datasource datasource, query namespace, query canary" {
		t.Errorf("variables = %s", got)
	}
	for _, p := range d.Panels {
		if p.Type != "row" && (len(p.Targets) == 0 || p.Description == "") {
			t.Errorf("panel %q has nothing to show, or does not say what it shows", p.Title)
		}
		for _, target := range p.Targets {
			if target.Datasource.UID != "${datasource}" {
				t.Errorf("panel %q asks the data source %q", p.Title, target.Datasource.UID)
			}
			for _, problem := range v.check(target.Expr) {
				t.Errorf("panel %q: %s: %s", p.Title, target.Expr, problem)
			}
		}
	}
}

// TestDashboardFits draws every panel on Grafana's grid of 24 columns.
func TestDashboardFits(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal(read(t, dashboardFile), &d); err != nil {
		t.Fatal(err)
	}
	taken, ids := map[string]string{}, map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] {
			t.Errorf("two panels have the id %d", p.ID)
		}
		ids[p.ID] = true
		g := p.GridPos
		if g.W < 1 || g.H < 1 || g.X < 0 || g.Y < 0 || g.X+g.W > 24 {
			t.Errorf("panel %q lies outside the grid: %+v", p.Title, g)
		}
		for x := g.X; x < g.X+g.W; x++ {
			for y := g.Y; y < g.Y+g.H; y++ {
				place := fmt.Sprintf("column %d, line %d", x, y)
				if other, ok := taken[place]; ok {
					t.Fatalf("panels %q and %q overlap at %s", other, p.Title, place)
				}
				taken[place] = p.Title
			}
		}
	}
	if d.SchemaVersion < 42 || len(d.Panels) < 20 {
		t.Errorf("schemaVersion %d with %d panels", d.SchemaVersion, len(d.Panels))
	}
}
