package analysis

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// RecordedWindow is one window that was written down, as one line of JSON:
//
//	{"weight":5,"next":10,"candidate":{"requests":10,"failures":0,"slow":0},"stable":{"requests":190,"failures":0,"slow":0}}
//
// Next may be left out: it is then the weight of the step above, 100 after the last.
type RecordedWindow struct {
	// EndedAt and Seconds say when the window ended and how long it was, for people; they are not judged.
	EndedAt *v1alpha1.Time `json:"endedAt,omitempty"`
	Seconds float64        `json:"seconds,omitempty"`
	// Weight is the candidate's weight in percent, Next the one after the step.
	Weight int32 `json:"weight"`
	Next   int32 `json:"next,omitempty"`
	// Candidate and Stable are what the two versions did.
	Candidate RecordedCounts `json:"candidate"`
	Stable    RecordedCounts `json:"stable"`
	// Checks are what the checks of spec.analysis.checks observed, by their names.
	Checks map[string]RecordedPair `json:"checks,omitempty"`
}

// RecordedCounts is what one version did in a window.
type RecordedCounts struct {
	Requests float64 `json:"requests"`
	Failures float64 `json:"failures"`
	// Slow is the number of requests slower than the limit; nil where that was not counted.
	Slow *float64 `json:"slow,omitempty"`
	// P50, P90 and P99 are quantiles in seconds; nil where Slow was counted.
	P50 *float64 `json:"p50,omitempty"`
	P90 *float64 `json:"p90,omitempty"`
	P99 *float64 `json:"p99,omitempty"`
}

// RecordedPair is what a check of spec.analysis.checks observed of the two versions; nil where there was nothing.
type RecordedPair struct {
	Candidate *RecordedPart `json:"candidate,omitempty"`
	Stable    *RecordedPart `json:"stable,omitempty"`
}

// RecordedPart is a number of bad ones among all.
type RecordedPart struct {
	Bad   float64 `json:"bad"`
	Total float64 `json:"total"`
}

// ReplayedWindow is what the judge made of a recorded window. The evidence is in natural logarithms.
type ReplayedWindow struct {
	// Window counts from 1.
	Window int `json:"window"`
	// LnE is the evidence against the candidate, LnGFailure and LnGSlow that for the next weight; nil without such a check.
	LnE        float64  `json:"lnE"`
	LnGFailure *float64 `json:"lnGFailure,omitempty"`
	LnGSlow    *float64 `json:"lnGSlow,omitempty"`
	// Decision is Hold, Advance or RollBack, Reason the sentence about it.
	Decision v1alpha1.Decision `json:"decision"`
	Reason   string            `json:"reason"`
	// Cause is why, in one word.
	Cause judge.Cause `json:"-"`
	// Recorded is what was judged, Checks what a Canary's status would have said.
	Recorded RecordedWindow         `json:"-"`
	Checks   []v1alpha1.CheckStatus `json:"-"`
}

// Replay judges recorded windows by a spec's limits, as the Evidence judge would have: each step dwells for as many windows
// as fit into its dwell. It ends at the first window that rolls back.
func Replay(spec v1alpha1.CanarySpec, windows []RecordedWindow) []ReplayedWindow {
	r := newReplay(spec)
	var all []ReplayedWindow
	for i, w := range windows {
		replayed := r.judge(i+1, w)
		all = append(all, replayed)
		if replayed.Decision == v1alpha1.DecisionRollBack {
			break
		}
	}
	return all
}

// replay is a rollout that was.
type replay struct {
	pass *pass
	end  time.Time
}

func newReplay(spec v1alpha1.CanarySpec) *replay {
	spec.Analysis.Judge = v1alpha1.JudgeEvidence
	if spec.Analysis.Interval.Of() <= 0 {
		spec.Analysis.Interval = v1alpha1.Dur(defaultInterval)
	}
	spec.Analysis.Timeout = v1alpha1.Dur(math.MaxInt64 / 4) // nothing times out here
	p := &pass{spec: spec, next: v1alpha1.CanaryStatus{
		Stable:    &v1alpha1.VersionStatus{Version: "stable"},
		Candidate: &v1alpha1.CandidateStatus{VersionStatus: v1alpha1.VersionStatus{Version: "candidate"}},
	}}
	p.seen.Versions = map[string]Backend{"stable": {Endpoints: 1}}
	return &replay{pass: p}
}

// defaultInterval is that of the CRD.
const defaultInterval = 10 * time.Second

func (r *replay) judge(number int, w RecordedWindow) ReplayedWindow {
	p := r.pass
	if p.next.Step == nil || p.next.Candidate.Weight != w.Weight {
		p.next.Candidate.Weight = w.Weight
		p.next.Step = &v1alpha1.StepStatus{Position: fmt.Sprintf("%d%%", w.Weight)}
	}
	v := p.scales(r.sample(w), w.Next, r.dwell())
	v.weigh()
	replayed := ReplayedWindow{
		Window: number, LnE: v.result.LnE, Recorded: w, Checks: p.next.Checks,
		Decision: p.next.Step.Decision, Reason: p.next.Step.Finding, Cause: judge.Cause(p.next.Step.Cause),
	}
	for i, c := range v.config.Checks {
		switch lnG := v.result.Checks[i].LnG; c.Kind {
		case judge.Failures:
			replayed.LnGFailure = &lnG
		case judge.Slow:
			replayed.LnGSlow = &lnG
		case judge.Ratio, judge.Share, judge.Gauge:
		}
	}
	return replayed
}

// dwell is the number of windows of the step of now.
func (r *replay) dwell() int {
	p := r.pass
	i := slices.IndexFunc(p.spec.Steps, func(s v1alpha1.Step) bool { return s.Weight == p.next.Candidate.Weight })
	if i < 0 {
		return 0
	}
	interval := p.spec.Analysis.Interval.Of()
	return int((p.spec.Steps[i].Dwell.Of() + interval - 1) / interval)
}

// sample is a recorded window as it was observed.
func (r *replay) sample(w RecordedWindow) Sample {
	length := r.pass.spec.Analysis.Interval.Of()
	if w.Seconds > 0 && w.Seconds < 1e6 {
		length = time.Duration(w.Seconds * float64(time.Second))
	}
	start := r.end
	r.end = start.Add(length)
	sample := Sample{Start: start, End: r.end, Candidate: w.Candidate.counts("candidate"), Stable: w.Stable.counts("stable")}
	for _, c := range r.pass.spec.Analysis.Checks {
		pair, ok := w.Checks[c.Name]
		if !ok {
			continue
		}
		sample.Custom = append(sample.Custom, Custom{Name: c.Name, Candidate: pair.Candidate.part(), Stable: pair.Stable.part()})
	}
	return sample
}

func (c RecordedCounts) counts(version string) Counts {
	counts := Counts{Version: version, Requests: c.Requests, Failures: c.Failures}
	switch {
	case c.Slow != nil:
		counts.Slow, counts.Latency, counts.Bucketed = *c.Slow, true, true
	case c.P99 != nil:
		counts.Latency = true
		counts.P50, counts.P90, counts.P99 = inSeconds(c.P50), inSeconds(c.P90), inSeconds(c.P99)
	}
	return counts
}

func inSeconds(s *float64) time.Duration {
	if s == nil || *s < 0 || *s > 1e6 {
		return 0
	}
	return time.Duration(*s * float64(time.Second))
}

func (p *RecordedPart) part() *judge.Part {
	if p == nil {
		return nil
	}
	return &judge.Part{Bad: p.Bad, Total: p.Total}
}
