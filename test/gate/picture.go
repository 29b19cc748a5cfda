package main

import (
	"io"
	"math"
	"math/rand/v2"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/test/gate/internal/rollout"
	"github.com/serin-dev/serin/test/gate/internal/world"
)

// The picture shows one rollout of each kind of candidate, and how often simple judges are wrong about a healthy one.
const (
	pictureRPS      = 20
	pictureRollouts = 2000
	pictureSeed     = 1
)

// story is one rollout, window by window.
type story struct {
	outcome rollout.Outcome
	looks   []look
	// failed of outcome.Requests failed.
	failed float64
}

// look is what is known at the end of a window.
type look struct {
	// seconds since the beginning.
	seconds float64
	weight  int32
	// against and proven are the evidence against the candidate, and for its next weight.
	against, proven float64
	advances        bool
}

// recorder is the judge that is measured, and keeps what it says.
type recorder struct {
	rollout.Evidence
	story story
}

// Look says what the window leads to.
func (r *recorder) Look(w judge.Window) judge.Decision {
	decision := r.Evidence.Look(w)
	l := look{weight: w.Weight, against: math.Exp(r.Result.LnE), proven: math.Inf(1), advances: decision == judge.Advance}
	for _, check := range r.Result.Checks {
		if check.Bound > 0 {
			l.proven = min(l.proven, math.Exp(check.LnG))
		}
	}
	l.seconds = float64(len(r.story.looks)+1) * traffic(pictureRPS).Seconds
	r.story.looks = append(r.story.looks, l)
	r.story.failed += w.Candidate.Failures
	return decision
}

// typical is the first rollout of a candidate that takes as long as the median one.
func typical(candidate world.Behaviour) story {
	s := ramp(traffic(pictureRPS)).to(candidate)
	var all []story
	var windows []float64
	for run := range 201 {
		r := &recorder{Evidence: rollout.Evidence{Config: s.config}}
		r.story.outcome = rollout.Play(r, s.plan, s.world, rand.NewPCG(pictureSeed, uint64(run)))
		all = append(all, r.story)
		windows = append(windows, float64(r.story.outcome.Windows))
	}
	median := ranked(windows, 0.5)
	for _, one := range all {
		if float64(one.outcome.Windows) == median {
			return one
		}
	}
	return all[0]
}

// wronglyRolledBack is in how many rollouts of a healthy candidate a judge rolls back. Every judge sees the same traffic.
func wronglyRolledBack(newJudge func() rollout.Judge) float64 {
	s := ramp(traffic(pictureRPS))
	c := cell{gate: "picture", name: "healthy", play: func(_ int, source rand.Source) rollout.Outcome {
		return rollout.Play(newJudge(), s.plan, s.world, source)
	}}
	return ended(rollout.RolledBack)(c.run(pictureRollouts))
}

// threshold makes judges that roll back at so many failed windows.
func threshold(fails int) func() rollout.Judge {
	return func() rollout.Judge { return &rollout.Threshold{Limit: 0.01, Passes: 4, Fails: fails} }
}

// evidence makes the judges that are measured.
func evidence() rollout.Judge {
	return &rollout.Evidence{Config: ramp(traffic(pictureRPS)).config}
}

// picture writes docs/images/judge.svg.
func picture(out io.Writer) error {
	all := []told{
		{typical(world.Healthy), "good", "healthy"},
		{typical(world.Fails(0.02)), "worse", "2% fail"},
		{typical(world.Fails(0.05)), "bad", "5% fail"},
	}
	var c canvas
	c.text(point{left, 34}, "title", "Serin judges a candidate by evidence that adds up")
	c.text(point{left, 56}, "small", "Three simulated rollouts at 20 requests a second. At most 1% of the requests may fail; of the healthy candidate's 0.1% do.")
	c.stories(all)
	const right = 690
	c.ends(right, againstPanel.top-12, all)
	c.bars(right, provenPanel.top-12, []bar{
		{"at the first window over a limit", wronglyRolledBack(threshold(1)), "plain"},
		{"at the fifth window over a limit", wronglyRolledBack(threshold(5)), "plain"},
		{"at evidence of 100: Serin", wronglyRolledBack(evidence), "good"},
	})
	return c.write(out, 1000, 610, describes)
}

// describes is for those who cannot see the picture.
const describes = "Evidence against three candidates over time. That of a healthy one falls and it is promoted; that of one that fails " +
	"2% and of one that fails 5% of its requests rises to 100 and they are rolled back."
