package view_test

import (
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis/judge"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/view"

	"github.com/google/go-cmp/cmp"
)

// weighed is a check of the Evidence judge.
func weighed(c v1alpha1.CheckStatus, evidence, upper, bound string) v1alpha1.CheckStatus {
	c.Evidence, c.UpperBound, c.MustRuleOut = evidence, upper, bound
	return c
}

func needing(c v1alpha1.CheckStatus, needed int64, takes time.Duration) v1alpha1.CheckStatus {
	d := v1alpha1.Dur(takes)
	c.Needed, c.NeededTime = needed, &d
	return c
}

// byEvidence lets the Evidence judge have judged 29 windows, 17 of them at 25%.
func byEvidence(cause judge.Cause, finding string) func(*view.Snapshot) {
	return func(s *view.Snapshot) {
		st := &s.Canary.Status
		s.Canary.Spec.Analysis.Judge = v1alpha1.JudgeEvidence
		s.Canary.Spec.Analysis.SuccessRate = &v1alpha1.SuccessRateCheck{Min: "99"}
		st.Step.Decision, st.Step.Cause, st.Step.Finding = v1alpha1.DecisionHold, string(cause), finding
		st.Message = "testing v2 at 25%: " + finding
		st.Evidence = &v1alpha1.EvidenceStatus{Weight: 25, Windows: 17, Judged: 29, Odds: "1:3.9"}
		dry := weighed(check("checkout", v1alpha1.VerdictFail, "17%", "<= 5%"), "4219111:1", "56%", "10%")
		dry.DryRun = true
		st.Checks = []v1alpha1.CheckStatus{
			needing(weighed(check(v1alpha1.CheckSuccessRate, v1alpha1.VerdictHold, "99.12%", ">= 99%"), "1:4.6", "2.8%", "2%"), 148, 119*time.Second),
			weighed(check(v1alpha1.CheckLatencyP99, v1alpha1.VerdictPass, "231ms", "<= 500ms"), "1:5.1", "1.4%", "2%"),
			weighed(check(v1alpha1.CheckBaseline, v1alpha1.VerdictPass, "0.242% against 0.121%", "<= 1.5 x stable"), "1:3.3", "", ""),
			needing(dry, 74, 124*time.Second),
		}
		reconciling(v1alpha1.ReasonTesting)(s)
	}
}

const unproven = "at most 2.8% failed requests so far, and the next weight takes less than 2%: 148 more good ones, about 1m59s at 1.2/s"

func init() {
	situations["evidence that does not suffice yet"] = func(s *view.Snapshot) {
		byEvidence(judge.Unproven, unproven)(s)
		s.Canary.Status.Step.LandedAt = ago(6 * time.Minute)
	}
	situations["evidence that comes too late"] = func(s *view.Snapshot) {
		byEvidence(judge.Unproven, strings.ReplaceAll(unproven, "1m59s at 1.2/s", "1h22m at 0.03/s"))(s)
		s.Canary.Status.Checks[0] = needing(s.Canary.Status.Checks[0], 148, 82*time.Minute)
		s.Canary.Status.Step.TooSlow, s.Canary.Status.Evidence.Degraded = true, true
	}
	situations["evidence against the candidate"] = func(s *view.Snapshot) {
		byEvidence(judge.Suspicious, "v2 fails 3.1% of its requests (stable 0.12%), limit 1%: evidence 14:1 after 288 requests, too much to give it more traffic")(s)
		s.Canary.Status.Evidence.Odds = "14:1"
		s.Canary.Status.Checks[0] = needing(weighed(check(v1alpha1.CheckSuccessRate, v1alpha1.VerdictHold, "96.87%", ">= 99%"), "38:1", "5.4%", "2%"), 675, 474*time.Second)
		s.Canary.Status.Step.LandedAt = ago(6 * time.Minute)
		reconciling(v1alpha1.ReasonSuspicious)(s)
	}
	situations["limits that stable breaks too"] = func(s *view.Snapshot) {
		byEvidence(judge.Breaking, "v2 fails 5.2% of its requests (stable 4.8%), limit 1%: so does stable; nobody is blamed, and the weight does not rise meanwhile")(s)
		s.Canary.Status.Evidence.Degraded = true
		s.Canary.Status.Step.LandedAt = ago(6 * time.Minute)
		s.Canary.Status.Checks = s.Canary.Status.Checks[1:3]
	}
	situations["paused with evidence"] = func(s *view.Snapshot) {
		byEvidence(judge.Proven, "at most 1.6% failed requests and 1.4% slow requests, 95% sure after 288 requests")(s)
		st := &s.Canary.Status
		st.Phase, st.PhaseSince, st.Step.Decision = v1alpha1.PhasePaused, ago(2*time.Minute), v1alpha1.DecisionAdvance
		st.Pause = &v1alpha1.PauseStatus{Reason: v1alpha1.PauseApproval, Since: ago(2 * time.Minute)}
		st.Checks[0] = weighed(check(v1alpha1.CheckSuccessRate, v1alpha1.VerdictPass, "99.12%", ">= 99%"), "1:4.6", "1.6%", "2%")
		st.Message = "paused at 25%: waiting for approval"
		reconciling(v1alpha1.ReasonPaused)(s)
	}
}

func TestTheMarksAreThoseOfTheSpec(t *testing.T) {
	s := world(situations["evidence that does not suffice yet"])
	s.Canary.Spec.Analysis.FalseRollbackRate = "0.003"
	all := strings.Join(view.Tree(s, view.Options{Now: now, Paint: view.Plain}), "\n")
	if want := "1:3.9  3:1 holds, 333:1 rolls back  29 windows judged, 17 of them at 25%"; !strings.Contains(all, want) {
		t.Errorf("%q is missing in:\n%s", want, all)
	}
}

func TestNoEvidenceIsShownOfAThresholdOrOfThePast(t *testing.T) {
	for name, change := range map[string]func(*view.Snapshot){
		"the Threshold judge": func(s *view.Snapshot) { s.Canary.Spec.Analysis.Judge = v1alpha1.JudgeThreshold },
		"no candidate":        func(s *view.Snapshot) { s.Canary.Status.Candidate = nil },
		"no window yet":       func(s *view.Snapshot) { s.Canary.Status.Evidence = nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := world(situations["evidence that does not suffice yet"], change)
			if all := strings.Join(view.Tree(s, view.Options{Now: now, Paint: view.Plain}), "\n"); strings.Contains(all, "Evidence against") {
				t.Errorf("there is evidence in:\n%s", all)
			}
		})
	}
}

func TestTheFindingIsSaidOnce(t *testing.T) {
	for _, name := range []string{"evidence that does not suffice yet", "paused with evidence"} {
		s := world(situations[name])
		all := strings.Join(view.Tree(s, view.Options{Now: now, Paint: view.Plain}), "\n")
		if diff := cmp.Diff(1, strings.Count(all, s.Canary.Status.Step.Finding)); diff != "" {
			t.Errorf("%s: (-want +got) %s\n%s", name, diff, all)
		}
	}
}
