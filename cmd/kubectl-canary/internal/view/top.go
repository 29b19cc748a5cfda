package view

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/serin-dev/serin/api/smi/metrics"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/charmbracelet/x/ansi"
)

// measured is one row of Top before it is laid out.
type measured struct {
	item *metrics.TrafficMetrics
	traffic.Numbers
}

// topColumn is a column of Top.
type topColumn struct {
	head string
	text func(measured) string
}

// Top is a table of what was measured: an object, an edge or a backend a line. On a narrow screen the windows are said in a line
// below, and of the latencies only P99 stays, before any name is cut short.
func Top(q traffic.Question, items []metrics.TrafficMetrics, o Options) []string {
	rows := make([]measured, 0, len(items))
	numbers := make([]traffic.Numbers, 0, len(items))
	for i := range items {
		n := traffic.NumbersOf(&items[i])
		rows, numbers = append(rows, measured{&items[i], n}), append(numbers, n)
	}
	columns := o.topColumns(q)
	if o.Detail == Wide {
		o.Width = 0
	}
	var below []string
	for _, sacrifice := range [][]string{{"WINDOW", "END"}, {"P90"}, {"P50"}} {
		if o.fits(columns, rows) {
			break
		}
		columns = slices.DeleteFunc(columns, func(c topColumn) bool { return slices.Contains(sacrifice, c.head) })
		if of := o.windowsOf(numbers); sacrifice[0] == "WINDOW" && of != "" {
			below = o.paragraph(faint("over " + of))
		}
	}
	return append(o.table(topCells(columns, rows), "NAME"), below...)
}

// fits says whether the columns have room as they are.
func (o Options) fits(columns []topColumn, rows []measured) bool {
	if o.Width <= 0 {
		return true
	}
	asTheyAre := o
	asTheyAre.Width, asTheyAre.Paint = 0, Plain
	for _, line := range asTheyAre.table(topCells(columns, rows), "") {
		if ansi.StringWidth(line) > o.Width {
			return false
		}
	}
	return true
}

func topCells(columns []topColumn, rows []measured) [][]cell {
	head := make([]string, 0, len(columns))
	for _, c := range columns {
		head = append(head, c.head)
	}
	cells := [][]cell{headings(head)}
	for _, r := range rows {
		tone := Normal
		if r.Requests != nil && *r.Requests == 0 {
			tone = Faint
		}
		var line []cell
		for _, c := range columns {
			line = append(line, cell{tone, orDash(c.text(r))})
		}
		cells = append(cells, line)
	}
	return cells
}

func (o Options) topColumns(q traffic.Question) []topColumn {
	columns := topNames(q, o.Detail)
	columns = append(columns,
		topColumn{"SUCCESS", func(m measured) string { return percent(m.Success) }},
		topColumn{"P50", func(m measured) string { return latency(m.P50) }},
		topColumn{"P90", func(m measured) string { return latency(m.P90) }},
		topColumn{"P99", func(m measured) string { return latency(m.P99) }},
		topColumn{"RPS", func(m measured) string { return perSecond(m.PerSecond) }},
	)
	end := func(m measured) string { return o.clock(m.Ended) }
	if o.Detail == Wide {
		columns = append(columns,
			topColumn{"REQUESTS", func(m measured) string { return amount(m.Requests) }},
			topColumn{"FAILURES", func(m measured) string { return amount(m.Failures) }},
			topColumn{"HISTOGRAM", histogram},
		)
		end = func(m measured) string {
			if m.Ended.IsZero() {
				return "-"
			}
			return m.Ended.Format(time.RFC3339)
		}
	}
	return append(columns, topColumn{"WINDOW", func(m measured) string { return window(m.Numbers) }}, topColumn{"END", end})
}

// topNames are the columns that say what was measured.
func topNames(q traffic.Question, detail Detail) []topColumn {
	if q.Part == traffic.Edges {
		return edgeNames(q, detail)
	}
	var columns []topColumn
	if q.Kind.Scope == traffic.Namespaced && (q.Namespace == "" || detail == Wide) {
		columns = append(columns, topColumn{"NAMESPACE", func(m measured) string { return q.Of(m.item).Namespace }})
	}
	columns = append(columns, topColumn{"NAME", func(m measured) string { return q.Of(m.item).Name }})
	if q.Kind.Resource != traffic.Splits {
		return columns
	}
	return append(columns,
		topColumn{"BACKEND", func(m measured) string {
			if m.item.Backend == nil {
				return "-"
			}
			return m.item.Backend.Name
		}},
		topColumn{"WEIGHT", func(m measured) string {
			if m.item.Backend == nil {
				return "-"
			}
			return weight(m.item.Backend.Weight)
		}})
}

// edgeNames are the two ends of an edge, and who counted it. Ends in another namespace than the asked one are said with theirs.
func edgeNames(q traffic.Question, detail Detail) []topColumn {
	namer := naming{resource: q.Kind.Resource, namespace: q.Namespace}
	if detail == Wide {
		namer.namespace = ""
	}
	end := func(choose func(caller, callee traffic.Object, side string) string) func(measured) string {
		return func(m measured) string {
			caller, callee, side, isEdge := q.Ends(m.item)
			if !isEdge {
				return "-"
			}
			return choose(caller, callee, side)
		}
	}
	return []topColumn{
		{"FROM", end(func(caller, _ traffic.Object, _ string) string { return namer.of(caller) })},
		{"TO", end(func(_, callee traffic.Object, _ string) string { return namer.of(callee) })},
		{"COUNTED-BY", end(func(_, _ traffic.Object, side string) string { return side })},
	}
}

func weight(w *int64) string {
	if w == nil {
		return "-"
	}
	return strconv.FormatInt(*w, 10)
}

func histogram(m measured) string {
	if m.Bounds == 0 {
		return "-"
	}
	return count(int64(m.Bounds), "bound")
}

// naming says objects in the shortest way that leaves no doubt.
type naming struct{ resource, namespace string }

// of is the name, with the namespace if it is another one than the picture's, and with the kind if it is another one.
func (n naming) of(o traffic.Object) string {
	name := o.Name
	if o.Namespace != "" && o.Namespace != n.namespace {
		name = o.Namespace + "/" + name
	}
	switch {
	case n.resource == traffic.Splits:
	case o.Kind != "" && o.Kind+"s" != n.resource:
		name = fmt.Sprintf("%s %s", o.Kind, name)
	}
	return name
}
