package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	smi "github.com/serin-dev/serin/api/smi/metrics"

	"github.com/google/go-cmp/cmp"
)

// splitWithAnIdleBackend is TM-07.
func splitWithAnIdleBackend(t *testing.T, s *stage) {
	one, all := s.path("/trafficsplits/app"), s.path("/trafficsplits")
	since := s.begin(t, one, time.Time{})
	names := map[string]string{"b": "app app b from client", "c": "app app c from client", "idle": "app app idle from client"}
	windows := s.question(one).chain(since)
	for range 2 {
		windows.send(t, s, call{caller: "a", apex: "app", count: 200}, names)
		windows.next(t)
	}
	windows.finish(t)
	want := windows.all
	b, c := want[names["b"]], want[names["c"]]
	// The cases allow 7 points for 400 requests that are drawn by weight.
	if b.success+c.success != 400 || c.success < 12 || c.success > 68 {
		t.Errorf("b answered %v and c %v, not about 360 and 40", b.success, c.success)
	}
	got := s.question(one).whole(t, since, want)
	if !s.apexes {
		want = want.plus(sums{"all-b all-b b from client": b, "all-c all-c c from client": c})
	}
	listed := s.question(all).whole(t, since, want)
	if diff := cmp.Diff(s.weighed("app app b 90", "app app c 10", "app app idle 0"), backends(t, got)); diff != "" {
		t.Fatal(diff)
	}
	rest := s.weighed("app app b 90", "app app c 10", "app app idle 0", "all-b all-b b 1", "all-c all-c c 1")
	if diff := cmp.Diff(append(rest[3:], rest[:3]...), backends(t, listed)); diff != "" {
		t.Error(diff)
	}
	for asked, a := range map[string]answer{`{"kind":"TrafficSplit","namespace":"` + s.namespace + `","name":"app"}`: got,
		`{"kind":"TrafficSplit","namespace":"` + s.namespace + `"}`: listed} {
		var list struct {
			Kind     string
			Resource json.RawMessage
		}
		must(t, json.Unmarshal(a.body, &list))
		if list.Kind != "TrafficMetricsList" || string(list.Resource) != asked {
			t.Errorf("%s for %s, not for %s", list.Kind, list.Resource, asked)
		}
	}
	idle := got.items[2]
	if _, stated := idle.Latency(smi.LatencyP99); stated || countsOf(idle) != (counts{}) {
		t.Errorf("the idle backend has %+v", idle.Metrics)
	}
	if success, stated := idle.Count(smi.SuccessCount); !stated || success != 0 {
		t.Errorf("the idle backend has %v successes, %t", success, stated)
	}
}

// weighed are the lines as backends writes them, less the weights where the data plane does not tell them.
func (s *stage) weighed(lines ...string) []string {
	if !s.weights {
		for i, line := range lines {
			lines[i] = line[:strings.LastIndex(line, " ")] + " -"
		}
	}
	return lines
}

// backends are the items of a list: split, apex, backend and weight, "-" if that is not on the wire.
func backends(t *testing.T, a answer) []string {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Backend  map[string]any
		}
	}
	must(t, json.Unmarshal(a.body, &list))
	lines := []string{}
	for _, item := range list.Items {
		weight, stated := item.Backend["weight"]
		if !stated {
			weight = "-"
		}
		lines = append(lines, fmt.Sprint(item.Metadata.Name, " ", item.Backend["apex"], " ", item.Backend["name"], " ", weight))
	}
	return lines
}
