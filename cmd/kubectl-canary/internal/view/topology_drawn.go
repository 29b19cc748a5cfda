package view

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"
)

// drawing gives each node of a Graph a name that no language for graphs takes for something else.
type drawing struct {
	naming
	traffic.Graph
	ids map[traffic.Object]string
}

func draw(g traffic.Graph) drawing {
	d := drawing{naming{g.Resource, g.Namespace}, g, map[traffic.Object]string{}}
	for i, n := range g.Nodes {
		d.ids[n.Object] = fmt.Sprintf("n%d", i+1)
	}
	return d
}

// labels are the lines beside an arrow: what was measured. Mermaid takes a line that begins with a dash for a list.
func (d drawing) labels(e traffic.Edge) []string {
	var lines []string
	if e.Weight != nil {
		lines = append(lines, "weight "+weight(e.Weight))
	}
	if e.Numbers.PerSecond != nil {
		lines = append(lines, perSecond(e.Numbers.PerSecond)+" rps")
	}
	if e.Numbers.Success != nil {
		lines = append(lines, percent(e.Numbers.Success))
	}
	if e.Numbers.P99 != nil {
		lines = append(lines, "p99 "+latency(e.Numbers.P99))
	}
	if len(lines) == 0 {
		return []string{"not measured"}
	}
	return lines
}

// DOT is a Graph in the language of Graphviz.
func DOT(g traffic.Graph) []string {
	d := draw(g)
	lines := []string{"digraph " + dotText(Options{}.about(g)) + " {", "  rankdir=LR", "  node [shape=box]"}
	for _, n := range g.Nodes {
		style := ""
		if n.Idle {
			style = ", style=dashed"
		}
		lines = append(lines, fmt.Sprintf("  %s [label=%s%s]", d.ids[n.Object], dotText(d.of(n.Object)), style))
	}
	for _, e := range g.Edges {
		lines = append(lines, fmt.Sprintf("  %s -> %s [label=%s]", d.ids[e.From], d.ids[e.To], dotText(d.labels(e)...)))
	}
	return append(lines, "}")
}

// dotText quotes lines: a backslash begins an escape of a label, and a quote ends it.
func dotText(lines ...string) string {
	quoted := make([]string, 0, len(lines))
	for _, line := range lines {
		quoted = append(quoted, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(oneLine(line)))
	}
	return `"` + strings.Join(quoted, `\n`) + `"`
}

// Mermaid is a Graph as a flowchart of Mermaid, which many viewers of Markdown draw.
func Mermaid(g traffic.Graph) []string {
	d := draw(g)
	lines := []string{"flowchart LR"}
	for _, n := range g.Nodes {
		class := ""
		if n.Idle {
			class = ":::idle"
		}
		lines = append(lines, fmt.Sprintf("  %s[%s]%s", d.ids[n.Object], mermaidText(d.of(n.Object)), class))
	}
	for _, e := range g.Edges {
		lines = append(lines, fmt.Sprintf("  %s -->|%s| %s", d.ids[e.From], mermaidText(d.labels(e)...), d.ids[e.To]))
	}
	return append(lines, "  classDef idle stroke-dasharray: 4 4")
}

// mermaidText quotes lines. In quotes Mermaid still reads entities, HTML, Markdown between backticks and comments; it has no
// escape but entities of its own.
func mermaidText(lines ...string) string {
	quoted := make([]string, 0, len(lines))
	for _, line := range lines {
		quoted = append(quoted, strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;",
			"%%", "#37;#37;", `\`, "#92;").Replace(oneLine(line)))
	}
	return `"` + strings.Join(quoted, "<br/>") + `"`
}
