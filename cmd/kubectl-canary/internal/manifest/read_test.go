package manifest_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/cmd/kubectl-canary/internal/manifest"

	"github.com/google/go-cmp/cmp"
)

// canary is a manifest with a spec, of which analysis and steps are the interesting part.
func canary(spec string) string {
	return "apiVersion: serin.dev/v1alpha1\nkind: Canary\nmetadata: {name: foobar}\nspec:\n  targetRef: {name: foobar}\n" + spec
}

const steps = "  steps: [{weight: 5}]\n"

// defaults are what the CRD makes of steps alone.
func defaults(changes ...func(*v1alpha1.CanarySpec)) v1alpha1.CanarySpec {
	spec := v1alpha1.CanarySpec{
		TargetRef: v1alpha1.TargetReference{Name: "foobar"},
		Steps:     []v1alpha1.Step{{Weight: 5, Dwell: v1alpha1.Dur(time.Minute), Approval: v1alpha1.ApprovalNone}},
		Analysis: v1alpha1.AnalysisSpec{
			Interval: v1alpha1.Dur(10 * time.Second), SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"}, Judge: v1alpha1.JudgeEvidence,
			FalseRollbackRate: "0.01", MissRate: "0.05", Evidence: v1alpha1.EvidenceStep, FailureThreshold: 3,
			NoData: v1alpha1.NoDataHold, Timeout: v1alpha1.Dur(30 * time.Minute), OnTimeout: v1alpha1.OnTimeoutPause,
		},
	}
	for _, change := range changes {
		change(&spec)
	}
	return spec
}

