package rollout

import (
	"math/rand/v2"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// Judge looks at one window after the other.
type Judge interface {
	// Look says what a window leads to.
	Look(w judge.Window) judge.Decision
}

// Plan is the way of a rollout.
type Plan struct {
	// Steps are the candidate's weights in percent.
	Steps []int32
	// Stays says that the candidate keeps the first weight: an Advance is not followed.
	Stays bool
	// Most is the number of windows at one step after which the rollout is paused for good.
	Most int
}

// End is how a rollout ends.
type End string

// Ends.
const (
	// Promoted: the last step was left.
	Promoted End = "Promoted"
	// RolledBack: the judge said so.
	RolledBack End = "RolledBack"
	// Paused: a step took too long.
	Paused End = "Paused"
)

// Outcome is what became of a rollout.
type Outcome struct {
	End End
	// Windows is the number of windows that it took.
	Windows int
	// Began is the number of windows before each step that was reached.
	Began []int
	// Requests is the number of requests that the candidate got.
	Requests float64
}

// Play lets a judge lead a rollout through a world.
func Play(j Judge, p Plan, w world.World, source rand.Source) Outcome {
	o := Outcome{End: Promoted}
	for i, weight := range p.Steps {
		m := world.Moment{Weight: weight, Next: 100}
		if i+1 < len(p.Steps) {
			m.Next = p.Steps[i+1]
		}
		o.Began = append(o.Began, o.Windows)
		decision := judge.Hold
		for decision == judge.Hold || decision == judge.Advance && p.Stays {
			if o.Windows-o.Began[i] == p.Most {
				o.End = Paused
				return o
			}
			m.Window = o.Windows
			seen := w.Window(source, m)
			o.Windows++
			o.Requests += seen.Candidate.Requests
			decision = j.Look(seen)
		}
		if decision == judge.RollBack {
			o.End = RolledBack
			return o
		}
	}
	return o
}
