package telemetry

import (
	"strings"
	"testing"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func condition(kind string, status v1alpha1.ConditionStatus) v1alpha1.Condition {
	return v1alpha1.Condition{Type: kind, Status: status}
}

func TestACanaryAsSeries(t *testing.T) {
	const foobar = `namespace="shop"`
	tests := map[string]struct {
		status v1alpha1.CanaryStatus
		want   string
	}{
		"one that was never looked at": {
			want: `
				serin_canary_candidate_weight_percent{name="foobar",namespace="shop"} 0
				serin_canary_ready{name="foobar",namespace="shop"} 0
				serin_canary_stalled{name="foobar",namespace="shop"} 0
				serin_canary_waiting_for_person{name="foobar",namespace="shop"} 0
				serin_controller_leading 1`,
		},
		"one that rests": {
			status: v1alpha1.CanaryStatus{
				Phase: v1alpha1.PhaseSucceeded,
				Conditions: []v1alpha1.Condition{
					condition(v1alpha1.ConditionReady, v1alpha1.ConditionTrue),
					condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionTrue),
					condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionUnknown),
				},
			},
			want: `
				serin_canary_candidate_weight_percent{name="foobar",namespace="shop"} 0
				serin_canary_phase{name="foobar",namespace="shop",phase="Succeeded"} 1
				serin_canary_ready{name="foobar",namespace="shop"} 1
				serin_canary_stalled{name="foobar",namespace="shop"} 0
				serin_canary_waiting_for_person{name="foobar",namespace="shop"} 0
				serin_canary_weight_landed{name="foobar",namespace="shop"} 1
				serin_controller_leading 1`,
		},
		"a rollout that is judged": {
			status: v1alpha1.CanaryStatus{
				Phase:     v1alpha1.PhaseProgressing,
				Candidate: &v1alpha1.CandidateStatus{Weight: 25},
				Checks: []v1alpha1.CheckStatus{
					{Name: v1alpha1.CheckSuccessRate, Verdict: v1alpha1.VerdictPass},
					{Name: v1alpha1.CheckLatencyP99, Verdict: v1alpha1.VerdictFail},
					{Name: v1alpha1.CheckLatencyP99, Verdict: v1alpha1.VerdictPass},
					{Name: "made up", Verdict: v1alpha1.VerdictPass},
					{Name: v1alpha1.CheckBaseline, Verdict: "made up"},
				},
				Conditions: []v1alpha1.Condition{
					condition(v1alpha1.ConditionReady, v1alpha1.ConditionFalse),
					condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionFalse),
					condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionFalse),
				},
			},
			want: `
				serin_canary_candidate_weight_percent{name="foobar",namespace="shop"} 25
				serin_canary_check_verdict{check="latency-p99",name="foobar",namespace="shop",verdict="Fail"} 1
				serin_canary_check_verdict{check="success-rate",name="foobar",namespace="shop",verdict="Pass"} 1
				serin_canary_metrics_available{name="foobar",namespace="shop"} 0
				serin_canary_phase{name="foobar",namespace="shop",phase="Progressing"} 1
				serin_canary_ready{name="foobar",namespace="shop"} 0
				serin_canary_stalled{name="foobar",namespace="shop"} 0
				serin_canary_waiting_for_person{name="foobar",namespace="shop"} 0
				serin_canary_weight_landed{name="foobar",namespace="shop"} 0
				serin_controller_leading 1`,
		},
		"one that waits, and one thing that is stalled": {
			status: v1alpha1.CanaryStatus{
				Phase: v1alpha1.PhasePaused,
				Conditions: []v1alpha1.Condition{
					condition(v1alpha1.ConditionStalled, v1alpha1.ConditionTrue),
					condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionTrue),
				},
			},
			want: `
				serin_canary_candidate_weight_percent{name="foobar",namespace="shop"} 0
				serin_canary_metrics_available{name="foobar",namespace="shop"} 1
				serin_canary_phase{name="foobar",namespace="shop",phase="Paused"} 1
				serin_canary_ready{name="foobar",namespace="shop"} 0
				serin_canary_stalled{name="foobar",namespace="shop"} 1
				serin_canary_waiting_for_person{name="foobar",namespace="shop"} 1
				serin_controller_leading 1`,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(tc.want, foobar) {
				t.Fatal("the test expects no Canary")
			}
			registry := prometheus.NewPedanticRegistry()
			cache := &shelf{canaries: map[string]v1alpha1.CanaryStatus{"shop/foobar": tc.status}}
			if err := registry.Register(newCanaries(Options{Canaries: cache, Timeout: 1e9})); err != nil {
				t.Fatal(err)
			}
			expect(t, registry, tc.want)
		})
	}
}

