package main

import (
	"fmt"
	"io"
	"strconv"
)

// row is one number and its limit.
type row struct {
	name, value string
	// limit is empty for a number without one.
	limit string
	kept  bool
}

// table prints rows as Markdown, and returns errMissed if a limit was not kept.
func table(out io.Writer, rows []row) error {
	var missed error
	fmt.Fprintln(out, "| | Serin | limit | |\n|---|---|---|---|")
	for _, r := range rows {
		verdict := ""
		switch {
		case r.limit == "":
		case r.kept:
			verdict = "kept"
		default:
			verdict, missed = "**missed**", errMissed
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", r.name, r.value, r.limit, verdict)
	}
	return missed
}

// most is a row with a greatest value.
func most(name string, value, limit float64, unit string) row {
	return row{name: name, value: number(value, unit), limit: "<= " + number(limit, unit), kept: value <= limit}
}

// number writes a number with its unit, without needless digits.
func number(value float64, unit string) string {
	digits := 1
	switch {
	case value == float64(int64(value)):
		digits = 0
	case value < 10:
		digits = 2
	}
	text := strconv.FormatFloat(value, 'f', digits, 64)
	if unit != "" {
		text += " " + unit
	}
	return text
}

// explain prints what a number consists of.
func explain(out io.Writer, what string, lines []string) {
	fmt.Fprintf(out, "\n%s:\n", what)
	if len(lines) == 0 {
		fmt.Fprintln(out, "- none")
	}
	for _, line := range lines {
		fmt.Fprintln(out, "- "+line)
	}
}
