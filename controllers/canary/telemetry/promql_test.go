package telemetry

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/controllers/canary/hooks"
	"github.com/serin-dev/serin/notifier"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	_ "sigs.k8s.io/controller-runtime/pkg/controller" // registers the metrics of every controller
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
)

// vocabulary is what expressions may speak of.
type vocabulary struct {
	// labels of each metric, by the metric's name.
	labels map[string][]string
	// values of labels whose values are a closed set, by the label's name.
	values map[string]map[string]bool
}

// registered is what the controller's packages register.
func registered(t *testing.T) vocabulary {
	t.Helper()
	registry := prometheus.NewRegistry()
	New(Options{Canaries: &shelf{}, Registerer: registry})
	hooks.New(hooks.Options{Registerer: registry})
	notifier.NewOutbox(notifier.Options{Registerer: registry})
	v := vocabulary{labels: map[string][]string{}, values: map[string]map[string]bool{
		"phase": {}, "controller": {"canary": true},
	}}
	for _, phase := range []v1alpha1.Phase{
		v1alpha1.PhaseInitializing, v1alpha1.PhaseProgressing, v1alpha1.PhasePaused, v1alpha1.PhasePromoting,
		v1alpha1.PhaseSucceeded, v1alpha1.PhaseRollingBack, v1alpha1.PhaseRolledBack,
	} {
		v.values["phase"][string(phase)] = true
	}
	described := regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`)
	for _, r := range []prometheus.Collector{registry, ctrlmetrics.Registry.(prometheus.Collector)} {
		descs := make(chan *prometheus.Desc, 10000)
		r.Describe(descs)
		close(descs)
		for desc := range descs {
			if m := described.FindStringSubmatch(desc.String()); m != nil {
				v.labels[m[1]] = strings.FieldsFunc(m[2], func(c rune) bool { return c == ',' || c == ' ' })
			}
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, pair := range m.GetLabel() {
				if v.values[pair.GetName()] == nil {
					v.values[pair.GetName()] = map[string]bool{}
				}
				v.values[pair.GetName()][pair.GetValue()] = true
			}
		}
	}
	return v
}

// labelsOf are a metric's labels, if it exists. A histogram is asked for by its parts.
func (v vocabulary) labelsOf(name string) ([]string, bool) {
	if labels, ok := v.labels[name]; ok {
		return labels, true
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, part); ok && strings.HasSuffix(base, "_seconds") {
			labels, ok := v.labels[base]
			return append(slices.Clone(labels), "le"), ok
		}
	}
	return nil, false
}

var (
	word     = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9.]+|[=!<>]=|=~|!~|\S`)
	grouping = map[string]bool{"by": true, "without": true, "on": true, "ignoring": true, "group_left": true, "group_right": true}
	operator = map[string]bool{"and": true, "or": true, "unless": true, "bool": true, "offset": true}
	function = map[string]bool{
		"absent": true, "count": true, "histogram_quantile": true, "increase": true, "max": true, "min": true, "rate": true, "sum": true,
	}
)

