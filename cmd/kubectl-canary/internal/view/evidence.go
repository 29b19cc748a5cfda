package view

import (
	"fmt"
	"strings"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
)

// byEvidence says whether the Evidence judge decides, as it does unless a spec names another.
func byEvidence(c *v1alpha1.Canary) bool { return c.Spec.Analysis.Judge != v1alpha1.JudgeThreshold }

// evidence shows what all checks together say against the candidate, beside the two marks that decide.
func (o Options) evidence(s Snapshot) (node, bool) {
	c, e := s.Canary, s.Canary.Status.Evidence
	candidate := c.Status.Candidate
	if !byEvidence(c) || candidate == nil || e == nil || e.Odds == "" {
		return node{}, false
	}
	marks := fmt.Sprintf("%d:1 holds, %.0f:1 rolls back", judge.SuspiciousOdds, 1/analysis.JudgeOf(c.Spec.Analysis).Alpha)
	windows := count(int64(e.Judged), "window") + " judged"
	if e.Windows < e.Judged {
		windows += fmt.Sprintf(", %d of them at %d%%", e.Windows, e.Weight)
	}
	n := title("Evidence against " + candidate.Version).with(row(cell{oddsTone(c.Status.Step), e.Odds}, plain(marks), faint(windows)))
	if e.Degraded && c.Status.Stable != nil {
		n = n.with(row(cell{Careful, fmt.Sprintf("%s itself breaks a limit: %s is held to what %s does",
			c.Status.Stable.Version, candidate.Version, c.Status.Stable.Version)}))
	}
	return n, true
}

// oddsTone goes by what the odds led to.
func oddsTone(at *v1alpha1.StepStatus) Tone {
	switch {
	case at == nil:
		return Normal
	case at.Decision == v1alpha1.DecisionRollBack:
		return Wrong
	case at.Cause == string(judge.Suspicious), at.Cause == string(judge.Breaking):
		return Careful
	default:
		return Fine
	}
}

// evidenceOf shows what is known of a check beyond its newest window.
func evidenceOf(c v1alpha1.CheckStatus) []node {
	if c.Evidence == "" {
		return nil
	}
	text := "evidence " + c.Evidence
	if c.MustRuleOut != "" {
		text += fmt.Sprintf("; at most %s bad, for the next weight less than %s", c.UpperBound, c.MustRuleOut)
	}
	if c.Needed > 0 {
		text += fmt.Sprintf(": %d more good ones%s", c.Needed, about(c.NeededTime))
	}
	return []node{row(faint(text))}
}

// about is how long something takes at today's traffic, as far as that is known.
func about(d *v1alpha1.Duration) string {
	if d == nil {
		return ""
	}
	return ", about " + span(d.Of())
}

// found shows what the windows of the present step led to, unless the Canary's message says it already.
func found(c *v1alpha1.Canary) []node {
	at := c.Status.Step
	if !byEvidence(c) || at.Finding == "" || strings.Contains(c.Status.Message, at.Finding) {
		return nil
	}
	tones := map[v1alpha1.Decision]Tone{
		v1alpha1.DecisionAdvance: Fine, v1alpha1.DecisionHold: Normal, v1alpha1.DecisionRollBack: Wrong,
	}
	return []node{row(cell{tones[at.Decision], at.Finding})}
}

// evidenceLacking says how long it takes to get the evidence that a step lacks. Which that is the Canary's message says.
func (o Options) evidenceLacking(c *v1alpha1.Canary) []string {
	at := c.Status.Step
	switch judge.Cause(at.Cause) {
	case judge.Suspicious:
		return []string{fmt.Sprintf("the evidence against %s to fall below %d:1", c.Status.Candidate.Version, judge.SuspiciousOdds)}
	case judge.Breaking:
		return []string{fmt.Sprintf("windows in which %s keeps its limits", c.Status.Candidate.Version)}
	default:
	}
	check := slowest(c.Status.Checks)
	if check == nil {
		return nil
	}
	takes := check.NeededTime.Of()
	clause := fmt.Sprintf("evidence for the next weight: about %s at today's traffic", span(takes))
	if left := o.timeoutLeft(c); c.Spec.Analysis.Timeout.Of() > 0 && at.HeldSince == nil && takes > left {
		clause += fmt.Sprintf(", and the timeout comes in %s", span(left))
	}
	return []string{clause}
}

// slowest is the deciding check whose evidence for the next weight takes longest, nil if all have theirs or nobody can say.
func slowest(checks []v1alpha1.CheckStatus) *v1alpha1.CheckStatus {
	var longest *v1alpha1.CheckStatus
	for i := range checks {
		c := &checks[i]
		if c.DryRun || c.Needed == 0 || c.NeededTime == nil {
			continue
		}
		if longest == nil || c.NeededTime.Of() > longest.NeededTime.Of() {
			longest = c
		}
	}
	return longest
}