// TestSeriesVanishWithTheirCanary is why the labels namespace and name are harmless here.
func TestSeriesVanishWithTheirCanary(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	cache := &shelf{canaries: map[string]v1alpha1.CanaryStatus{}}
	m := New(Options{Canaries: cache, Registerer: registry})
	count := func() int {
		n, err := testutil.GatherAndCount(registry)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	none := count()
	full := v1alpha1.CanaryStatus{
		Phase: v1alpha1.PhaseProgressing,
		Checks: []v1alpha1.CheckStatus{
			{Name: v1alpha1.CheckSuccessRate, Verdict: v1alpha1.VerdictPass},
			{Name: v1alpha1.CheckLatencyP99, Verdict: v1alpha1.VerdictPass},
			{Name: v1alpha1.CheckBaseline, Verdict: v1alpha1.VerdictPass},
		},
		Conditions: []v1alpha1.Condition{
			condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionTrue),
			condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionTrue),
		},
	}
	for i, name := range []string{"shop/a", "shop/b", "bank/a"} {
		cache.canaries[name] = full
		m.Recorded(v1alpha1.CanaryStatus{}, full)
		if got, want := count(), none+10*(i+1); got != want {
			t.Errorf("%d series with %d Canaries, want %d", got, i+1, want)
		}
	}
	clear(cache.canaries)
	if got := count(); got != none {
		t.Errorf("%d series after the Canaries were deleted, want %d as before", got, none)
	}
}

func TestABrokenCacheBreaksTheScrape(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	New(Options{Canaries: &shelf{broken: errBroken}, Registerer: registry})
	_, err := registry.Gather()
	if err == nil || !strings.Contains(err.Error(), "listing Canaries: the cache is not started") {
		t.Errorf("Gather returned %v", err)
	}
}

func TestOnlyTheLeaderShowsCanaries(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	elected := make(chan struct{})
	cache := &shelf{broken: errBroken}
	New(Options{Canaries: cache, Elected: elected, Registerer: registry})
	expect(t, registry, "serin_controller_leading 0")
	close(elected)
	cache.broken = nil
	cache.canaries = map[string]v1alpha1.CanaryStatus{"shop/foobar": {Phase: v1alpha1.PhaseSucceeded}}
	expect(t, registry, `serin_canary_candidate_weight_percent{name="foobar",namespace="shop"} 0
		serin_canary_phase{name="foobar",namespace="shop",phase="Succeeded"} 1
		serin_canary_ready{name="foobar",namespace="shop"} 0
		serin_canary_stalled{name="foobar",namespace="shop"} 0
		serin_canary_waiting_for_person{name="foobar",namespace="shop"} 0
		serin_controller_leading 1`)
}

func TestLint(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	New(Options{Registerer: registry, Canaries: &shelf{canaries: map[string]v1alpha1.CanaryStatus{"shop/foobar": {
		Phase:  v1alpha1.PhaseSucceeded,
		Checks: []v1alpha1.CheckStatus{{Name: v1alpha1.CheckSuccessRate, Verdict: v1alpha1.VerdictPass}},
		Conditions: []v1alpha1.Condition{
			condition(v1alpha1.ConditionTrafficLanded, v1alpha1.ConditionTrue),
			condition(v1alpha1.ConditionMetricsAvailable, v1alpha1.ConditionTrue),
		},
	}}}})
	problems, err := testutil.GatherAndLint(registry)
	if err != nil || len(problems) != 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}
}
