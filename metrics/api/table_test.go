package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

func TestTables(t *testing.T) {
	h := served(t)
	for path, want := range map[string][]string{
		"/trafficsplits": {
			"Name|Backend|Weight|Success Rate|P99|RPS|Window|End",
			"app|app-v1|<none>|<none>|<none>|0.0|1m0s|10:00:00",
			"app|app-v2|10|98.33%|48ms|2.0|1m0s|10:00:00",
			"idle|idle-v1|<none>|<none>|<none>|0.0|1m0s|10:00:00",
		},
		"/namespaces/t/trafficsplits/app": {
			"Name|Backend|Weight|Success Rate|P99|RPS|Window|End",
			"app|app-v1|<none>|<none>|<none>|0.0|1m0s|10:00:00",
			"app|app-v2|10|98.33%|48ms|2.0|1m0s|10:00:00",
		},
		"/namespaces/t/deployments/b": {
			"Name|Success Rate|P99|RPS|Window|End",
			"b|98.73%|<none>|1.3|1m0s|10:00:00",
		},
		"/namespaces/u/edges": {
			"Name|Direction|Other|Success Rate|P99|RPS|Window|End",
			"u|to|t|95.24%|<none>|0.3|1m0s|10:00:00",
		},
		"/namespaces/u/deployments/a/edges": {
			"Name|Direction|Other|Success Rate|P99|RPS|Window|End",
			"a|to|t/b|95.24%|<none>|0.3|1m0s|10:00:00",
		},
	} {
		answer := get(t, h, path, "Accept", asTable)
		got := decode[metav1.Table](t, answer)
		var rows []string
		var names []string
		for _, c := range got.ColumnDefinitions {
			names = append(names, c.Name)
		}
		rows = append(rows, strings.Join(names, "|"))
		for _, row := range got.Rows {
			var cells []string
			for _, cell := range row.Cells {
				cells = append(cells, fmt.Sprint(cell))
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
		if diff := cmp.Diff(want, rows); diff != "" || got.Kind != "Table" {
			t.Errorf("%s: %s %s", path, got.Kind, diff)
		}
	}
}
