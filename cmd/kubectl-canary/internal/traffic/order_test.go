package traffic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/google/go-cmp/cmp"
)

func TestSort(t *testing.T) {
	item := func(namespace, name string, success, failure int, p99 string) string {
		return fmt.Sprintf(`{"resource":{"namespace":%q,"name":%q},%s,"metrics":[{"name":"success_count","value":%d},{"name":"failure_count","value":%d}%s]}`,
			namespace, name, when, success, failure, p99)
	}
	slow := func(ms int) string { return fmt.Sprintf(`,{"name":"p99_response_latency","unit":"ms","value":%d}`, ms) }
	body := `{"items":[` + strings.Join([]string{
		item("u", "a", 50, 5, slow(10)), item("t", "quiet", 0, 0, ""), `{"resource":{"namespace":"t","name":"dark"}}`,
		item("t", "busy", 1000, 1, slow(30)), item("t", "bad", 1, 9, slow(20)), item("t", "a", 50, 5, slow(10)),
	}, ",") + `]}`
	for order, want := range map[traffic.Order]string{
		traffic.ByName:     "t/a t/bad t/busy t/dark t/quiet u/a",
		traffic.ByRate:     "t/busy t/a u/a t/bad t/quiet t/dark",
		traffic.BySuccess:  "t/bad t/a u/a t/busy t/dark t/quiet",
		traffic.ByP99:      "t/busy t/bad t/a u/a t/dark t/quiet",
		traffic.ByFailures: "t/bad t/a u/a t/busy t/quiet t/dark",
	} {
		answer := read(t, body)
		q := traffic.Question{Kind: kind(t, "deploy")}
		q.Sort(answer.Items, order)
		var got []string
		for _, o := range q.Objects(answer) {
			got = append(got, o.Namespace+"/"+o.Name)
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("by %s: %s", order, diff)
		}
	}
}

func TestParseOrder(t *testing.T) {
	for _, o := range traffic.Orders() {
		if got, err := traffic.ParseOrder(string(o)); got != o || err != nil {
			t.Errorf("%s is taken for %s (%v)", o, got, err)
		}
	}
	if _, err := traffic.ParseOrder("age"); err == nil || err.Error() != "--sort-by=age is nothing to sort by: use name, rps, success, p99, failures" {
		t.Error(err)
	}
}
