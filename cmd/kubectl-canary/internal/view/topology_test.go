package view_test

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

func deploymentOf(namespace, name string) traffic.Object {
	return traffic.Object{Kind: "deployment", Namespace: namespace, Name: name}
}

// shopGraph has a cycle, a self call, a caller of another namespace, a namesake there, and all that makes no call.
func shopGraph(t *testing.T, q traffic.Question) traffic.Graph {
	t.Helper()
	const long = "catalogue-with-a-rather-long-name-for-a-deployment-in-a-cluster"
	list := answered(t,
		saw("shop", "frontend", "", 5012, 3, "4", "9", "1230"), saw("shop", "cart", "", 4090, 28), saw("shop", "redis", "", 800, 0),
		saw("shop", long, "", 12040, 0), saw("shop", "newsletter", "", 0, 0), saw("shop", "reports", "", 0, 0), saw("shop", "broken", "", 0, 0))
	edges := map[traffic.Object]traffic.Answer{
		deploymentOf("shop", "cart"): answered(t,
			saw("shop", "cart", withEdge("from", "pay", "batch"), 972, 28, "11", "40", "231"),
			saw("shop", "cart", withEdge("from", "pay", "cart"), 1, 0),
			saw("shop", "cart", withEdge("from", "shop", "cart"), 4, 0, "1", "1", "1"),
			saw("shop", "cart", withEdge("from", "shop", "frontend"), 3118, 6, "9500m", "21", "48"),
			saw("shop", "cart", withEdge("from", "shop", "redis"), 1, 0),
			saw("shop", "cart", withEdge("to", "shop", "redis"), 800, 0, "400m", "900m", "2")),
		deploymentOf("shop", long): answered(t, saw("shop", long, withEdge("from", "shop", "frontend"), 12040, 0, "2", "5", "12")),
	}
	return traffic.NewGraph(q, list, edges, map[traffic.Object]string{deploymentOf("shop", "broken"): "code 500"})
}

func pictures(t *testing.T) map[string]traffic.Graph {
	everywhere := asking(t, "deploy")
	everywhere.Namespace = ""
	namespaces := asking(t, "ns")
	pay := traffic.Object{Kind: "namespace", Name: "pay"}
	return map[string]traffic.Graph{
		"topology":                   shopGraph(t, asking(t, "deploy")),
		"topology-of-all-namespaces": shopGraph(t, everywhere),
		"topology-of-splits":         traffic.NewGraph(asking(t, "ts"), answered(t, append(splitsOfShop(), saw("shop", "second", backed("foobar", "foobar-v1", `,"weight":1`), 3, 0))...), nil, nil),
		"topology-of-namespaces": traffic.NewGraph(namespaces, answered(t, saw("", "pay", "", 3, 0), saw("", "shop", "", 0, 0)), map[traffic.Object]traffic.Answer{
			pay: answered(t, saw("", "pay", withEdge("from", "pay", "pay"), 3, 0)),
		}, nil),
		"topology-of-nothing": traffic.NewGraph(asking(t, "deploy"), answered(t, saw("shop", "a", "", 0, 0)), nil, nil),
	}
}

func TestTopology(t *testing.T) {
	for name, g := range pictures(t) {
		for _, width := range []int{80, 120} {
			golden(t, name+"-"+strconv.Itoa(width), view.Topology(g, view.Options{Now: now, Paint: view.Plain, Width: width}))
		}
		for width := 1; width < 120; width++ {
			for _, line := range view.Topology(g, view.Options{Now: now, Paint: view.Plain, Width: width}) {
				if w := ansi.StringWidth(line); w > width {
					t.Fatalf("%s at %d columns: a line has %d: %q", name, width, w, line)
				}
			}
		}
		golden(t, name+"-dot", view.DOT(g))
		golden(t, name+"-mermaid", view.Mermaid(g))
	}
}

// drawn are the nodes and arrows that a reader of a language finds, by their labels.
type drawn struct{ nodes, arrows []string }

// wanted is what a Graph should be drawn as.
func wanted(g traffic.Graph, name func(traffic.Object) string) drawn {
	var d drawn
	for _, n := range g.Nodes {
		d.nodes = append(d.nodes, name(n.Object))
	}
	for _, e := range g.Edges {
		d.arrows = append(d.arrows, name(e.From)+" > "+name(e.To))
	}
	return d
}

var (
	dotQuoted = `"((?:[^"\\]|\\["\\n])*)"`
	dotNode   = regexp.MustCompile(`^  (n[0-9]+) \[label=` + dotQuoted + `(?:, style=dashed)?\]$`)
	dotArrow  = regexp.MustCompile(`^  (n[0-9]+) -> (n[0-9]+) \[label=` + dotQuoted + `\]$`)
	dotHead   = regexp.MustCompile(`^digraph ` + dotQuoted + ` \{$`)

	// In Mermaid's quotes all is text but these: a quote, an entity, a tag, a backtick, a backslash; and a comment.
	mermaidQuoted = `"((?:[^"#<>&` + "`" + `\\]|#[a-z0-9]+;|<br/>)*)"`
	mermaidNode   = regexp.MustCompile(`^  (n[0-9]+)\[` + mermaidQuoted + `\](?::::idle)?$`)
	mermaidArrow  = regexp.MustCompile(`^  (n[0-9]+) -->\|` + mermaidQuoted + `\| (n[0-9]+)$`)
)