// check says what is wrong with an expression. It is no parser of PromQL: it looks at brackets, lengths of time, and every
// name and value of a closed set.
func (v vocabulary) check(expr string) []string {
	var problems, open []string
	metric, groups := "", false
	known := map[string]bool{}
	wrong := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	tokens := word.FindAllString(expr, -1)
	next := func(i int) string {
		if i+1 < len(tokens) {
			return tokens[i+1]
		}
		return ""
	}
	var grouped []string
	for i, tok := range tokens {
		inside := len(open) > 0 && open[len(open)-1] == "{"
		switch {
		case tok == "(" || tok == "{":
			open = append(open, tok)
			groups = i > 0 && grouping[tokens[i-1]]
		case tok == ")" || tok == "}":
			groups = false
			if len(open) == 0 || open[len(open)-1]+tok != map[string]string{")": "()", "}": "{}"}[tok] {
				wrong("%q closes nothing", tok)
				return problems
			}
			open = open[:len(open)-1]
		case strings.HasPrefix(tok, "["):
			if length := strings.Trim(tok, "[]"); !strings.HasPrefix(length, "$__") {
				if _, err := model.ParseDuration(length); err != nil {
					wrong("%s is no length of time", tok)
				}
			}
		case strings.HasPrefix(tok, `"`):
			problems = append(problems, v.checkValue(tokens[max(0, i-2)], strings.Trim(tok, `"`))...)
		case groups && !regexp.MustCompile(`^\W$`).MatchString(tok):
			grouped = append(grouped, tok)
		case inside && regexp.MustCompile(`^(=|!=|=~|!~)$`).MatchString(next(i)):
			if labels, _ := v.labelsOf(metric); !slices.Contains(labels, tok) {
				wrong("%s has no label %s, only %v", metric, tok, labels)
			}
		case !regexp.MustCompile(`^[a-zA-Z_]`).MatchString(tok), grouping[tok], operator[tok]:
		case function[tok] && (next(i) == "(" || grouping[next(i)]):
		default:
			metric = tok
			labels, ok := v.labelsOf(tok)
			if !ok {
				wrong("%s is neither a metric nor a function that is known here", tok)
			}
			for _, label := range labels {
				known[label] = true
			}
		}
	}
	if len(open) > 0 {
		wrong("%q is never closed", open[len(open)-1])
	}
	for _, label := range grouped {
		if !known[label] {
			wrong("no metric of it has the label %s, only %v", label, slices.Sorted(maps.Keys(known)))
		}
	}
	if metric == "" {
		wrong("it speaks of no metric")
	}
	return problems
}

// checkValue says which alternatives of a matcher no metric ever shows.
func (v vocabulary) checkValue(label, value string) []string {
	closed := v.values[label]
	if closed == nil || strings.HasPrefix(value, "$") {
		return nil
	}
	var problems []string
	for one := range strings.SplitSeq(value, "|") {
		if !closed[one] {
			problems = append(problems, fmt.Sprintf("the label %s is never %q", label, one))
		}
	}
	return problems
}

func TestCheckSeesMistakes(t *testing.T) {
	v := registered(t)
	tests := map[string]struct{ expr, want string }{
		"none":               {`sum by (outcome) (increase(serin_rollouts_total{outcome="Promoted"}[5m])) > 0`, ""},
		"a metric":           {`sum(serin_rollout_total)`, "serin_rollout_total is neither a metric nor a function that is known here"},
		"a function":         {`summ(serin_rollouts_total)`, "summ is neither a metric nor a function that is known here"},
		"a label":            {`serin_rollouts_total{canary="x"}`, "serin_rollouts_total has no label canary, only [outcome reason]"},
		"a value":            {`serin_rollouts_total{outcome=~"Promoted|Lost"}`, `the label outcome is never "Lost"`},
		"a group":            {`sum by (namespace) (serin_rollouts_total)`, "no metric of it has the label namespace, only [outcome reason]"},
		"a length of time":   {`rate(serin_rollouts_total[5x])`, "[5x] is no length of time"},
		"an open bracket":    {`rate(serin_rollouts_total[5m]`, `"(" is never closed`},
		"a bracket too many": {`rate(serin_rollouts_total[5m]))`, `")" closes nothing`},
		"crossed brackets":   {`sum(serin_rollouts_total{outcome="Promoted")}`, `")" closes nothing`},
		"no metric":          {`1 > 0`, "it speaks of no metric"},
		"a part of none":     {`rate(serin_windows_total_sum[5m])`, "serin_windows_total_sum is neither a metric nor a function that is known here"},
		"a histogram's part": {`histogram_quantile(0.5, sum by (le) (rate(serin_rollback_seconds_bucket[$__range])))`, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := strings.Join(v.check(tc.expr), "; "); got != tc.want {
				t.Errorf("check = %q, want %q", got, tc.want)
			}
		})
	}
}
