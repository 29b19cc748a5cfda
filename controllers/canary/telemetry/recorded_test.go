package telemetry

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func record(version string, outcome v1alpha1.Outcome, reason string, ended float64, changes ...func(*v1alpha1.RolloutRecord)) v1alpha1.RolloutRecord {
	r := v1alpha1.RolloutRecord{
		VersionStatus: v1alpha1.VersionStatus{Version: version}, Outcome: outcome, Reason: reason, StartedAt: at(0), EndedAt: at(ended),
	}
	for _, change := range changes {
		change(&r)
	}
	return r
}

func history(records ...v1alpha1.RolloutRecord) v1alpha1.CanaryStatus {
	return v1alpha1.CanaryStatus{History: records}
}

func step(started float64, landed *v1alpha1.Time) v1alpha1.CanaryStatus {
	return v1alpha1.CanaryStatus{Step: &v1alpha1.StepStatus{StartedAt: at(started), LandedAt: landed}}
}

func window(ended float64, verdicts ...v1alpha1.Verdict) v1alpha1.CanaryStatus {
	var s v1alpha1.CanaryStatus
	for _, verdict := range verdicts {
		s.Checks = append(s.Checks, v1alpha1.CheckStatus{Verdict: verdict, EndedAt: at(ended)})
	}
	return s
}

