package view_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

func asking(t *testing.T, kind string) traffic.Question {
	t.Helper()
	k, err := traffic.ParseKind(kind)
	if err != nil {
		t.Fatal(err)
	}
	q := traffic.Question{Kind: k}
	if k.Scope == traffic.Namespaced {
		q.Namespace = "shop"
	}
	return q
}

func answered(t *testing.T, items ...string) traffic.Answer {
	t.Helper()
	a, err := traffic.Read([]byte(`{"items":[` + strings.Join(items, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// saw is an item: who, what else is said of it, and its counts and latencies.
func saw(namespace, name, more string, success, failure float64, latencies ...string) string {
	numbers := fmt.Sprintf(`{"name":"success_count","value":"%v"},{"name":"failure_count","value":"%v"}`, success, failure)
	for i, l := range latencies {
		numbers += fmt.Sprintf(`,{"name":"%s_response_latency","unit":"ms","value":%q}`, []string{"p50", "p90", "p99"}[i], l)
	}
	return fmt.Sprintf(`{"resource":{"namespace":%q,"name":%q},"timestamp":"2026-11-20T15:04:00Z","window":"10s",%s"metrics":[%s]}`,
		namespace, name, more, numbers)
}

func backed(apex, by, weight string) string {
	return fmt.Sprintf(`"backend":{"apex":%q,"name":%q%s},`, apex, by, weight)
}

func withEdge(direction, namespace, name string) string {
	return fmt.Sprintf(`"edge":{"direction":%q,"resource":{"namespace":%q,"name":%q}},`, direction, namespace, name)
}

// dark is an item of which nothing was measured.
const dark = `{"resource":{"namespace":"shop","name":"dark"},"backend":{"name":"dark-v1"}}`

func splitsOfShop() []string {
	return []string{
		saw("shop", "foobar", backed("foobar", "foobar-v1", `,"weight":75`), 3118, 6, "9500m", "21", "48"),
		saw("shop", "foobar", backed("foobar", "foobar-v2", `,"weight":25`), 1012.5, 29, "11", "40", "231"),
		saw("shop", "idle-thing", backed("idle-thing", "idle-thing-v1", ""), 0, 0), dark,
	}
}

func TestTop(t *testing.T) {
	edges := asking(t, "deploy")
	edges.Name, edges.Part = "cart", traffic.Edges
	everywhere := asking(t, "ts")
	everywhere.Namespace = ""
	deployments := []string{
		saw("shop", "cart", "", 4090, 28, "9500m", "30", "180"), saw("shop", "frontend", "", 1, 0, "4", "9", "1230"),
		saw("shop", "newsletter", "", 0, 0), saw("shop", "a-deployment-with-a-rather-long-name-that-goes-on", "", 99999, 1, "80m", "900m", "12"),
	}
	for name, test := range map[string]struct {
		question traffic.Question
		items    []string
	}{
		"top-of-splits":              {asking(t, "ts"), splitsOfShop()},
		"top-of-all-namespaces":      {everywhere, splitsOfShop()},
		"top-of-deployments":         {asking(t, "deploy"), deployments},
		"top-of-namespaces":          {asking(t, "ns"), []string{saw("", "pay", "", 10, 0), saw("", "shop", "", 0, 3)}},
		"top-of-windows-that-differ": {asking(t, "deploy"), append([]string{strings.ReplaceAll(saw("shop", "late", "", 5, 0), "15:04:00Z\",\"window\":\"10s", "15:03:00Z\",\"window\":\"1m0s")}, deployments...)},
		"top-of-edges": {edges, []string{
			saw("shop", "cart", withEdge("from", "pay", "batch"), 972, 28, "11", "40", "231"), saw("shop", "cart", withEdge("from", "shop", "cart"), 4, 0),
			saw("shop", "cart", withEdge("to", "shop", "redis"), 800, 0, "400m", "900m", "2"), saw("shop", "cart", "", 1, 1),
		}},
	} {
		items := answered(t, test.items...).Items
		for _, width := range []int{80, 120} {
			lines := view.Top(test.question, items, view.Options{Now: now, Paint: view.Plain, Width: width})
			golden(t, name+"-"+strconv.Itoa(width), lines)
		}
		golden(t, name+"-wide", view.Top(test.question, items, view.Options{Now: now, Paint: view.Plain, Width: 80, Detail: view.Wide}))
		for width := 1; width < 120; width++ {
			for _, line := range view.Top(test.question, items, view.Options{Now: now, Paint: view.Plain, Width: width}) {
				if w := ansi.StringWidth(line); w > width {
					t.Fatalf("%s at %d columns: a line has %d: %q", name, width, w, line)
				}
			}
		}
	}
}

func TestWhatIsRoundedIsNeverAllOrNone(t *testing.T) {
	row := func(success, failure float64, p50 string) string {
		lines := view.Top(asking(t, "deploy"), answered(t, saw("shop", "a", "", success, failure, p50)).Items, view.Options{Now: now, Paint: view.Plain})
		return strings.Join(strings.Fields(lines[1]), " ")
	}
	for want, got := range map[string]string{
		"a 100.0% 1.0ms - - 0.1 10s 15:04:00":       row(1, 0, "1"),
		"a >99.9% 0ms - - 10000.0 10s 15:04:00":     row(99999, 1, "0"),
		"a 100.0% <1µs - - 0.2 10s 15:04:00":        row(2, 0, "85u"),
		"a 0.0% 85µs - - 0.4 10s 15:04:00":          row(0, 4, "85m"),
		"a <0.1% 10ms - - 1000.0 10s 15:04:00":      row(1, 9999, "9990m"),
		"a 50.0% 1.00s - - <0.1 10s 15:04:00":       row(0.2, 0.2, "999600m"),
		"a 99.9% 10s - - 100.0 10s 15:04:00":        row(999, 1, "9996"),
		"a 99.5% 1m05s - - 20.0 10s 15:04:00":       row(199, 1, "65000"),
		"a - 9.9ms - - 0.0 10s 15:04:00":            row(0, 0, "9900m"),
		"a 100.0% 100ms - - 1234567.8 10s 15:04:00": row(12345678, 0, "99600m"),
		"a 66.7% 999ms - - 0.3 10s 15:04:00":        row(2, 1, "999400m"),
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestTopDoesNotLetOthersSteerTheTerminal(t *testing.T) {
	item := strings.ReplaceAll(saw("shop", "NAME", "", 1, 0), "NAME", `a\u001b[2Jb\nc`)
	for _, line := range view.Top(asking(t, "deploy"), answered(t, item).Items, view.Options{Now: now, Paint: view.Plain}) {
		if strings.ContainsAny(line, "\x1b\n") {
			t.Errorf("control characters reach the terminal: %q", line)
		}
	}
}

func TestAWindowOfAnotherDayIsSaidWithItsDate(t *testing.T) {
	late := view.Options{Now: now.AddDate(0, 0, 1), Paint: view.Plain}
	items := answered(t, saw("shop", "a", "", 1, 0)).Items
	if line := view.Top(asking(t, "deploy"), items, late)[1]; !strings.HasSuffix(line, "   2026-11-20 15:04:00") {
		t.Errorf("the row is %s", line)
	}
	want := "namespaces, over a window of 10s that ended at 2026-11-20 15:04:00 UTC"
	if line := view.Topology(pictures(t)["topology-of-namespaces"], late)[0]; line != want {
		t.Errorf("the head is %s", line)
	}
}
