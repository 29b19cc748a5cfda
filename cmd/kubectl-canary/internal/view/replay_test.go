package view_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
)

// again is a window that was judged again.
func again(weight int32, lnE float64, decision v1alpha1.Decision, reason string) analysis.ReplayedWindow {
	slow := 2.25
	return analysis.ReplayedWindow{
		LnE: lnE, Decision: decision, Reason: reason,
		Recorded: analysis.RecordedWindow{Weight: weight, Candidate: analysis.RecordedCounts{Requests: 305, Failures: 15, Slow: &slow}},
	}
}

// judgedAgain are windows in their order, of which as many were recorded as there are and some more.
func judgedAgain(more int, windows ...analysis.ReplayedWindow) view.Replayed {
	for i := range windows {
		windows[i].Window = i + 1
	}
	return view.Replayed{Steps: []v1alpha1.Step{{Weight: 5}, {Weight: 25}}, Windows: windows, Recorded: len(windows) + more}
}

func TestReplay(t *testing.T) {
	unmeasured := again(5, -0.51, v1alpha1.DecisionHold, "window 1 of the 2 that the dwell takes")
	unmeasured.Recorded.Candidate.Slow = nil
	r := judgedAgain(2, unmeasured,
		again(5, -1.15, v1alpha1.DecisionAdvance, "at most 2.6% failed requests and 2.6% slow requests, 95% sure after 130 requests"),
		again(25, 1.22, v1alpha1.DecisionHold, unproven),
		again(25, 5.447, v1alpha1.DecisionRollBack, "candidate fails 4.8% of its requests (stable 0.33%), limit 1%: evidence 232:1 after 605 requests"),
	)
	for _, width := range []int{80, 120} {
		lines := view.Replay(r, view.Options{Now: now, Paint: view.Plain, Width: width})
		golden(t, "replay-"+strconv.Itoa(width), lines)
	}
	golden(t, "replay-wide", view.Replay(r, view.Options{Now: now, Paint: view.Plain, Width: 80, Detail: view.Wide}))
	for width := 1; width < 200; width++ {
		for _, line := range view.Replay(r, view.Options{Now: now, Paint: view.Plain, Width: width}) {
			if w := ansi.StringWidth(line); w > width {
				t.Fatalf("a line has %d columns, more than %d: %s", w, width, line)
			}
		}
	}
}

func TestReplaySaysWhatWouldHaveHappened(t *testing.T) {
	advance := func(weight int32) analysis.ReplayedWindow {
		return again(weight, -1, v1alpha1.DecisionAdvance, "proven")
	}
	hold := func(weight int32) analysis.ReplayedWindow {
		return again(weight, -1, v1alpha1.DecisionHold, "unproven")
	}
	unproven, suspicious := hold(5), again(5, 1.2, v1alpha1.DecisionHold, "suspicious")
	unproven.Checks = []v1alpha1.CheckStatus{{Needed: 7, DryRun: true}, {Needed: 1}}
	dry := hold(5)
	dry.Checks = unproven.Checks[:1]
	elsewhere := advance(5)
	elsewhere.Recorded.Next = 40
	for name, test := range map[string]struct {
		replayed view.Replayed
		want     string
	}{
		"nothing":                    {judgedAgain(0), "No window was judged."},
		"on to the next step":        {judgedAgain(0, advance(5)), "The candidate would have gone on to 25% after window 1 of 1, at 5%: proven."},
		"on to the recorded weight":  {judgedAgain(0, elsewhere), "The candidate would have gone on to 40% after window 1 of 1, at 5%: proven."},
		"promoted":                   {judgedAgain(0, advance(5), advance(25)), "The candidate would have been promoted after window 2 of 2, at 25%: proven."},
		"held":                       {judgedAgain(0, advance(5), hold(25)), "The candidate would still have been held after window 2 of 2, at 25%: unproven."},
		"rolled back before the end": {judgedAgain(7, again(5, 9, v1alpha1.DecisionRollBack, "guilty")), "The candidate would have been rolled back after window 1 of 8, at 5%: guilty."},
		"a step that was left without proof": {
			judgedAgain(0, unproven, advance(25)),
			"The candidate would have been held at 5% after window 1, where it was given 25%. With that: " +
				"The candidate would have been promoted after window 2 of 2, at 25%: proven.",
		},
		"a step that was left under suspicion": {
			judgedAgain(0, suspicious, advance(25)),
			"The candidate would have been held at 5% after window 1, where it was given 25%. With that: " +
				"The candidate would have been promoted after window 2 of 2, at 25%: proven.",
		},
		"a step that was left before its last window": {
			judgedAgain(0, dry, advance(25)), "The candidate would have been promoted after window 2 of 2, at 25%: proven.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines := view.Replay(test.replayed, view.Options{Now: now, Paint: view.Plain})
			if diff := cmp.Diff(test.want, lines[len(lines)-1]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReplayWritesOdds(t *testing.T) {
	for lnE, want := range map[float64]string{
		0: " 1:1 ", 0.5: " 1.6:1 ", 3: " 20:1 ", 5.45: " 233:1 ", -0.51: " 1:1.7 ", -7: " 1:1097 ", 30: " over 1000000000:1 ", -30: " 1:over 1000000000 ",
	} {
		lines := view.Replay(judgedAgain(0, again(5, lnE, v1alpha1.DecisionHold, "-")), view.Options{Now: now, Paint: view.Plain})
		if !strings.Contains(lines[1], want) {
			t.Errorf("ln %g: %q is missing in %q", lnE, want, lines[1])
		}
	}
}
