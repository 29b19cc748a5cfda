package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// TestAccess looks at a candidate at its second step of three, which is done, or before its first.
func TestAccess(t *testing.T) {
	const missing = "no TrafficTarget in namespace shop allows shop/web to call shop/next on port 8080, as TrafficTarget shop/web allows it for shop/shop"
	const unknown = "it is not known who calls v1 and what they may ask: TrafficMetrics did not answer within 2s"
	const done = "WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"
	lack := Access{Version: "v2", Missing: []string{missing}}
	first := func(s *scene) {
		s.status.Candidate.Weight, s.status.Step, s.seen.Traffic.Landed = 0, nil, map[string]int64{"v1": 100}
	}
	cases := map[string]struct {
		mode   v1alpha1.AccessMode
		access Access
		mods   []func(*scene)
		weight int32
		notes  []string
		says   string // AccessReady
		waits  string // Reconciling; empty for no matter
	}{
		"every caller may": {
			mode: v1alpha1.AccessEnforce, access: Access{Version: "v2"}, weight: 50, notes: []string{done},
			says: "True AccessMode: the bundled proxy denies what no TrafficTarget allows",
		},
		"a caller lacks a rule before the first weight": {
			mode: v1alpha1.AccessEnforce, access: lack, mods: []func(*scene){first}, says: "False AccessMissing: " + missing,
			waits: "AccessMissing: v2 stays at 0%: " + missing,
		},
		"a caller lacks a rule mid-rollout": {
			mode: v1alpha1.AccessEnforce, access: lack, weight: 25, says: "False AccessMissing: " + missing,
			waits: "AccessMissing: v2 stays at 25%: " + missing,
		},
		"several rules are missing": {
			mode: v1alpha1.AccessEnforce, access: Access{Version: "v2", Missing: []string{missing, "b", "c"}}, weight: 25,
			says: "False AccessMissing: " + missing + "; and 2 more rules like that",
		},
		"nobody can tell": {
			mode: v1alpha1.AccessEnforce, access: Access{Version: "v2", Problem: "TrafficMetrics did not answer within 2s"}, weight: 25,
			says: "False AccessUnknown: " + unknown, waits: "AccessUnknown: v2 stays at 25%: " + unknown,
		},
		"nobody was asked about this candidate": {
			mode: v1alpha1.AccessEnforce, access: Access{Version: "v1"}, weight: 25,
			says: "Unknown AccessUnknown: it is not known yet whether the callers of v1 may call v2",
		},
		"audited only": {
			mode: v1alpha1.AccessAudit, access: lack, weight: 50, notes: []string{done},
			says: "False AccessMissing: " + missing + "; spec.access.mode Audit holds nothing for it",
		},
		"off": {
			mode: v1alpha1.AccessOff, access: lack, weight: 50, notes: []string{done},
			says: "True AccessMode: TrafficTargets are not enforced for this apex",
		},
		"a mesh that Serin does not decide for": {
			mode: v1alpha1.AccessEnforce, access: lack, weight: 25, mods: []func(*scene){func(s *scene) { s.drive(v1alpha1.ProviderSplit) }},
			says: "False AccessMissing: " + missing,
		},
		"a version that returns": {
			mode: v1alpha1.AccessEnforce, access: lack, weight: 100,
			mods: []func(*scene){func(s *scene) {
				s.status.Candidate.Returning, s.status.Step, s.status.Phase = true, nil, v1alpha1.PhasePromoting
			}},
			notes: []string{"WeightRaised: weight 25% -> 100%: 3 of 3 endpoints ready"},
			says:  "True AccessMode: the bundled proxy denies what no TrafficTarget allows",
		},
		"abort wins": {
			mode: v1alpha1.AccessEnforce, access: lack, mods: []func(*scene){func(s *scene) {
				s.seen.Command = &v1alpha1.Command{ID: "7", Verb: v1alpha1.VerbAbort, By: "jane"}
			}},
			notes: []string{"Aborted: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: abort by jane"},
			says:  "True AccessMode: the bundled proxy denies what no TrafficTarget allows",
		},
		"promote does not open a closed door": {
			mode: v1alpha1.AccessEnforce, access: lack, weight: 25, mods: []func(*scene){func(s *scene) {
				s.seen.Command = &v1alpha1.Command{ID: "7", Verb: v1alpha1.VerbPromote, By: "jane"}
			}},
			notes: []string{"CommandRefused: promote by jane was not carried out: " + missing}, says: "False AccessMissing: " + missing,
		},
		"a person who waits for longer than every deadline": {
			mode: v1alpha1.AccessEnforce, access: lack, weight: 25, mods: []func(*scene){func(s *scene) {
				s.status.Step.StartedAt, s.status.Step.LandedAt, s.status.PhaseSince = ago(48*time.Hour), ago(48*time.Hour), ago(48*time.Hour)
			}},
			says: "False AccessMissing: " + missing,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(v1alpha1.PhaseProgressing, func(s *scene) {
				s.spec.Access.Mode, s.seen.Access = tc.mode, tc.access
				s.status.Step.LandedAt, s.status.Step.StartedAt = ago(time.Minute), ago(time.Minute)
			})
			for _, mod := range tc.mods {
				mod(s)
			}
			plan := s.decide()
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if plan.Weights.Candidate() != tc.weight {
				t.Errorf("weight %d, want %d", plan.Weights.Candidate(), tc.weight)
			}
			c := plan.Status.Condition(v1alpha1.ConditionAccessReady)
			if got := string(c.Status) + " " + c.Reason + ": " + c.Message; got != tc.says {
				t.Errorf("AccessReady %s, want %s", got, tc.says)
			}
			c = plan.Status.Condition(v1alpha1.ConditionReconciling)
			if got := c.Reason + ": " + c.Message; tc.waits != "" && got != tc.waits {
				t.Errorf("Reconciling %s, want %s", got, tc.waits)
			}
			if held := tc.waits != ""; held && (plan.Wait == 0 || plan.Wait > 10*time.Second) {
				t.Errorf("looks again after %s, want 10s at most", plan.Wait)
			}
		})
	}
}

func TestNeedsAccess(t *testing.T) {
	cases := map[string]struct {
		in   v1alpha1.Phase
		mod  func(*scene)
		want bool
	}{
		"a candidate is tested":       {in: v1alpha1.PhaseProgressing, want: true},
		"a person paused it":          {in: v1alpha1.PhasePaused, want: true},
		"it has all the traffic":      {in: v1alpha1.PhasePromoting},
		"it loses its traffic":        {in: v1alpha1.PhaseRollingBack},
		"there is no candidate":       {in: v1alpha1.PhaseSucceeded},
		"TrafficTargets mean nothing": {in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.spec.Access.Mode = v1alpha1.AccessOff }},
		"it returns":                  {in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.status.Candidate.Returning = true }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in, func(s *scene) { s.spec.Access.Mode = v1alpha1.AccessEnforce })
			if tc.mod != nil {
				tc.mod(s)
			}
			if got := NeedsAccess(s.spec, s.status); got != tc.want {
				t.Errorf("%t, want %t", got, tc.want)
			}
		})
	}
}
