package view

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/charmbracelet/x/ansi"
)

// Replayed are recorded windows that were judged again.
type Replayed struct {
	// Steps are those of the Canary by which they were judged.
	Steps []v1alpha1.Step
	// Windows are those that were judged: all that were recorded, or those up to a rollback.
	Windows []analysis.ReplayedWindow
	// Recorded is the number of all that were recorded.
	Recorded int
}

// Replay is a table of the windows, and a last sentence that says what would have happened.
func Replay(r Replayed, o Options) []string {
	table := o
	if o.Detail == Wide {
		table.Width = 0
	}
	rows := [][]cell{headings([]string{"WINDOW", "WEIGHT", "REQUESTS", "FAILED", "SLOW", "EVIDENCE", "DECISION", "REASON"})}
	for _, w := range r.Windows {
		rows = append(rows, replayed(w))
	}
	lines := table.table(rows, "REASON")
	if table.Width > 0 && ansi.StringWidth(strings.TrimSuffix(lines[0], "REASON")) > table.Width-leastMessage {
		lines = table.messagesBelow(rows)
	}
	return append(append(lines, ""), Sentence(Title, r.outcome(), o)...)
}

func replayed(w analysis.ReplayedWindow) []cell {
	tone := decisionTone(w.Decision)
	c := w.Recorded.Candidate
	slow := "-"
	if c.Slow != nil {
		slow = number(*c.Slow)
	}
	return []cell{
		plain(strconv.Itoa(w.Window)), plain(fmt.Sprintf("%d%%", w.Recorded.Weight)), plain(number(c.Requests)), plain(number(c.Failures)),
		plain(slow), plain(analysis.Odds(w.LnE)), {tone, string(w.Decision)}, plain(w.Reason),
	}
}

func decisionTone(d v1alpha1.Decision) Tone {
	switch d {
	case v1alpha1.DecisionAdvance:
		return Fine
	case v1alpha1.DecisionRollBack:
		return Wrong
	case v1alpha1.DecisionHold:
	}
	return Normal
}

// number is a count, which may be a fraction.
func number(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// outcome says what the judge would have made of the rollout.
func (r Replayed) outcome() string {
	if len(r.Windows) == 0 {
		return "No window was judged."
	}
	last := r.Windows[len(r.Windows)-1]
	at := fmt.Sprintf("after window %d of %d, at %d%%: %s.", last.Window, r.Recorded, last.Recorded.Weight, last.Reason)
	next := r.next(last.Recorded)
	switch {
	case last.Decision == v1alpha1.DecisionRollBack:
		at = "The candidate would have been rolled back " + at
	case last.Decision != v1alpha1.DecisionAdvance:
		at = "The candidate would still have been held " + at
	case next == 100:
		at = "The candidate would have been promoted " + at
	default:
		at = fmt.Sprintf("The candidate would have gone on to %d%% ", next) + at
	}
	return r.tooEarly() + at
}

// tooEarly says where the rollout that was recorded left a step before there was evidence enough. How long a step took is not
// held against it: windows count as whole ones, and a dwell is kept by the clock.
func (r Replayed) tooEarly() string {
	for i := 1; i < len(r.Windows); i++ {
		from, to := r.Windows[i-1], r.Windows[i]
		if to.Recorded.Weight > from.Recorded.Weight && lacking(from) {
			return fmt.Sprintf("The candidate would have been held at %d%% after window %d, where it was given %d%%. With that: ",
				from.Recorded.Weight, from.Window, to.Recorded.Weight)
		}
	}
	return ""
}

// lacking says whether there was too much against the candidate, or too little for it. A dwell may hide that.
func lacking(w analysis.ReplayedWindow) bool {
	needs := func(c v1alpha1.CheckStatus) bool { return !c.DryRun && c.Needed > 0 }
	return w.Cause == judge.Breaking || w.LnE >= math.Log(judge.SuspiciousOdds) || slices.ContainsFunc(w.Checks, needs)
}

// next is the weight after that of a window.
func (r Replayed) next(w analysis.RecordedWindow) int32 {
	if w.Next > 0 {
		return w.Next
	}
	for _, step := range r.Steps {
		if step.Weight > w.Weight {
			return step.Weight
		}
	}
	return 100
}
