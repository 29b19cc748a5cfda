package traffic_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/google/go-cmp/cmp"
)

func counts(success, failure int) string {
	return fmt.Sprintf(`%s,"metrics":[{"name":"success_count","value":%d},{"name":"failure_count","value":%d}]`, when, success, failure)
}

// listed is a list of objects that have served as many requests.
func listed(served map[string]int) string {
	var items []string
	for name, n := range served {
		namespace, name, _ := strings.Cut(name, "/")
		items = append(items, fmt.Sprintf(`{"resource":{"kind":"Deployment","namespace":%q,"name":%q},%s}`, namespace, name, counts(n, 0)))
	}
	return `{"items":[` + strings.Join(items, ",") + `]}`
}

// edge is one edge; other is its resource in JSON.
func edge(direction, side, other string, n int) string {
	return fmt.Sprintf(`{"edge":{"direction":%q,"side":%q,"resource":%s},%s}`, direction, side, other, counts(n, 0))
}

func named(name string) string {
	namespace, name, _ := strings.Cut(name, "/")
	return fmt.Sprintf(`{"kind":"Deployment","namespace":%q,"name":%q}`, namespace, name)
}

// summed are the lines of a graph: "u/a > t/b server 20", and "idle t/x".
func summed(g traffic.Graph) []string {
	var lines []string
	name := func(o traffic.Object) string { return o.Namespace + "/" + o.Name }
	for _, e := range g.Edges {
		n := "?"
		if e.Numbers.Requests != nil {
			n = fmt.Sprint(*e.Numbers.Requests)
		}
		line := fmt.Sprintf("%s > %s %s %s", name(e.From), name(e.To), e.CountedBy, n)
		if e.Server != nil && e.Client != nil {
			line += fmt.Sprintf(" both %v %v", *e.Server.Requests, *e.Client.Requests)
		}
		lines = append(lines, line)
	}
	for _, n := range g.Nodes {
		for word, is := range map[string]bool{"idle": n.Idle, "unread": n.Unread} {
			if is {
				lines = append(lines, word+" "+name(n.Object))
			}
		}
	}
	return lines
}

