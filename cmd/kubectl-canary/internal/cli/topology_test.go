package cli_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// counted are the numbers of one side in JSON.
type counted struct {
	Requests, Failures float64
	PerSecond          float64 `json:"requestsPerSecond"`
	P99                float64 `json:"p99Seconds"`
}

func TestTopologyAsJSONKeepsWhatBothSidesCounted(t *testing.T) {
	code, out, errOut := finish(t, shopTopology(), "topology", "deploy", "-o", "json")
	var got struct {
		Resource, Namespace string
		Nodes               []struct {
			Kind, Namespace, Name string
			Listed, Idle          bool
		}
		Edges []struct {
			From, To       struct{ Namespace, Name string }
			CountedBy      string
			Numbers        counted
			Server, Client *counted
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || errOut != "" {
		t.Fatalf("code %d: %s%v", code, errOut, err)
	}
	if got.Resource != "deployments" || got.Namespace != "shop" || len(got.Nodes) != 4 || len(got.Edges) != 2 {
		t.Fatalf("got %+v", got)
	}
	if outside := got.Nodes[0]; outside.Namespace != "pay" || outside.Listed || outside.Idle {
		t.Errorf("the caller of another namespace is %+v", outside)
	}
	if idle := got.Nodes[3]; idle.Name != "idle" || !idle.Listed || !idle.Idle {
		t.Errorf("the idle one is %+v", idle)
	}
	e := got.Edges[1]
	if diff := cmp.Diff(&counted{30, 0, 1, 0.048}, e.Server); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&counted{33, 4, 1.1, 0.048}, e.Client); diff != "" {
		t.Error(diff)
	}
	if e.CountedBy != "server" || e.Numbers != *e.Server || got.Edges[0].Client != nil {
		t.Errorf("the edge is %+v", e)
	}
}

func TestTopologyOfAllNamespacesAndOfSplits(t *testing.T) {
	s := &trafficServer{answers: map[string]string{
		"/pods?window=30s":                           items(at("Pod", "a-0", "", 0, 0)),
		"/namespaces/shop/pods/a-0/edges?window=30s": "[]",
	}}
	code, _, errOut := finish(t, s, "topology", "pods", "-A", "--window", "30s")
	if want := "error: the TrafficMetrics server's answer cannot be understood: it is no JSON object\n"; errOut != want || code != 1 {
		t.Errorf("code %d: %s", code, errOut)
	}
	s = &trafficServer{answers: map[string]string{"/namespaces/shop/trafficsplits": items(
		at("Trafficsplit", "foobar", backend("foobar-v1"), 30, 0), at("Trafficsplit", "broken", "", 30, 0))}}
	code, out, errOut := finish(t, s, "topology", "ts")
	want := lines("trafficsplits in namespace shop, over a window of 30s that ended at 15:04:00 UTC", "", "foobar",
		"└─ foobar-v1  weight 50  1.0 rps  100.0%  p99 48ms")
	if diff := cmp.Diff(want, out); diff != "" || code != 0 {
		t.Errorf("code %d (-want +got):\n%s", code, diff)
	}
	if want := "note: trafficsplit shop/broken: an item names no backend and is left out\n"; errOut != want {
		t.Errorf("errors: %s", errOut)
	}
	s = &trafficServer{answers: map[string]string{"/namespaces": items()}}
	code, out, errOut = finish(t, s, "topology", "ns")
	if code != 0 || out != "" || errOut != "The TrafficMetrics server has no namespaces.\n" {
		t.Errorf("code %d: %s%s", code, out, errOut)
	}
}

func TestTopologyIsInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	for _, command := range []string{"top", "topology"} {
		out, errOut, code := begin(ctx, t, shopTopology(), command)
		if got := <-code; got != 130 || out.String() != "" || errOut.String() != "interrupted\n" {
			t.Errorf("%s: code %d: %s%s", command, got, out, errOut)
		}
	}
}

func TestCompletionOfKindsAndNames(t *testing.T) {
	kinds := "trafficsplits deployments pods namespaces services statefulsets daemonsets replicasets replicationcontrollers jobs nodes :4"
	for args, want := range map[string]string{
		"top|":           kinds,
		"topology|":      kinds,
		"topology|pods|": ":4",
		"top|deploy|":    "a b idle :4",
		"top|deploy|a|":  ":4",
		"top|tea|":       ":4",
		"top|jobs|":      ":1",
		"top|--sort-by|": "name rps success p99 failures :4",
		"topology|-o|":   "text dot mermaid json :4",
		"top|--output|":  "json yaml wide :4",
	} {
		_, out, _ := finish(t, shopTopology(), append([]string{"__complete"}, strings.Split(args, "|")...)...)
		if diff := cmp.Diff(want, strings.Join(strings.Fields(out), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", args, diff)
		}
	}
}
