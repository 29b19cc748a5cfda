package analysis

import (
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Decide is the whole rollout as one function of what is known at now. It reads nothing, writes nothing, and given equal
// inputs returns equal plans. It never fails: what cannot go on is a state with a reason.
//
//	             adopt          serve
//	(nothing) ─────────▶ Initializing ─────────▶ Succeeded ◀──────────────────┐
//	                       ▲     │ readopt           │ start                  │ swap
//	                       └─────┘                   ▼         advance        │
//	       resume, approve   Paused ◀───────▶ Progressing ─────────────▶ Promoting
//	                           │      pause          │                        │
//	                           │ abort, failed       │ abort, failed windows, │ abort, deadline
//	                           ▼ windows             ▼ deadline, timeout      ▼
//	                         RollingBack ◀───────────┴────────────────────────┘
//	                           │ landed
//	                           ▼          start (the target changed) ─▶ Progressing
//	                         RolledBack ── recover (stable is asked for again) ─▶ Succeeded
//
// From every phase with a candidate, revert leads to Succeeded and supersede to a new candidate; both take its traffic first.
// The transitions are tried in the order of the list below, the first that applies is carried out, and that is repeated until
// none does, so that deciding again on the same observations changes nothing.
func Decide(spec v1alpha1.CanarySpec, status v1alpha1.CanaryStatus, seen Observed, now time.Time) Plan {
	p := newPass(spec, status, seen, now)
	if seen.Deleting {
		return p.teardown()
	}
	for range maxTransitions {
		if !p.step() {
			break
		}
	}
	return p.plan()
}

// maxTransitions bounds the transitions of one Decide: more than any chain of them is long, so that a loop between two
// transitions would show as a busy status and not as a hung controller.
const maxTransitions = 24

// transitions are in the order in which they are tried. Commands and deadlines come before everything that needs the world
// to answer, so that an outage cannot hold them up. A step's timeout comes last of a step, because only one that could not be
// left is late: a controller that was away finds its windows first.
var transitions = []struct {
	name string
	try  func(*pass) bool
}{
	{"track replicas", (*pass).trackTarget}, // the target's own size changed
	{"command", (*pass).command},            // a person said something; abort wins
	{"pick", (*pass).pick},                  // which data plane is driven
	{"hear", (*pass).hear},                  // webhooks answered
	{"retire", (*pass).retire},              // a version without traffic may go
	{"hold", (*pass).hold},                  // a freeze or a closed window stops or starts the step's clock
	{"readiness", (*pass).readiness},        // the candidate's endpoints came or went: start or stop its clock
	{"adopt", (*pass).adopt},                // nothing yet: the target's revision becomes v1
	{"readopt", (*pass).readopt},            // v1 was replaced before it served
	{"revert", (*pass).revert},              // the target asks for stable again
	{"supersede", (*pass).supersede},        // the target asks for something newer than the candidate
	{"trouble", (*pass).trouble},            // the candidate's pods cannot run
	{"deadline", (*pass).deadline},          // pods, a weight or a webhook took too long
	{"land", (*pass).land},                  // the weight is applied: its dwell begins
	{"judge", (*pass).judge},                // new windows
	{"fail", (*pass).fail},                  // too many of them failed
	{"serve", (*pass).serve},                // v1 has the traffic
	{"open", (*pass).open},                  // the candidate may have pods
	{"begin", (*pass).begin},                // it is ready: first weight
	{"advance", (*pass).advance},            // the step is done: next weight, approval or promotion
	{"timeout", (*pass).timeout},            // it is not, and took too long
	{"promote", (*pass).promote},            // all traffic to the candidate
	{"swap", (*pass).swap},                  // it landed: the candidate is stable
	{"roll back", (*pass).rolledBack},       // weight 0 landed
	{"recover", (*pass).recoverToStable},    // rolled back, and the target asks for stable again
	{"return", (*pass).bringBack},           // the target asks for a version that was stable a moment ago
	{"start", (*pass).start},                // a new revision: make a candidate
	{"settle", (*pass).settle},              // a rollout and the version it replaced are gone
}

// pass is one run of Decide: what is known, and the status and notes it builds.
type pass struct {
	spec  v1alpha1.CanarySpec
	seen  Observed
	now   time.Time
	next  v1alpha1.CanaryStatus
	notes []Note
	want  Choice // the data plane that the spec asks for
}

func newPass(spec v1alpha1.CanarySpec, status v1alpha1.CanaryStatus, seen Observed, now time.Time) *pass {
	p := &pass{spec: spec, seen: seen, now: now.UTC(), next: *status.DeepCopy()}
	p.stepClocks()
	p.mend()
	p.recallPlane()
	p.want = Choose(spec.Traffic, seen.Planes)
	return p
}

func (p *pass) step() bool {
	for _, t := range transitions {
		if t.try(p) {
			return true
		}
	}
	return false
}

// enter begins a phase. A pause that ends was time spent waiting for people.
func (p *pass) enter(phase v1alpha1.Phase) {
	if c := p.next.Candidate; c != nil {
		c.Waited = p.waited()
	}
	p.next.Phase = phase
	p.next.PhaseSince = v1alpha1.At(p.now)
}

// waited is how long the rollout has waited for people, up to now, in whole milliseconds: the API knows no shorter unit.
func (p *pass) waited() v1alpha1.Duration {
	waited := p.next.Candidate.Waited.Of()
	if p.next.Phase == v1alpha1.PhasePaused {
		waited += p.since(p.next.PhaseSince)
	}
	return v1alpha1.Dur(waited.Truncate(time.Millisecond))
}

// since returns how long ago an instant was, and 0 for one that never was or lies ahead after a clock was stepped.
func (p *pass) since(t *v1alpha1.Time) time.Duration {
	if t == nil {
		return 0
	}
	return max(p.now.Sub(t.Time), 0)
}

// landed says whether the data plane applies exactly these weights. A version that it does not name gets nothing.
func (p *pass) landed(w Weights) bool {
	applied := p.seen.Traffic.Landed
	if applied == nil || p.next.Stable == nil || applied[p.next.Stable.Version] != int64(w.Stable()) {
		return false
	}
	if c := p.next.Candidate; c != nil && applied[c.Version] != int64(w.Candidate()) {
		return false
	}
	for version, weight := range applied {
		if weight != 0 && !p.serving(version) {
			return false
		}
	}
	return true
}

// serving says whether a version is stable or the candidate.
func (p *pass) serving(version string) bool {
	return version == p.next.Stable.Version || (p.next.Candidate != nil && version == p.next.Candidate.Version)
}

// asks says whether the target is known to ask for something.
func (p *pass) asks() bool {
	t := p.seen.Target
	return t.Found && t.Revision != "" && t.Problem == ""
}

// weights is the division of requests that the status asks for.
func (p *pass) weights() Weights {
	if p.next.Candidate == nil {
		return Weights{}
	}
	return Split(p.next.Candidate.Weight)
}
