package main

import (
	"go/build"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// judgePackage is what G13 is about.
const judgePackage = "github.com/serin-dev/serin/analysis/judge"

// windowCosts are the worlds in whose windows the judge is timed.
func windowCosts() map[string]world.World {
	counted, quantiles := traffic(1000), traffic(1000)
	quantiles.Quantiles = true
	return map[string]world.World{"counted": counted, "by quantiles": quantiles}
}

// cost is G13: what the judge costs for a window, and what it depends on. Other programs can only make it look slower, so the
// quickest of three measurements counts.
func cost() ([]row, error) {
	var rows []row
	time := measure{what: "time for a window, quickest of 3", in: microseconds, limit: 50, reference: "2.1 us"}
	for _, name := range []string{"counted", "by quantiles"} {
		quickest := math.Inf(1)
		for range 3 {
			quickest = min(quickest, float64(testing.Benchmark(windowCost(windowCosts()[name])).NsPerOp())/1e3)
		}
		rows = append(rows, time.row(cell{gate: "G13", name: "3 checks, " + name}, quickest, 1))
	}
	external, err := externalImports(judgePackage)
	if err != nil {
		return nil, err
	}
	imports := measure{what: "imports beyond the standard library", in: packages, reference: "0"}
	return append(rows, imports.row(cell{gate: "G13", name: "package analysis/judge"}, float64(len(external)), 1)), nil
}

// externalImports are the packages that a package imports and that are not of the standard library.
func externalImports(path string) (external []string, err error) {
	found, err := build.Import(path, ".", 0)
	if err != nil {
		return nil, err
	}
	for _, imported := range found.Imports {
		if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
			external = append(external, imported)
		}
	}
	return external, nil
}

// windowCost times the fiftieth window of a rollout.
func windowCost(w world.World) func(*testing.B) {
	return func(b *testing.B) {
		config, source := ramp(w).config, rand.NewPCG(1, 1)
		m := world.Moment{Weight: 5, Next: 10}
		var s judge.State
		for m.Window = range 50 {
			s, _ = config.Judge(s, w.Window(source, m))
		}
		last := w.Window(source, m)
		b.ReportAllocs()
		for b.Loop() {
			config.Judge(s, last)
		}
	}
}