func TestReadFillsInWhatIsLeftOut(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want v1alpha1.CanarySpec
	}{
		"steps alone":                 {canary(steps), defaults()},
		"null counts as left out":     {canary(steps + "  analysis: {successRate: null, interval: null}\n"), defaults()},
		"a dwell of 0s is not absent": {canary("  steps: [{weight: 5, dwell: 0s}]\n"), defaults(func(s *v1alpha1.CanarySpec) { s.Steps[0].Dwell = v1alpha1.Dur(0) })},
		"a default inside of what is given": {canary(steps + "  analysis: {baseline: {}}\n"), defaults(func(s *v1alpha1.CanarySpec) {
			s.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"}
		})},
		"what is given stays": {canary(steps + "  analysis: {interval: 30s, successRate: {min: \"99.9\"}, judge: Threshold, failureThreshold: 7}\n"), defaults(func(s *v1alpha1.CanarySpec) {
			s.Analysis.Interval, s.Analysis.SuccessRate.Min = v1alpha1.Dur(30*time.Second), "99.9"
			s.Analysis.Judge, s.Analysis.FailureThreshold = v1alpha1.JudgeThreshold, 7
		})},
		"behind other documents":    {"# a comment\n---\nkind: Service\napiVersion: v1\n---\n" + canary(steps), defaults()},
		"before other documents":    {canary(steps) + "---\nkind: Service\n  bad: [\n", defaults()},
		"in a list, with a status":  {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service}\n- {apiVersion: serin.dev/v1alpha1, kind: Canary, metadata: {name: foobar, uid: \"7\"}, spec: {targetRef: {name: foobar}, steps: [{weight: 5}]}, status: {phase: Succeeded, ofANewerRelease: 1}}\n", defaults()},
		"as JSON":                   {`{"apiVersion":"serin.dev/v1alpha1","kind":"Canary","metadata":{"name":"foobar"},"spec":{"targetRef":{"name":"foobar"},"steps":[{"weight":5}]}}`, defaults()},
		"lines that end as on DOS":  {strings.ReplaceAll(canary(steps), "\n", "\r\n"), defaults()},
		"of two Canaries the first": {canary(steps) + "---\n" + canary("  steps: [{weight: 50}]\n"), defaults()},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := manifest.Read([]byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got.Spec); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	analysis := func(fields string) string { return canary(steps + "  analysis: {" + fields + "}\n") }
	for name, test := range map[string]struct{ text, want string }{
		"nothing":                 {"", "there is no Canary in it"},
		"other kinds":             {"apiVersion: v1\nkind: Service\n", "there is no Canary in it"},
		"another group's Canary":  {"apiVersion: flagger.app/v1beta1\nkind: Canary\nspec: {}\n", "there is no Canary in it"},
		"no YAML":                 {"a: [\n", "document 1 is no YAML: line 1: did not find expected node content"},
		"a key twice":             {"a: 1\na: 2\n", `document 1 is no YAML: line 2: key "a" already set in map`},
		"another version":         {"apiVersion: serin.dev/v2\nkind: Canary\n", "apiVersion serin.dev/v2 is not known here: this is for serin.dev/v1alpha1"},
		"no spec":                 {"apiVersion: serin.dev/v1alpha1\nkind: Canary\n", "spec: it is missing, or no object"},
		"no steps":                {canary(""), "spec.steps: it is missing"},
		"no step":                 {canary("  steps: []\n"), "spec.steps: at least one step is needed"},
		"a step without weight":   {canary("  steps: [{dwell: 1m}]\n"), "spec.steps[0].weight: it is missing"},
		"weights that fall":       {canary("  steps: [{weight: 10}, {weight: 5}]\n"), "spec.steps: each weight must be greater than the one before it"},
		"a weight beyond 100":     {canary("  steps: [{weight: 101}]\n"), "a step's weight must be from 1 to 100 percent"},
		"a weight and a half":     {canary("  steps: [{weight: 1.5}]\n"), "spec.steps[0].weight: 1.5 is no whole number"},
		"a weight in words":       {canary("  steps: [{weight: five}]\n"), "spec.steps[0].weight: it is no integer"},
		"a field that is not":     {analysis(`successRat: {min: "99"}`), `spec.analysis has the unknown field "successRat"`},
		"a field elsewhere":       {canary(steps + "  suspended: true\n"), `it has the unknown field "suspended"`},
		"a limit with its unit":   {analysis(`successRate: {min: "99%"}`), `spec.analysis.successRate.min: "99%" is not of the form ^(100(\.0+)?|[0-9]{1,2}(\.[0-9]+)?)$`},
		"a limit as a number":     {analysis(`successRate: {min: 99}`), "spec.analysis.successRate.min: it is no string"},
		"a judge nobody knows":    {analysis(`judge: Jury`), `spec.analysis.judge: "Jury" is none of Evidence, Threshold`},
		"an interval too short":   {analysis(`interval: 100ms`), "spec.analysis.interval must be from 1s to 5m"},
		"an interval in between":  {analysis(`interval: 1500ms`), "spec.analysis.interval must be in whole seconds"},
		"a timeout too short":     {analysis(`interval: 2m, timeout: 1m`), "spec.analysis.timeout must not be shorter than spec.analysis.interval"},
		"a threshold of 0":        {analysis(`failureThreshold: 0`), "spec.analysis.failureThreshold: 0 is less than 1"},
		"a rate beyond reason":    {analysis(`falseRollbackRate: "0.5"`), "spec.analysis.falseRollbackRate must be from 0.000001 to 0.2"},
		"a miss beyond reason":    {analysis(`missRate: "0.0000001"`), "spec.analysis.missRate must be from 0.000001 to 0.2"},
		"no time at all":          {analysis(`latency: {p99: 0s}`), "spec.analysis.latency.p99 must be at least 1ms"},
		"a ratio below 1":         {analysis(`baseline: {maxRatio: "0.5"}`), "spec.analysis.baseline.maxRatio must be at least 1"},
		"a dry run of nothing":    {analysis(`dryRun: [tea]`), "spec.analysis.dryRun names a check that does not exist: use success-rate, latency-p99, baseline or the name of one of spec.analysis.checks"},
		"a check without a bound": {analysis(`checks: [{name: tea}]`), "a check needs exactly one of share and gauge"},
		"a check named as ours":   {analysis(`checks: [{name: baseline, gauge: {query: a, max: "1"}}]`), "success-rate, latency-p99 and baseline are the names of Serin's own checks"},
		"a share of two bounds":   {analysis(`checks: [{name: tea, share: {numerator: a, denominator: b, max: "1", min: "1"}}]`), "a share needs exactly one of max and min"},
		"a gauge without bounds":  {analysis(`checks: [{name: tea, gauge: {query: a}}]`), "a gauge needs max, min or both"},
		"a check twice":           {analysis(`checks: [{name: tea, gauge: {query: a, max: "1"}}, {name: tea, gauge: {query: a, max: "1"}}]`), "spec.analysis.checks[1]: it is there already, as spec.analysis.checks[0]"},
		"a dry run twice":         {analysis(`dryRun: [baseline, baseline]`), "spec.analysis.dryRun[1]: it is there already, as spec.analysis.dryRun[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := manifest.Read([]byte(test.text))
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestReadsTheSamples(t *testing.T) {
	samples, err := filepath.Glob("../../../../config/samples/canary*.yaml")
	if err != nil || len(samples) == 0 {
		t.Fatal("no samples", err)
	}
	for _, sample := range samples {
		text, err := os.ReadFile(sample)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := manifest.Read(text); err != nil {
			t.Errorf("%s: %v", sample, err)
		}
	}
}

// FuzzRead holds that no text makes Read panic, and that what it accepts can be judged by.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		canary(steps), canary(steps + "  analysis: {latency: {p99: 1ms}, baseline: {}, dryRun: [baseline]}\n"),
		canary(steps + "  analysis: {successRate: {min: \"100\"}, falseRollbackRate: \"0.2\", missRate: \"0.000001\", evidence: Rollout}\n"),
		canary(steps + "  analysis: {checks: [{name: a, share: {numerator: b, denominator: c, max: \"0\"}}, {name: d, gauge: {query: e, min: \"-1\"}}]}\n"),
		canary("  steps: [{weight: 100, dwell: 999999h}]\n  analysis: {interval: 1s, timeout: 1s}\n"),
		"items: [{items: [{}]}, 1, null]\n", "---\n---\n", "a: &a [*a]\n", "apiVersion: serin.dev/v1alpha1\nkind: Canary\nspec: {steps: null}\n",
	} {
		f.Add([]byte(text))
	}
	window := analysis.RecordedWindow{
		Weight: 5, Candidate: analysis.RecordedCounts{Requests: 100, Failures: 2}, Stable: analysis.RecordedCounts{Requests: 1900, Failures: 1},
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := manifest.Read(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is more than a line: %q", err)
			}
			return
		}
		for _, w := range analysis.Replay(c.Spec, []analysis.RecordedWindow{window, window}) {
			if math.IsNaN(w.LnE) || math.IsInf(w.LnE, 0) {
				t.Errorf("window %d: lnE is %v", w.Window, w.LnE)
			}
			if _, err := json.Marshal(w); err != nil {
				t.Error(err)
			}
		}
	})
}
