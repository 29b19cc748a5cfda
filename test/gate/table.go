package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// row is a number, and what it is held to.
type row struct {
	Gate string `json:"gate"`
	Cell string `json:"cell"`
	What string `json:"what"`
	// Value is nil where it is infinite.
	Value     *float64 `json:"value"`
	Measured  string   `json:"measured"`
	Limit     string   `json:"limit"`
	Reference string   `json:"reference"`
	Kept      bool     `json:"kept"`
}

// noLimit is the limit of what is only shown.
const noLimit = "none"

// row is the measure's value in n rollouts of a cell.
func (m measure) row(c cell, value float64, n int) row {
	most := m.most(n)
	r := row{Gate: c.gate, Cell: c.name, What: m.what, Measured: m.in.write(value, n), Reference: m.reference, Kept: value <= most}
	if !math.IsInf(value, 0) {
		r.Value = &value
	}
	switch {
	case math.IsInf(most, 1):
		r.Limit = noLimit
	case m.in == rollouts:
		r.Limit = fmt.Sprintf("<= %.0f", most)
	default:
		r.Limit = "<= " + m.in.write(most, n)
	}
	return r
}

// rows are the cell's measures in n rollouts.
func (c cell) rows(n int) (rows []row) {
	outcomes := c.run(n)
	for _, m := range c.measures {
		rows = append(rows, m.row(c, m.of(outcomes), n))
	}
	return rows
}

// table prints rows as Markdown, in columns.
func table(out io.Writer, rows []row) {
	lines := [][]string{{"gate", "cell", "what", "measured", "limit", "reference", ""}, nil}
	for _, r := range rows {
		verdict := "ok"
		switch {
		case !r.Kept:
			verdict = "**NOT**"
		case r.Limit == noLimit:
			verdict = "-"
		}
		lines = append(lines, []string{r.Gate, r.Cell, r.What, r.Measured, r.Limit, r.Reference, verdict})
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, field := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(field))
		}
	}
	for _, width := range widths {
		lines[1] = append(lines[1], strings.Repeat("-", max(3, width)))
	}
	for _, line := range lines {
		for i, field := range line {
			fmt.Fprintf(out, "| %-*s ", widths[i], field)
		}
		fmt.Fprintln(out, "|")
	}
}

// lines prints rows as JSON, one object a line.
func lines(out io.Writer, rows []row) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, r := range rows {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// broken are the rows whose limit was not kept.
func broken(rows []row) (not []row) {
	for _, r := range rows {
		if !r.Kept {
			not = append(not, r)
		}
	}
	return not
}
