package rollout

import (
	"math"

	"github.com/serin-dev/serin/analysis/judge"
)

// Evidence is the judge of package analysis/judge.
type Evidence struct {
	Config judge.Config
	State  judge.State
	// Result is that of the newest window.
	Result judge.Result
}

// Look says what the window leads to.
func (e *Evidence) Look(w judge.Window) judge.Decision {
	e.State, e.Result = e.Config.Judge(e.State, w)
	return e.Result.Decision
}

// Raw is nothing but the evidence that the only check of Config is broken: it holds until that reaches 1/Alpha.
type Raw struct {
	Config judge.Config
	State  judge.State
}

// Look says what the window leads to.
func (r *Raw) Look(w judge.Window) judge.Decision {
	r.State, _ = r.Config.Judge(r.State, w)
	if r.State.Memories[0].Null.LnE() >= -math.Log(r.Config.Alpha) {
		return judge.RollBack
	}
	return judge.Hold
}

// Threshold is what most operators do: it holds each window against the limits by itself. A window passes when at most the
// share Limit of the candidate's requests failed and at most that share was slow. So many passed windows at a step lead to the
// next, and so many failed ones in the whole rollout lead back.
type Threshold struct {
	Limit          float64
	Passes, Fails  int
	weight         int32
	passed, failed int
}

// Look says what the window leads to.
func (t *Threshold) Look(w judge.Window) judge.Decision {
	if t.weight != w.Weight {
		t.weight, t.passed = w.Weight, 0
	}
	n := w.Candidate
	switch most := t.Limit * n.Requests; {
	case n.Requests == 0:
		return judge.Hold
	case n.Failures > most || n.Slow > most:
		t.failed++
	default:
		t.passed++
	}
	switch {
	case t.failed >= t.Fails:
		return judge.RollBack
	case t.passed >= t.Passes:
		return judge.Advance
	}
	return judge.Hold
}
