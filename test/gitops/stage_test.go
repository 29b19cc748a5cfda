package gitops

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/serin-dev/serin/analysis"
	"github.com/serin-dev/serin/api/v1alpha1"
	"github.com/serin-dev/serin/test/gen"

	"k8s.io/apimachinery/pkg/runtime"
)

// interval is the length of a window, and of one turn of a stage.
const interval = 10 * time.Second

// stage is a Canary and a small world that does what the core plans, one turn per interval.
type stage struct {
	t      *testing.T
	canary *v1alpha1.Canary
	seen   analysis.Observed
	now    time.Time
	// What the world refuses to do.
	podsStuck, weightsStuck bool
	// failing is the percentage of its requests that the candidate fails.
	failing float64
}

// newStage is a Canary that nobody has looked at, beside a target that asks for its first revision.
func newStage(t *testing.T) *stage {
	s := &stage{t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	s.canary = gen.Canary("shop", "foobar", func(c *v1alpha1.Canary) {
		c.Generation, c.ResourceVersion = 1, "7"
		c.Spec.Traffic.Provider = v1alpha1.ProviderSplit
		c.Spec.Steps = []v1alpha1.Step{
			{Weight: 10, Dwell: v1alpha1.Dur(interval), Approval: v1alpha1.ApprovalRequired},
			{Weight: 50, Dwell: v1alpha1.Dur(interval)},
		}
		c.Spec.ProgressDeadline = v1alpha1.Dur(10 * time.Minute)
		c.Spec.Analysis = v1alpha1.AnalysisSpec{
			Interval: v1alpha1.Dur(interval), SuccessRate: &v1alpha1.SuccessRateCheck{Min: "99"}, FailureThreshold: 2,
			NoData: v1alpha1.NoDataHold, Timeout: v1alpha1.Dur(5 * time.Minute), OnTimeout: v1alpha1.OnTimeoutPause,
		}
	})
	s.seen = analysis.Observed{
		Name: "foobar", Versions: map[string]analysis.Backend{}, Planes: analysis.Planes{Splits: true},
		Apex: analysis.Apex{Found: true, Leads: analysis.LeadTarget, PodEndpoints: 2},
	}
	s.ask("1")
	s.seen.Target.Replicas, s.seen.Target.Ready = 2, 2
	return s
}

// ask has the target ask for a revision.
func (s *stage) ask(n string) {
	s.seen.Target.Found = true
	s.seen.Target.Revision, s.seen.Target.Image = "6f9c0"+n, "shop:"+n
}

// edit changes the spec as a person would.
func (s *stage) edit(change func(*v1alpha1.CanarySpec)) {
	change(&s.canary.Spec)
	s.canary.Generation++
}

// decide asks the core about the world of now.
func (s *stage) decide(c *v1alpha1.Command) analysis.Plan {
	seen := s.seen
	seen.Generation, seen.Command = s.canary.Generation, c
	if candidate := s.canary.Status.Candidate; candidate != nil {
		requests := 10 * float64(candidate.Weight)
		seen.Samples = []analysis.Sample{{
			Start: s.now.Add(-interval), End: s.now,
			Candidate: analysis.Counts{Version: candidate.Version, Requests: requests, Failures: requests * s.failing / 100},
			Stable:    analysis.Counts{Version: s.canary.Status.Stable.Version, Requests: 1000 - requests},
		}}
	}
	return analysis.Decide(s.canary.Spec, s.canary.Status, seen, s.now)
}

// look is one look of the controller; the world then does as planned, and time goes on.
func (s *stage) look(c *v1alpha1.Command) {
	plan := s.decide(c)
	s.canary.Status = plan.Status
	exist := map[string]analysis.Backend{}
	for _, v := range plan.Versions {
		backend := analysis.Backend{Replicas: v.Replicas, Endpoints: s.seen.Versions[v.Name].Endpoints}
		if !s.podsStuck {
			backend.Endpoints = v.Replicas
		}
		exist[v.Name] = backend
	}
	s.seen.Versions, s.seen.HighestVersion = exist, plan.Status.LastVersion
	if plan.Split == analysis.Present && plan.Status.Stable != nil && !s.weightsStuck {
		s.seen.Traffic.Written = true
		s.seen.Traffic.Landed = map[string]int64{plan.Status.Stable.Version: int64(plan.Weights.Stable())}
		if plan.Status.Candidate != nil {
			s.seen.Traffic.Landed[plan.Status.Candidate.Version] = int64(plan.Weights.Candidate())
		}
	}
	if plan.Apex != analysis.LeadElsewhere {
		s.seen.Apex.Leads = plan.Apex
	}
	if plan.TargetReplicas != nil {
		s.seen.Target.Replicas, s.seen.Target.Ready = *plan.TargetReplicas, *plan.TargetReplicas
	}
	s.now = s.now.Add(interval)
}

// until looks until something is true of the status, and reports the status when it does not come.
func (s *stage) until(what string, is func(v1alpha1.CanaryStatus) bool) {
	s.t.Helper()
	for range 100 {
		if is(s.canary.Status) {
			return
		}
		s.look(nil)
	}
	s.t.Fatalf("%s did not come: the phase is %s, the message %q", what, s.canary.Status.Phase, s.canary.Status.Message)
}

// object is the Canary as the API server stores it, and as Argo CD and kstatus read it.
func (s *stage) object() map[string]any {
	s.t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(s.canary)
	if err != nil {
		s.t.Fatal(err)
	}
	return content
}

// plain is an object with the types that encoding/json reads.
func plain(t *testing.T, object map[string]any) map[string]any {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