func TestGraph(t *testing.T) {
	for name, test := range map[string]struct {
		served   map[string]int
		edges    map[string][]string
		unread   map[string]string
		want     []string
		problems []string
	}{
		"an edge is counted by both ends, and shown once": {
			served: map[string]int{"t/a": 0, "t/b": 10},
			edges:  map[string][]string{"t/a": {edge("to", "client", named("t/b"), 12)}, "t/b": {edge("from", "server", named("t/a"), 10)}},
			want:   []string{"t/a > t/b server 10 both 10 12"},
		},
		"the client's numbers where the server counted nothing": {
			served: map[string]int{"t/a": 0, "t/b": 0},
			edges:  map[string][]string{"t/a": {edge("to", "client", named("t/b"), 12)}},
			want:   []string{"t/a > t/b client 12"},
		},
		"both ways are two edges": {
			served: map[string]int{"t/a": 5, "t/b": 7},
			edges: map[string][]string{
				"t/a": {edge("from", "server", named("t/b"), 5), edge("to", "client", named("t/b"), 7)},
				"t/b": {edge("from", "server", named("t/a"), 7), edge("to", "client", named("t/a"), 5)},
			},
			want: []string{"t/a > t/b server 7 both 7 7", "t/b > t/a server 5 both 5 5"},
		},
		"a cycle": {
			served: map[string]int{"t/a": 1, "t/b": 2, "t/c": 3},
			edges: map[string][]string{
				"t/a": {edge("to", "client", named("t/b"), 2)}, "t/b": {edge("to", "client", named("t/c"), 3)}, "t/c": {edge("to", "client", named("t/a"), 1)},
			},
			want: []string{"t/a > t/b client 2", "t/b > t/c client 3", "t/c > t/a client 1"},
		},
		"a call of oneself": {
			served: map[string]int{"t/a": 4},
			edges:  map[string][]string{"t/a": {edge("from", "server", named("t/a"), 4), edge("to", "client", named("t/a"), 4)}},
			want:   []string{"t/a > t/a server 4 both 4 4"},
		},
		"one name in two namespaces is two objects": {
			served: map[string]int{"t/a": 0, "u/a": 0, "t/b": 30},
			edges:  map[string][]string{"t/b": {edge("from", "server", named("t/a"), 10), edge("from", "server", named("u/a"), 20)}},
			want:   []string{"t/a > t/b server 10", "u/a > t/b server 20"},
		},
		"who is listed without traffic is idle": {
			served: map[string]int{"t/a": 0, "t/b": 3, "t/c": 0},
			edges:  map[string][]string{"t/a": {}, "t/b": {}, "t/c": {edge("to", "client", named("t/d"), 0)}},
			want:   []string{"idle t/a", "idle t/c"},
		},
		"nobody knows whether who could not be read is idle": {
			served: map[string]int{"t/a": 0}, unread: map[string]string{"t/a": "code 500"},
			want:     []string{"unread t/a"},
			problems: []string{"deployment t/a: its edges cannot be read: code 500"},
		},
		"what other servers leave out": {
			served: map[string]int{"t/b": 3},
			edges: map[string][]string{"t/b": {
				edge("from", "", `{"name":"near"}`, 1), edge("", "client", `{"kind":"deployments","name":"far"}`, 2), edge("TO", "", `{"name":"low"}`, 3),
			}},
			want: []string{"t/b > t/far client 2", "t/b > t/low client 3", "t/near > t/b server 1"},
		},
		"what is no edge": {
			served:   map[string]int{"t/b": 3},
			edges:    map[string][]string{"t/b": {edge("from", "server", `{}`, 3), edge("from", "server", `null`, 3), edge("", "", named("t/a"), 3)}},
			problems: []string{"deployment t/b: an edge names no other end and is left out", "deployment t/b: the edge with a says no direction and is left out"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := func(name string) traffic.Object {
				namespace, name, _ := strings.Cut(name, "/")
				return traffic.Object{Kind: "deployment", Namespace: namespace, Name: name}
			}
			edges, unread := map[traffic.Object]traffic.Answer{}, map[traffic.Object]string{}
			for of, items := range test.edges {
				edges[object(of)] = read(t, `{"items":[`+strings.Join(items, ",")+`]}`)
			}
			for of, why := range test.unread {
				unread[object(of)] = why
			}
			g := traffic.NewGraph(traffic.Question{Kind: kind(t, "deploy"), Namespace: "t"}, read(t, listed(test.served)), edges, unread)
			if diff := cmp.Diff(test.want, summed(g)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.problems, g.Problems); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGraphOfSplits(t *testing.T) {
	item := func(split, backend string, n int) string {
		return fmt.Sprintf(`{"resource":{"kind":"Trafficsplit","namespace":"t","name":%q},"backend":%s,%s}`, split, backend, counts(n, 0))
	}
	body := `{"items":[` + strings.Join([]string{
		item("app", `{"apex":"app","name":"app-v1","weight":90}`, 9), item("app", `{"apex":"app","name":"app-v2"}`, 1),
		item("other", `{"apex":"app","name":"app-v1","weight":1}`, 2), item("bare", `{"name":"bare-v1","weight":0}`, 0), item("broken", `null`, 5),
		item("loop", `{"apex":"loop","name":"loop","weight":1}`, 5),
	}, ",") + `]}`
	g := traffic.NewGraph(traffic.Question{Kind: kind(t, "ts"), Namespace: "t"}, read(t, body), nil, nil)
	var got []string
	for _, e := range g.Edges {
		weight := "-"
		if e.Weight != nil {
			weight = fmt.Sprint(*e.Weight)
		}
		got = append(got, fmt.Sprintf("%s: %s > %s %s %v", e.Split, e.From.Name, e.To.Name, weight, *e.Numbers.Requests))
	}
	want := []string{"app: app > app-v1 90 9", "app: app > app-v2 - 1", "other: app > app-v1 1 2", "bare: bare > bare-v1 0 0", "loop: loop > loop 1 5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"trafficsplit t/broken: an item names no backend and is left out"}, g.Problems); diff != "" {
		t.Error(diff)
	}
}

func TestGraphOfNamespacesHasNoNamespaces(t *testing.T) {
	q := traffic.Question{Kind: kind(t, "ns")}
	shop := traffic.Object{Kind: "namespace", Name: "shop"}
	edges := map[traffic.Object]traffic.Answer{
		shop: read(t, `{"items":[`+edge("from", "server", `{"kind":"Namespace","namespace":"pay","name":"pay"}`, 3)+`]}`),
	}
	g := traffic.NewGraph(q, read(t, `{"items":[{"resource":{"kind":"Namespace","namespace":"shop","name":"shop"},`+counts(3, 0)+`}]}`), edges, nil)
	if diff := cmp.Diff([]string{"/pay > /shop server 3"}, summed(g)); diff != "" {
		t.Error(diff)
	}
}