// readDOT reads strictly what DOT writes.
func readDOT(t *testing.T, lines []string) drawn {
	t.Helper()
	if !dotHead.MatchString(lines[0]) || lines[1] != "  rankdir=LR" || lines[2] != "  node [shape=box]" || lines[len(lines)-1] != "}" {
		t.Errorf("no digraph: %q", lines)
	}
	var d drawn
	label := map[string]string{}
	for _, line := range lines[3 : len(lines)-1] {
		if m := dotNode.FindStringSubmatch(line); m != nil {
			label[m[1]] = strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(m[2])
			d.nodes = append(d.nodes, label[m[1]])
		} else if m := dotArrow.FindStringSubmatch(line); m != nil && label[m[1]] != "" && label[m[2]] != "" {
			d.arrows = append(d.arrows, label[m[1]]+" > "+label[m[2]])
		} else {
			t.Errorf("no line of DOT: %s", line)
		}
	}
	return d
}

// readMermaid reads strictly what Mermaid writes.
func readMermaid(t *testing.T, lines []string) drawn {
	t.Helper()
	if lines[0] != "flowchart LR" || lines[len(lines)-1] != "  classDef idle stroke-dasharray: 4 4" {
		t.Errorf("no flowchart: %q", lines)
	}
	var d drawn
	label := map[string]string{}
	entities := strings.NewReplacer("#35;", "#", "#quot;", `"`, "#lt;", "<", "#gt;", ">", "#amp;", "&", "#96;", "`", "#37;", "%", "#92;", `\`)
	for _, line := range lines[1 : len(lines)-1] {
		if strings.Contains(line, "%%") {
			t.Errorf("a comment begins: %s", line)
		}
		if m := mermaidNode.FindStringSubmatch(line); m != nil {
			label[m[1]] = entities.Replace(m[2])
			d.nodes = append(d.nodes, label[m[1]])
		} else if m := mermaidArrow.FindStringSubmatch(line); m != nil && label[m[1]] != "" && label[m[3]] != "" {
			d.arrows = append(d.arrows, label[m[1]]+" > "+label[m[3]])
		} else {
			t.Errorf("no line of Mermaid: %s", line)
		}
	}
	return d
}

func TestDrawingsAreSoundAndComplete(t *testing.T) {
	all := pictures(t)
	strange := []string{`a"b`, `back\slash`, `end\`, `x"] ; n1 -> n2 [label="y`, "a#quot;b", "<script>", "a&lt;b", "`md`", "%%{init}%%", "a-->b", "end", "a|b", "é/ü", "{[(", "graph"}
	items := []string{}
	for _, name := range strange {
		items = append(items, saw("shop", "WHO", withEdge("from", "shop", "caller"), 3, 0))
		items[len(items)-1] = strings.ReplaceAll(items[len(items)-1], `"WHO"`, strconv.Quote(name))
	}
	edges := map[traffic.Object]traffic.Answer{}
	for i, name := range strange {
		edges[deploymentOf("shop", name)] = answered(t, items[i])
	}
	all["strange names"] = traffic.NewGraph(asking(t, "deploy"), answered(t, items...), edges, nil)
	for _, picture := range slices.Sorted(maps.Keys(all)) {
		g := all[picture]
		want := wanted(g, func(o traffic.Object) string {
			if o.Namespace != "" && o.Namespace != g.Namespace {
				return o.Namespace + "/" + o.Name
			}
			return o.Name
		})
		if diff := cmp.Diff(want, readDOT(t, view.DOT(g)), cmp.AllowUnexported(drawn{})); diff != "" {
			t.Errorf("%s in DOT: %s", picture, diff)
		}
		if diff := cmp.Diff(want, readMermaid(t, view.Mermaid(g)), cmp.AllowUnexported(drawn{})); diff != "" {
			t.Errorf("%s in Mermaid: %s", picture, diff)
		}
	}
	if n := len(all["strange names"].Edges); n != len(strange) {
		t.Errorf("%d arrows, want %d", n, len(strange))
	}
}

func TestANodeOfAnotherKindIsSaidWithIt(t *testing.T) {
	of := deploymentOf("shop", "a")
	item := saw("shop", "a", `"edge":{"direction":"from","resource":{"kind":"CronJob","name":"nightly"}},`, 3, 0)
	g := traffic.NewGraph(asking(t, "deploy"), answered(t), map[traffic.Object]traffic.Answer{of: answered(t, item)}, nil)
	lines := view.Topology(g, view.Options{Now: now, Paint: view.Plain})
	if diff := cmp.Diff([]string{"cronjob nightly", "└─ a  0.3 rps  100.0%  p99 -"}, lines[2:]); diff != "" {
		t.Error(diff)
	}
}
