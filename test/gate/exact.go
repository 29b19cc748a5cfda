package main

import (
	"encoding/json"
	"math"
	"math/rand/v2"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// differs is the end of a rollout in which a number is not the one that it must be.
const differs rollout.End = "Differs"

// tolerance is how much a logarithm may be off.
const tolerance = 1e-9

// exact is G12: what must change nothing changes nothing.
func exact() []cell {
	return []cell{
		twinCell("the controller restarts after every window", restart),
		twinCell("an empty window before every window", emptyWindow),
		{"G12", "stable gets no requests, 5% fail", func(_ int, source rand.Source) rollout.Outcome {
			s := fixed(100, traffic(20)).to(world.Fails(0.05))
			s.plan.Most = 100
			j := &silent{rollout.Raw{Config: s.config}}
			j.Config.Checks = j.Config.Checks[1:2] // the ratio
			o := rollout.Play(j, s.plan, s.world, source)
			if o.End == rollout.RolledBack {
				o.End = differs
			}
			return o
		}, []measure{differing("evidence of the ratio is not 1")}},
	}
}

func differing(what string) measure {
	return measure{what: what, in: rollouts, of: ended(differs), reference: "exact"}
}

// silent is a judge that has nothing to say; it rolls back when it has.
type silent struct{ rollout.Raw }

// Look says whether the evidence has become another than 1.
func (s *silent) Look(w judge.Window) judge.Decision {
	s.Raw.Look(w)
	if !(math.Abs(s.State.Memories[0].Null.LnE()) <= tolerance) {
		return judge.RollBack
	}
	return judge.Hold
}

// twin is a judge and its twin, with which something is done before every window that must change nothing.
type twin struct {
	one, other rollout.Evidence
	// meddle does it, and says whether it changed something.
	meddle  func(*rollout.Evidence, judge.Window) bool
	differs bool
}

// twinCell are rollouts of four kinds of candidates: a healthy one, and with three kinds of faults.
func twinCell(name string, meddle func(*rollout.Evidence, judge.Window) bool) cell {
	candidates := []world.Behaviour{world.Healthy, world.Fails(0.02), late, world.Slower(2)}
	return cell{"G12", name, func(run int, source rand.Source) rollout.Outcome {
		s := ramp(traffic(20)).to(candidates[run%len(candidates)])
		s.world.Quantiles = run/len(candidates)%2 == 1
		j := &twin{meddle: meddle}
		j.one.Config, j.other.Config = s.config, s.config
		o := rollout.Play(j, s.plan, s.world, source)
		if j.differs {
			o.End = differs
		}
		return o
	}, []measure{differing("evidence is another")}}
}

// Look says what the window leads to, and compares.
func (t *twin) Look(w judge.Window) judge.Decision {
	changed := t.meddle(&t.other, w)
	decision := t.one.Look(w)
	t.other.Look(w)
	t.differs = t.differs || changed || !same(t.one.Result, t.other.Result)
	return decision
}

// same says whether two results have the same evidence.
func same(a, b judge.Result) bool {
	equal := math.Abs(a.LnE-b.LnE) <= tolerance && len(a.Checks) == len(b.Checks)
	for i := range min(len(a.Checks), len(b.Checks)) {
		equal = equal && math.Abs(a.Checks[i].LnE-b.Checks[i].LnE) <= tolerance && math.Abs(a.Checks[i].LnG-b.Checks[i].LnG) <= tolerance
	}
	return equal
}

// restart lets the state go through the text in which a Canary's status has it.
func restart(e *rollout.Evidence, _ judge.Window) (changed bool) {
	text, err := json.Marshal(e.State)
	if err != nil {
		return true
	}
	var read judge.State
	if err := json.Unmarshal(text, &read); err != nil {
		return true
	}
	for i := range read.Memories { // a status has the names beside the texts
		read.Memories[i].Name = e.State.Memories[i].Name
	}
	e.State = read
	return false
}

// emptyWindow lets the judge see a window in which nobody sent a request.
func emptyWindow(e *rollout.Evidence, w judge.Window) (changed bool) {
	before := e.State.Memories
	decision := e.Look(judge.Window{Weight: w.Weight, Next: w.Next})
	for i := range before {
		changed = changed || before[i].Null != e.State.Memories[i].Null || before[i].Floor != e.State.Memories[i].Floor
	}
	return changed || decision == judge.Advance
}
