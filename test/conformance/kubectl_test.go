package conformance

import (
	"fmt"
	"strings"
	"testing"
)

// tables is TM-S6.
func tables(t *testing.T, s *stage) {
	weights := map[bool][]string{true: {"90", "10", "0"}, false: {"<none>", "<none>", "<none>"}}[s.weights]
	for command, want := range map[string][]string{
		"get trafficsplits.metrics.smi-spec.io app": {
			"NAME BACKEND WEIGHT SUCCESS RATE P99 RPS WINDOW END",
			"app b " + weights[0] + " ", "app c " + weights[1] + " ", "app idle " + weights[2] + " <none> <none> 0.0 10s ",
		},
		"get trafficsplits.metrics.smi-spec.io":             {"all-b b ", "all-c c ", "app b "},
		"get deployments.metrics.smi-spec.io":               {"NAME SUCCESS RATE P99 RPS WINDOW END", "a ", "b ", "c "},
		"get --raw " + s.path("/trafficsplits/app"):         {`{"kind":"TrafficMetricsList","apiVersion":"metrics.smi-spec.io/v1alpha1",`},
		"get deployments.metrics.smi-spec.io b -o name":     {"/b"},
		"get trafficsplits.metrics.smi-spec.io app -o json": {`"name": "success_count"`},
		"api-resources --api-group=metrics.smi-spec.io":     {"trafficsplits metrics.smi-spec.io/v1alpha1 true TrafficMetrics"},
	} {
		eventually(t, command, func() error {
			arguments := strings.Fields(command)
			if !strings.Contains(command, "--raw") && !strings.Contains(command, "api-resources") {
				arguments = append(arguments, "-n", s.namespace)
			}
			out, err := s.cluster.kubectl(t, arguments...)
			if err != nil {
				return err
			}
			var lines []string
			for line := range strings.Lines(out) {
				lines = append(lines, strings.Join(strings.Fields(line), " ")+" ")
			}
			got := "\n" + strings.Join(lines, "\n")
			for _, line := range want {
				if !strings.Contains(got, line) {
					return fmt.Errorf("%q is not in:\n%s", line, out)
				}
			}
			return nil
		})
	}
}
