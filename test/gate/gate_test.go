package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

var update = flag.Bool("update", false, "rewrite the picture")

// The short form of the gate. G13 measures time, which no test does: see BenchmarkWindow.
func TestGate(t *testing.T) {
	for _, g := range gates() {
		t.Run(g.id, func(t *testing.T) {
			var rows []row
			for _, c := range g.cells {
				rows = append(rows, c.rows(500)...)
			}
			if not := broken(rows); len(not) > 0 {
				var text strings.Builder
				table(&text, not)
				t.Errorf("limits that were not kept:\n%s", text.String())
			}
		})
	}
}

// BenchmarkWindow is G13.
func BenchmarkWindow(b *testing.B) {
	for name, w := range windowCosts() {
		b.Run(name, windowCost(w))
	}
}

func TestNothingButTheStandardLibraryIsImported(t *testing.T) {
	external, err := externalImports(judgePackage)
	if err != nil || len(external) > 0 {
		t.Errorf("%s imports %v (%v)", judgePackage, external, err)
	}
}

// Rollouts do not depend on the order in which they are played.
func TestNumbersAreTheSameOnEveryRun(t *testing.T) {
	c := cell{gate: "any", name: "any", play: ramp(traffic(20)).to(world.Fails(0.02)).play}
	once, again := c.run(50), c.run(50)
	for i := range once {
		if once[i].End != again[i].End || once[i].Requests != again[i].Requests {
			t.Fatalf("rollout %d: %+v, then %+v", i, once[i], again[i])
		}
	}
}

func TestLimits(t *testing.T) {
	share := measure{in: rollouts, limit: 0.005, limitOf500: 0.01}
	for name, c := range map[string]struct {
		m     measure
		n     int
		value float64
		want  string
		kept  bool
	}{
		"a share of all":             {share, 2000, 10, "<= 10", true},
		"one more":                   {share, 2000, 11, "<= 10", false},
		"the short form":             {share, 500, 5, "<= 5", true},
		"the short form's, exceeded": {share, 500, 6, "<= 5", false},
		"too few for any":            {measure{in: rollouts, limit: 0.001}, 500, 1, "<= 0", false},
		"a time":                     {measure{in: seconds, limit: 90}, 500, 90, "<= 90 s", true},
		"a time that never came":     {measure{in: seconds, limit: 90}, 500, ranked(nil, 0.5), "<= 90 s", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.m.row(cell{}, c.value, c.n); got.Limit != c.want || got.Kept != c.kept {
				t.Errorf("got limit %q, kept %v; want %q, %v", got.Limit, got.Kept, c.want, c.kept)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	var outcomes []rollout.Outcome
	for windows := 3; windows <= 21; windows++ { // 19 of 20 come back, after 1 to 19 windows of the second step
		outcomes = append(outcomes, rollout.Outcome{End: rollout.RolledBack, Windows: windows, Began: []int{0, 2}})
	}
	outcomes = append(outcomes,
		rollout.Outcome{End: rollout.Paused, Windows: 99, Began: []int{0, 2}},
		rollout.Outcome{End: rollout.RolledBack, Windows: 1, Began: []int{0}}) // too early to count
	until := clock{end: rollout.RolledBack, windowSeconds: 30, step: 1}
	for name, c := range map[string]struct {
		m    measure
		want string
	}{
		"half of them": {until.median(0, ""), "300 s"},
		"95 of 100":    {until.p95(0, ""), "570 s"},
		"all":          {until.slowest(0, ""), "never"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.m.row(cell{}, c.m.of(outcomes), len(outcomes)).Measured; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// The restarts and the empty windows of G12 would be noticed if they changed something.
func TestTwinsTellDifferences(t *testing.T) {
	forgets := func(e *rollout.Evidence, _ judge.Window) bool {
		e.State.Memories = nil
		return false
	}
	c := twinCell("forgets", forgets)
	if got := c.rows(8); got[0].Kept {
		t.Errorf("a controller that forgets is said to be %s", got[0].Measured)
	}
}

const picturePath = "../../docs/images/judge.svg"

func TestPictureIsWhatTheSimulationShows(t *testing.T) {
	var want bytes.Buffer
	if err := picture(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(picturePath, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(picturePath)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("docs/images/judge.svg is not what is drawn now (%v): go run ./test/gate picture > docs/images/judge.svg", err)
	}
}
