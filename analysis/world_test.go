package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// planned writes the world of a plan in one line.
func planned(p Plan) string {
	var parts []string
	for _, v := range p.Versions {
		parts = append(parts, fmt.Sprintf("%s %s %d", v.Name, v.Role, v.Replicas))
	}
	parts = append(parts,
		map[Existence]string{Leave: "split left", Present: "split kept", Absent: "split gone"}[p.Split],
		fmt.Sprintf("apex %q", p.Apex))
	if p.TargetReplicas != nil {
		parts = append(parts, fmt.Sprintf("target to %d", *p.TargetReplicas))
	}
	return strings.Join(parts, ", ")
}

func TestWorld(t *testing.T) {
	cases := map[string]struct {
		reason string
		in     v1alpha1.Phase
		mod    func(*scene)
		want   string
	}{
		"before the first version has endpoints nothing leads to it": {
			in: v1alpha1.PhaseInitializing, want: `v1 stable 3, split left, apex ""`,
		},
		"an apex that was here before waits for the proxies": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3} },
			want: `v1 stable 3, split kept, apex ""`,
		},
		"an apex that is not there leads to the first version": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) { s.seen.Versions["v1"], s.seen.Apex = Backend{Endpoints: 3, Replicas: 3}, Apex{} },
			want: `v1 stable 3, split kept, apex "Stable"`,
		},
		"proxies that are ready and do not apply the split yet": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				s.seen.Versions["v1"], s.seen.Apex.ProxyEndpoints = Backend{Endpoints: 3, Replicas: 3}, 2
			},
			want: `v1 stable 3, split kept, apex ""`,
		},
		"proxies that apply it": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				s.seen.Versions["v1"], s.seen.Apex.ProxyEndpoints, s.seen.Traffic.Landed = Backend{Endpoints: 3, Replicas: 3}, 2, map[string]int64{"v1": 100}
			},
			want: `v1 stable 3, split kept, apex "Proxy"`,
		},
		"behind a mesh the apex leads to the first version": {
			in: v1alpha1.PhaseInitializing, mod: func(s *scene) {
				s.seen.Versions["v1"] = Backend{Endpoints: 3, Replicas: 3}
				s.drive(v1alpha1.ProviderSplit)
			},
			want: `v1 stable 3, split kept, apex "Stable"`,
		},
		"rest": {in: v1alpha1.PhaseSucceeded, want: `v1 stable 3, split kept, apex "Proxy", target to 0`},
		"all proxies are gone": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Apex.ProxyEndpoints = 0 },
			want: `v1 stable 3, split kept, apex "Stable", target to 0`,
		},
		"the apex belongs to someone else now": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Apex.Foreign = "someone owns it" },
			want: `v1 stable 3, split kept, apex "", target to 0`,
		},
		"the target stays for scaleDownDelay": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.status.AdoptedAt = ago(29 * time.Second) },
			want: `v1 stable 3, split kept, apex "Proxy"`,
		},
		"the target belongs to someone else": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Target.ReplicasOwner, s.seen.Target.Replicas = "kubectl", 3 },
			want: `v1 stable 3, split kept, apex "Proxy"`,
		},
		"someone else's size for the target is the default size of the versions": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Target.ReplicasOwner, s.seen.Target.Replicas = "kubectl", 5 },
			want: `v1 stable 5, split kept, apex "Proxy"`,
		},
		"spec.replicas sizes every version": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) {
				s.spec.Replicas = new(int32)
				*s.spec.Replicas = 8
				s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", LostAt: ago(time.Second)}}
				s.seen.Traffic.Landed["v0"] = 1
			},
			want: `v0 retiring 0, v1 stable 8, v2 candidate 8, split kept, apex "Proxy", target to 0`,
		},
		"no target": {
			in: v1alpha1.PhaseSucceeded, mod: func(s *scene) { s.seen.Target = Target{} },
			want: `v1 stable 3, split kept, apex "Proxy"`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			if tc.mod != nil {
				tc.mod(s)
			}
			if got := planned(s.decide()); got != tc.want {
				t.Errorf("got  %s\nwant %s %s", got, tc.want, tc.reason)
			}
		})
	}
}

