package view

import (
	"strings"

	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/traffic"

	"github.com/charmbracelet/x/ansi"
)

// call is a row of Topology: who is called, and the numbers.
type call struct {
	name  string
	cells []cell
}

// Topology lists each caller with whom it calls, then who is called by nobody that is known, who is idle, and of whom it is not known.
func Topology(g traffic.Graph, o Options) []string {
	lines := o.plainWrap(o.Paint(Title, o.about(g)))
	groups := callsBy(g)
	widths := o.callWidths(groups)
	for _, group := range groups {
		lines = append(lines, "")
		lines = append(lines, o.plainWrap(oneLine(group.title))...)
		for i, c := range group.calls {
			branch, below := "├─ ", "│  "
			if i == len(group.calls)-1 {
				branch, below = "└─ ", "   "
			}
			lines = append(lines, o.call(c, widths, o.Paint(Faint, branch), o.Paint(Faint, below))...)
		}
	}
	return lines
}

// about is the head of the picture.
func (o Options) about(g traffic.Graph) string {
	about := g.Resource
	switch {
	case g.Resource == "namespaces" || g.Resource == "nodes":
	case g.Namespace == "":
		about += " in all namespaces"
	default:
		about += " in namespace " + g.Namespace
	}
	var numbers []traffic.Numbers
	for _, e := range g.Edges {
		numbers = append(numbers, e.Numbers)
	}
	if of := o.windowsOf(numbers); of != "" {
		about += ", over " + of
	}
	return about
}

// group is a caller and its calls, or those of which the same is to be said.
type group struct {
	title string
	calls []call
}

func callsBy(g traffic.Graph) []group {
	name := naming{g.Resource, g.Namespace}
	var groups []group
	var last traffic.Edge
	called := map[traffic.Object]bool{}
	for i, e := range g.Edges {
		called[e.To] = true
		if i == 0 || e.From != last.From || e.Split != last.Split {
			groups = append(groups, group{title: callerTitle(name, e)})
		}
		last = e
		into := &groups[len(groups)-1]
		into.calls = append(into.calls, callOf(name, e))
	}
	unknown, idle, unread := group{title: "callers not known"}, group{title: "idle"}, group{title: "edges not read"}
	for _, n := range g.Nodes {
		switch {
		case n.Idle && g.Resource != traffic.Splits:
			idle.calls = append(idle.calls, call{name: name.of(n.Object)})
		case n.Served != nil && !called[n.Object] && n.Served.Requests != nil && *n.Served.Requests > 0:
			unknown.calls = append(unknown.calls, call{name.of(n.Object), callCells(*n.Served)})
		case n.Unread:
			unread.calls = append(unread.calls, call{name: name.of(n.Object)})
		}
	}
	for _, more := range []group{unknown, idle, unread} {
		if len(more.calls) > 0 {
			groups = append(groups, more)
		}
	}
	return groups
}

// callerTitle names a caller; a split is named beside its apex if it has another name.
func callerTitle(name naming, e traffic.Edge) string {
	title := name.of(e.From)
	if e.Split != "" && e.Split != e.From.Name {
		title += " (split " + e.Split + ")"
	}
	return title
}

func callOf(name naming, e traffic.Edge) call {
	cells := callCells(e.Numbers)
	if e.Split != "" {
		cells = append([]cell{plain("weight " + weight(e.Weight))}, cells...)
	}
	return call{name.of(e.To), cells}
}

func callCells(n traffic.Numbers) []cell {
	return []cell{plain(perSecond(n.PerSecond) + " rps"), plain(percent(n.Success)), plain("p99 " + latency(n.P99))}
}

// callWidths are the widths of names and of the columns beside them, over all groups.
func (o Options) callWidths(groups []group) []int {
	widths := []int{0}
	for _, g := range groups {
		for _, c := range g.calls {
			if len(c.cells) == 0 {
				continue
			}
			widths[0] = max(widths[0], ansi.StringWidth(oneLine(c.name)))
			for k, n := range c.cells {
				if k+1 == len(widths) {
					widths = append(widths, 0)
				}
				widths[k+1] = max(widths[k+1], ansi.StringWidth(n.text))
			}
		}
	}
	if o.Width > 0 {
		rest := o.Width - ansi.StringWidth("├─ ")
		for _, w := range widths[1:] {
			rest -= w + len(gap)
		}
		widths[0] = max(min(widths[0], rest), 1)
	}
	return widths
}

// call lays one call out. A name that has no room beside the numbers stands above them, so that it is not cut short.
func (o Options) call(c call, widths []int, branch, below string) []string {
	name := oneLine(c.name)
	if len(c.cells) == 0 {
		return []string{o.fit(branch + name)}
	}
	numbers := ""
	for k, n := range c.cells {
		pad := strings.Repeat(" ", max(widths[k+1]-ansi.StringWidth(n.text), 0))
		if k == len(c.cells)-1 {
			numbers += gap + n.text
			continue
		}
		numbers += gap + pad + n.text
	}
	room := widths[0] - ansi.StringWidth(name)
	if room < 0 {
		return []string{o.fit(branch + name), o.fit(below + strings.Repeat(" ", widths[0]) + numbers)}
	}
	return []string{o.fit(branch + name + strings.Repeat(" ", room) + numbers)}
}
