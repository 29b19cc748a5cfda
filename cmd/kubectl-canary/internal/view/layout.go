package view

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// cell is a piece of a row. The last one of a row is wrapped, the others are aligned with those of the rows beside it.
type cell struct {
	tone Tone
	text string
}

// node is a row of a tree and the rows under it.
type node struct {
	cells []cell
	kids  []node
}

func row(cells ...cell) node          { return node{cells: cells} }
func title(text string) node          { return row(cell{Title, text}) }
func (n node) with(kids ...node) node { return node{cells: n.cells, kids: append(n.kids, kids...)} }
func plain(text string) cell          { return cell{Normal, text} }
func faint(text string) cell          { return cell{Faint, text} }

const (
	gap = "  "
	// leastRest is the least number of columns worth wrapping a text into beside other cells.
	leastRest = 24
)

// tree lays nodes out behind branches.
func (o Options) tree(nodes []node, prefix string) []string {
	var lines []string
	widths := o.widths(nodes, prefix)
	for i, n := range nodes {
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		for j, text := range o.row(n.cells, widths, o.room(prefix+branch)) {
			lead := prefix + branch
			if j > 0 {
				lead = prefix + below
			}
			lines = append(lines, o.fit(o.Paint(Faint, lead)+text))
		}
		lines = append(lines, o.tree(n.kids, prefix+below)...)
	}
	return lines
}

// room is what a lead leaves of the width; 0 means any.
func (o Options) room(lead string) int {
	if o.Width <= 0 {
		return 0
	}
	return max(o.Width-ansi.StringWidth(lead), 1)
}

// fit is the last word on a line's length.
func (o Options) fit(line string) string {
	line = strings.TrimRight(line, " ")
	if o.Width <= 0 {
		return line
	}
	return ansi.Truncate(line, o.Width, "…")
}

// widths are the columns of sibling rows, the last cell of each left out. None takes more than half of the room.
func (o Options) widths(nodes []node, prefix string) []int {
	var widths []int
	room := o.room(prefix + "├─ ")
	for _, n := range nodes {
		for k := range max(len(n.cells)-1, 0) {
			if k == len(widths) {
				widths = append(widths, 0)
			}
			w := ansi.StringWidth(n.cells[k].text)
			if room > 0 {
				w = min(w, max(room/2, 1))
			}
			widths[k] = max(widths[k], w)
		}
	}
	return widths
}

// row lays one row out in lines: aligned cells, and the last one wrapped beside them, or below where there is no room.
func (o Options) row(cells []cell, widths []int, room int) []string {
	if len(cells) == 0 {
		return nil
	}
	var lead strings.Builder
	used := 0
	for k, c := range cells[:len(cells)-1] {
		text := ansi.Truncate(c.text, widths[k], "…")
		lead.WriteString(o.Paint(c.tone, text))
		lead.WriteString(strings.Repeat(" ", widths[k]-ansi.StringWidth(text)) + gap)
		used += widths[k] + len(gap)
	}
	last := cells[len(cells)-1]
	if room > 0 && room-used < leastRest && room-used < ansi.StringWidth(last.text) {
		return append([]string{lead.String()}, o.wrapped(last, gap, room)...)
	}
	indent := strings.Repeat(" ", used)
	lines := o.wrapped(last, indent, room)
	lines[0] = lead.String() + strings.TrimPrefix(lines[0], indent)
	return lines
}

// wrapped is a cell in as many lines as it needs.
func (o Options) wrapped(c cell, indent string, room int) []string {
	text := oneLine(c.text)
	if room > 0 {
		text = ansi.Wrap(text, max(room-len(indent), 1), " ")
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = indent + o.Paint(c.tone, strings.TrimSpace(line))
	}
	return lines
}

// oneLine keeps what others wrote from breaking the layout or steering the terminal.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, text)), " ")
}
