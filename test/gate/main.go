package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// errBroken says that a number was over its limit.
var errBroken = errors.New("a limit was not kept")

// options are the flags.
type options struct {
	n    int
	only string
	json bool
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 2000, "rollouts for each row; with 500 or fewer the limits are those of the short form")
	flag.StringVar(&o.only, "only", "", "the gates to measure, such as G6 or G6,G7; all if empty")
	flag.BoolVar(&o.json, "json", false, "print one JSON object a row instead of the table")
	flag.Parse()
	var err error
	switch {
	case flag.NArg() == 1 && flag.Arg(0) == "picture":
		err = picture(os.Stdout)
	case flag.NArg() > 0 || o.n < 1:
		err = fmt.Errorf("unexpected arguments: %s", strings.Join(os.Args[1:], " "))
	default:
		err = o.run(os.Stdout)
	}
	switch {
	case errors.Is(err, errBroken):
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(2)
	}
}

// run measures the gates that are asked for, prints them, and returns errBroken if a limit was not kept.
func (o options) run(out io.Writer) error {
	began := time.Now()
	rows, worlds, err := o.measure()
	if err != nil {
		return err
	}
	if o.json {
		err = lines(out, rows)
	} else {
		table(out, rows)
		fmt.Fprintf(out, "\n%d rollouts a row, %.0f s in all.\n\n%s\n\n%s", o.n, time.Since(began).Seconds(), common, worlds)
	}
	if err == nil && len(broken(rows)) > 0 {
		err = errBroken
	}
	return err
}

// measure returns the rows of the gates that are asked for, and a line about the world of each.
func (o options) measure() (rows []row, worlds string, err error) {
	wanted := strings.Split(o.only, ",")
	skip := func(id string) bool { return o.only != "" && !slices.Contains(wanted, id) }
	for _, g := range gates() {
		if skip(g.id) {
			continue
		}
		began := time.Now()
		for _, c := range g.cells {
			rows = append(rows, c.rows(o.n)...)
		}
		worlds += fmt.Sprintf("%s: %s\n", g.id, g.world)
		fmt.Fprintf(os.Stderr, "%s took %.1f s\n", g.id, time.Since(began).Seconds())
	}
	if !skip("G13") {
		costs, err := cost()
		if err != nil {
			return nil, "", err
		}
		rows = append(rows, costs...)
		worlds += "G13: A window of a rollout at 1000 rps after fifty others, on this machine, one core.\n"
	}
	if len(rows) == 0 {
		return nil, "", fmt.Errorf("no such gate: %s", o.only)
	}
	return rows, worlds, nil
}