func TestRetiring(t *testing.T) {
	lost := func(since *v1alpha1.Time, lostAt time.Duration) func(*scene) {
		return func(s *scene) {
			s.status.Retiring = []v1alpha1.RetiringStatus{{Version: "v0", Revision: "rev-0", Since: since, LostAt: ago(lostAt)}}
			s.seen.Versions["v0"] = Backend{Endpoints: 3, Replicas: 3}
		}
	}
	applied := func(weights map[string]int64, mod func(*scene)) func(*scene) {
		return func(s *scene) { mod(s); s.seen.Traffic.Landed = weights }
	}
	cases := map[string]struct {
		reason string
		in     v1alpha1.Phase
		mod    func(*scene)
		want   string // its state: kept, drained or gone
	}{
		"nobody says what it gets":             {in: v1alpha1.PhaseSucceeded, mod: lost(nil, time.Minute), want: "kept"},
		"the data plane does not name it":      {in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 100}, lost(nil, time.Minute)), want: "drained"},
		"the data plane gives it 0":            {in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 100, "v0": 0}, lost(nil, time.Minute)), want: "drained"},
		"the data plane still gives it 5":      {in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 95, "v0": 5}, lost(nil, time.Minute)), want: "kept"},
		"the data plane applies something old": {in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 50, "v7": 50}, lost(nil, time.Minute)), want: "kept"},
		"the look in which it lost its traffic saw the weights before that": {
			in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 100}, lost(nil, 0)), want: "kept",
		},
		"nobody says anything for the progress deadline": {
			in: v1alpha1.PhaseSucceeded, mod: lost(nil, 121*time.Second), want: "drained",
		},
		"nobody says anything for the progress deadline, at a Gateway": {
			reason: "its route of before is obeyed until a new one is accepted",
			in:     v1alpha1.PhaseSucceeded, want: "kept", mod: func(s *scene) {
				lost(nil, time.Hour)(s)
				s.drive(v1alpha1.ProviderGateway)
			},
		},
		"the data plane gives it 5 for longer than the progress deadline": {
			reason: "its pods would be missed",
			in:     v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 95, "v0": 5}, lost(nil, time.Hour)), want: "kept",
		},
		"the data plane gives it 5 again": {
			in: v1alpha1.PhaseSucceeded, mod: applied(map[string]int64{"v1": 95, "v0": 5}, lost(ago(20*time.Second), time.Minute)), want: "kept",
		},
		"it lost its traffic in the beginning, and nothing serves yet": {
			reason: "the apex may still lead to it",
			in:     v1alpha1.PhaseInitializing, mod: lost(nil, time.Hour), want: "kept",
		},
		"scaleDownDelay is not over": {in: v1alpha1.PhaseSucceeded, mod: lost(ago(29*time.Second), time.Minute), want: "drained"},
		"scaleDownDelay is over":     {in: v1alpha1.PhaseSucceeded, mod: lost(ago(30*time.Second), time.Minute), want: "gone"},
		"there is no scaleDownDelay": {
			in: v1alpha1.PhaseSucceeded, want: "gone", mod: func(s *scene) {
				applied(map[string]int64{"v1": 100}, lost(nil, time.Second))(s)
				s.spec.ScaleDownDelay = v1alpha1.Dur(0)
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			tc.mod(s)
			plan := s.decide()
			got := "gone"
			for _, r := range plan.Status.Retiring {
				if got = "kept"; r.Since != nil {
					got = "drained"
				}
			}
			if got != tc.want {
				t.Errorf("%s, want %s %s", got, tc.want, tc.reason)
			}
			kept := slices.ContainsFunc(plan.Versions, func(v Version) bool { return v.Name == "v0" && v.Role == RoleRetiring })
			if kept != (got != "gone") {
				t.Errorf("planned: %s", planned(plan))
			}
		})
	}
}

func TestHistoryKeepsTheNewestTen(t *testing.T) {
	s := in(v1alpha1.PhaseProgressing, asksFor("1"))
	for i := range 10 {
		s.status.History = append(s.status.History, v1alpha1.RolloutRecord{Message: fmt.Sprint(i)})
	}
	got := s.decide().Status.History
	if len(got) != 10 || got[9].Message != "8" {
		t.Fatalf("%d records, the oldest is %q", len(got), got[len(got)-1].Message)
	}
	want := v1alpha1.RolloutRecord{
		VersionStatus: versionNamed("2"), Outcome: v1alpha1.OutcomeReverted, Reason: "Reverted",
		Message:   "the target asks for v1 (shop:1) again: v2 (shop:2) gets no more traffic",
		StartedAt: ago(5 * time.Minute), EndedAt: v1alpha1.At(noon),
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNumbersInSentences(t *testing.T) {
	cases := map[string][2]string{
		"half a second":             {span(500 * time.Millisecond), "500ms"},
		"a second and a bit":        {span(1234 * time.Millisecond), "1.2s"},
		"a minute":                  {span(time.Minute), "1m"},
		"a minute and a half":       {span(90 * time.Second), "1m30s"},
		"an hour":                   {span(time.Hour), "1h"},
		"an hour and a second":      {span(time.Hour + time.Second), "1h0m1s"},
		"ten minutes":               {span(10 * time.Minute), "10m"},
		"tenths are left out later": {span(12*time.Second + 345*time.Millisecond), "12s"},
		"one":                       {count(1, "pod"), "1 pod"},
		"several":                   {count(0, "pod"), "0 pods"},
		"a short latency":           {milliseconds(1250 * time.Microsecond), "1.3ms"},
		"a long latency":            {milliseconds(2 * time.Second), "2000ms"},
		"weights":                   {shares(map[string]int64{"v2": 5, "v10": 1, "v1": 94}), "v1 94, v2 5, v10 1"},
		"a check of tomorrow":       {label("error-budget"), "error-budget"},
		"nothing to compare with":   {fmt.Sprint(allowedFailures(v1alpha1.AnalysisSpec{})), "0.01"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c[0] != c[1] {
				t.Errorf("got %q, want %q", c[0], c[1])
			}
		})
	}
}