func TestWhatAWrittenStatusCounts(t *testing.T) {
	promoted := record("v2", v1alpha1.OutcomePromoted, v1alpha1.ReasonPromoted, 100)
	waited := func(length time.Duration) func(*v1alpha1.RolloutRecord) {
		return func(r *v1alpha1.RolloutRecord) { r.Waited = v1alpha1.Dur(length) }
	}
	tests := map[string]struct {
		before, after v1alpha1.CanaryStatus
		want          string
	}{
		"nothing new": {before: history(promoted), after: history(promoted)},
		"a rollout was promoted": {after: history(promoted), want: `
			serin_rollout_duration_seconds{outcome="Promoted",part="people"} 1 in 0s
			serin_rollout_duration_seconds{outcome="Promoted",part="progress"} 1 in 100s
			serin_rollouts_total{outcome="Promoted",reason="Promoted"} 1`},
		"a rollout that waited for people was rolled back": {
			before: history(promoted),
			after:  history(record("v3", v1alpha1.OutcomeRolledBack, v1alpha1.ReasonAborted, 100, waited(70*time.Second)), promoted), want: `
			serin_rollout_duration_seconds{outcome="RolledBack",part="people"} 1 in 70s
			serin_rollout_duration_seconds{outcome="RolledBack",part="progress"} 1 in 30s
			serin_rollouts_total{outcome="RolledBack",reason="Aborted"} 1`},
		"two ended at once": {
			after: history(record("v3", v1alpha1.OutcomeReverted, v1alpha1.ReasonReverted, 2), record("v2", v1alpha1.OutcomeSuperseded, v1alpha1.ReasonSuperseded, 1)), want: `
			serin_rollout_duration_seconds{outcome="Reverted",part="people"} 1 in 0s
			serin_rollout_duration_seconds{outcome="Reverted",part="progress"} 1 in 2s
			serin_rollout_duration_seconds{outcome="Superseded",part="people"} 1 in 0s
			serin_rollout_duration_seconds{outcome="Superseded",part="progress"} 1 in 1s
			serin_rollouts_total{outcome="Reverted",reason="Reverted"} 1
			serin_rollouts_total{outcome="Superseded",reason="Superseded"} 1`},
		"the same version ended again": {
			before: history(promoted), after: history(record("v2", v1alpha1.OutcomePromoted, v1alpha1.ReasonPromoted, 200), promoted), want: `
			serin_rollout_duration_seconds{outcome="Promoted",part="people"} 1 in 0s
			serin_rollout_duration_seconds{outcome="Promoted",part="progress"} 1 in 200s
			serin_rollouts_total{outcome="Promoted",reason="Promoted"} 1`},
		"words that nobody knows": {
			after: history(record("v2", "Exploded", "BecauseOf-v2-at-12:00", 1, func(r *v1alpha1.RolloutRecord) { r.StartedAt = nil })),
			want:  `serin_rollouts_total{outcome="Other",reason="Other"} 1`},
		"a clock that was turned back": {
			after: history(record("v2", v1alpha1.OutcomePromoted, v1alpha1.ReasonPromoted, -5)),
			want:  `serin_rollouts_total{outcome="Promoted",reason="Promoted"} 1`},

		"the first window": {after: window(10, v1alpha1.VerdictPass, v1alpha1.VerdictPass), want: `serin_windows_total{verdict="Pass"} 1`},
		"the next window": {
			before: window(10, v1alpha1.VerdictPass), after: window(20, v1alpha1.VerdictPass, v1alpha1.VerdictFail, v1alpha1.VerdictError),
			want: `serin_windows_total{verdict="Fail"} 1`},
		"nothing was measured":              {after: window(20, v1alpha1.VerdictNoData, v1alpha1.VerdictHold), want: `serin_windows_total{verdict="NoData"} 1`},
		"an error is worse than no data":    {after: window(20, v1alpha1.VerdictNoData, v1alpha1.VerdictError), want: `serin_windows_total{verdict="Error"} 1`},
		"neither":                           {after: window(20, v1alpha1.VerdictPass, v1alpha1.VerdictHold), want: `serin_windows_total{verdict="Hold"} 1`},
		"the same window":                   {before: window(10, v1alpha1.VerdictPass), after: window(10, v1alpha1.VerdictFail)},
		"the checks of a rollout before":    {before: window(10, v1alpha1.VerdictPass)},
		"a window that let the step end":    {before: merge(window(10, v1alpha1.VerdictPass), step(0, at(1))), after: merge(window(20, v1alpha1.VerdictPass), step(20, nil)), want: `serin_windows_total{verdict="Pass"} 1`},
		"a verdict that nobody knows":       {after: window(20, "Maybe"), want: `serin_windows_total{verdict="Pass"} 1`},
		"a weight that was decided":         {after: step(5, nil)},
		"a weight that landed":              {before: step(5, nil), after: step(5, at(7.5)), want: "serin_weight_landing_seconds 1 in 2.5s"},
		"a weight that had landed":          {before: step(5, at(7.5)), after: step(5, at(7.5))},
		"a weight that landed at once":      {before: step(5, at(7.5)), after: step(20, at(21)), want: "serin_weight_landing_seconds 1 in 1s"},
		"a step that is over":               {before: step(5, at(7.5))},
		"a landing without a beginning":     {after: v1alpha1.CanaryStatus{Step: &v1alpha1.StepStatus{LandedAt: at(1)}}},
		"a rollback that was decided":       {before: phase(v1alpha1.PhaseProgressing, 0), after: phase(v1alpha1.PhaseRollingBack, 10)},
		"a rollback that landed":            {before: phase(v1alpha1.PhaseRollingBack, 10), after: phase(v1alpha1.PhaseRolledBack, 14), want: "serin_rollback_seconds 1 in 4s"},
		"a rollback that landed before":     {before: phase(v1alpha1.PhaseRolledBack, 14), after: phase(v1alpha1.PhaseRolledBack, 14)},
		"a rollback that became a success":  {before: phase(v1alpha1.PhaseRollingBack, 10), after: phase(v1alpha1.PhaseSucceeded, 14)},
		"a rollback without its beginning":  {before: v1alpha1.CanaryStatus{Phase: v1alpha1.PhaseRollingBack}, after: phase(v1alpha1.PhaseRolledBack, 14)},
		"a status that is empty ever since": {},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			registry := prometheus.NewPedanticRegistry()
			m := New(Options{Canaries: &shelf{}})
			registry.MustRegister(m.rollouts, m.duration, m.windows, m.landing, m.rollback)
			m.Recorded(tc.before, tc.after)
			expect(t, registry, tc.want)
		})
	}
}

func phase(phase v1alpha1.Phase, since float64) v1alpha1.CanaryStatus {
	return v1alpha1.CanaryStatus{Phase: phase, PhaseSince: at(since)}
}

func merge(a, b v1alpha1.CanaryStatus) v1alpha1.CanaryStatus {
	a.Step = b.Step
	return a
}

// TestReasonsAreTheVocabulary holds the list of reasons to the constants it repeats.
func TestReasonsAreTheVocabulary(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../../api/v1alpha1/conditions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, "Reason") {
			word, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Error(err)
			}
			want[word] = true
		}
		return true
	})
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-conditions.go +reasons.go):\n%s", diff)
	}
	for outcome, list := range foreseen {
		for _, reason := range list {
			if !reasons[reason] {
				t.Errorf("%s: %s is no reason", outcome, reason)
			}
		}
	}
}
