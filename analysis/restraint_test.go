package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

// waitsFor is the scene of a target that asks for something new while something holds it.
func waitsFor(holds Holds) *scene {
	return in(v1alpha1.PhaseSucceeded, asksFor("2"), func(s *scene) { s.seen.Holds = holds })
}

func TestWhatHoldsANewRolloutIsNamed(t *testing.T) {
	const asks = "the target asks for shop:2, and its rollout waits: "
	cases := map[string]struct {
		holds  Holds
		reason string
		why    string
	}{
		"a freeze without end": {
			Holds{Freeze: &Freeze{Policy: `RolloutPolicy "stop"`, Reason: "audit"}},
			v1alpha1.ReasonFrozen, `RolloutPolicy "stop" freezes rollouts: audit`,
		},
		"a freeze with an end": {
			Holds{Freeze: &Freeze{Policy: `RolloutPolicy "stop"`, Reason: "audit", Until: noon.Add(26 * time.Hour)}},
			v1alpha1.ReasonFrozen, `RolloutPolicy "stop" freezes rollouts until 2026-03-02 14:00 UTC: audit`,
		},
		"a closed window": {
			Holds{Window: &Opening{Next: noon.Add(time.Hour)}},
			v1alpha1.ReasonWindowClosed, "no window of spec.windows is open before 2026-03-01 13:00 UTC",
		},
		"windows that never open": {
			Holds{Window: &Opening{}}, v1alpha1.ReasonWindowClosed, "no window of spec.windows is open, and none will be",
		},
		"windows that cannot be read": {
			Holds{Window: &Opening{Problem: `spec.windows[0].schedule "x" cannot be read`}},
			v1alpha1.ReasonWindowClosed, `spec.windows[0].schedule "x" cannot be read`,
		},
		"a dependency that is not ready": {
			Holds{Dependencies: []Dependency{{Name: "a", Found: true, Ready: true}, {Name: "b", Found: true}}},
			v1alpha1.ReasonWaitingForDependency, `Canary "b" of spec.dependsOn does not run what its target asks for yet`,
		},
		"a dependency that does not exist": {
			Holds{Dependencies: []Dependency{{Name: "b"}}},
			v1alpha1.ReasonWaitingForDependency, `Canary "b" of spec.dependsOn does not exist`,
		},
		"a circle": {
			Holds{Dependencies: []Dependency{{Name: "b", Found: true, Cycle: true}}},
			v1alpha1.ReasonWaitingForDependency, `Canary "b" of spec.dependsOn waits for this one in turn: take one of the two out`,
		},
		"a full queue": {
			Holds{Slots: &Slots{Policy: `ClusterRolloutPolicy "few"`, Limit: 2, Running: 2}},
			v1alpha1.ReasonQueued, `2 of the 2 rollouts run that ClusterRolloutPolicy "few" allows at a time`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			plan := waitsFor(tc.holds).decide()
			c := plan.Status.Condition(v1alpha1.ConditionReconciling)
			got := []string{string(c.Status), c.Reason, c.Message, string(plan.Status.Phase)}
			want := []string{"True", tc.reason, asks + tc.why, "Succeeded"}
			if diff := cmp.Diff(want, got); diff != "" || plan.Status.Candidate != nil || len(plan.Notes) > 0 {
				t.Errorf("(-want +got):\n%s\nnotes %v", diff, plan.Notes)
			}
		})
	}
}

func TestWhatDoesNotHoldARolloutLetsItStart(t *testing.T) {
	cases := map[string]Holds{
		"nothing":         {},
		"an open window":  {Window: &Opening{Open: true}},
		"a free slot":     {Slots: &Slots{Limit: 2, Running: 1}},
		"a ready Canary":  {Dependencies: []Dependency{{Name: "a", Found: true, Ready: true}}},
		"a future freeze": {Changes: noon.Add(time.Hour)},
	}
	for name, holds := range cases {
		t.Run(name, func(t *testing.T) {
			if plan := waitsFor(holds).decide(); plan.Status.Candidate == nil {
				t.Errorf("nothing starts: %s", plan.Status.Message)
			}
		})
	}
}

// gated is a candidate at its second step of three, whose next step waits for a webhook.
func gated(mods ...func(*scene)) *scene {
	return in(v1alpha1.PhaseProgressing, append([]func(*scene){func(s *scene) {
		s.spec.Webhooks = []v1alpha1.Webhook{{
			Name: "gate", When: v1alpha1.BeforeStep, Deadline: v1alpha1.Dur(time.Minute), OnRefusal: v1alpha1.RefusalWait,
		}}
		s.status.Step.LandedAt = ago(time.Minute)
		s.status.Gates = []v1alpha1.GateStatus{{
			ID: "v2/BeforeStep/50/gate", Webhook: "gate", When: v1alpha1.BeforeStep, State: v1alpha1.GateAsked, Since: ago(10 * time.Second),
		}}
	}}, mods...)...)
}

func TestAnswersOfWebhooks(t *testing.T) {
	answer := func(a Answer) func(*scene) { return func(s *scene) { s.seen.Answers = []Answer{a} } }
	state := func(state v1alpha1.GateState, asked int32) func(*scene) {
		return func(s *scene) { s.status.Gates[0].State, s.status.Gates[0].Asked = state, asked }
	}
	const id = "v2/BeforeStep/50/gate"
	cases := map[string]struct {
		mods   []func(*scene)
		weight int32
		state  v1alpha1.GateState
		notes  []string
		call   *Call
	}{
		"no answer yet": {weight: 25, state: v1alpha1.GateAsked, call: &Call{ID: id}},
		"yes": {
			mods: []func(*scene){answer(Answer{ID: id, Yes: true, Text: "200 OK"})}, weight: 50, state: v1alpha1.GateOpen,
			notes: []string{"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"},
		},
		"the first no is told": {
			mods: []func(*scene){answer(Answer{ID: id, Text: "403 Forbidden"})}, weight: 25, state: v1alpha1.GateRefused,
			notes: []string{"WaitingForWebhook: webhook gate (BeforeStep) answered 403 Forbidden"}, call: &Call{ID: id, Ask: 1, Wait: 10 * time.Second},
		},
		"the second no is not": {
			mods:   []func(*scene){state(v1alpha1.GateRefused, 1), answer(Answer{ID: id, Ask: 1, Text: "403 Forbidden"})},
			weight: 25, state: v1alpha1.GateRefused, call: &Call{ID: id, Ask: 2, Wait: 10 * time.Second},
		},
		"an answer that was heard before": {
			mods:   []func(*scene){state(v1alpha1.GateRefused, 1), answer(Answer{ID: id, Ask: 0, Yes: true})},
			weight: 25, state: v1alpha1.GateRefused, call: &Call{ID: id, Ask: 1},
		},
		"an answer to another question": {
			mods:   []func(*scene){answer(Answer{ID: "v1/BeforeStep/50/gate", Yes: true})},
			weight: 25, state: v1alpha1.GateAsked, call: &Call{ID: id},
		},
		"a webhook that was taken out of the spec holds nothing": {
			mods:   []func(*scene){func(s *scene) { s.spec.Webhooks = nil }},
			weight: 50, state: v1alpha1.GateAsked, notes: []string{"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over"},
		},
		"a no that ends the rollout": {
			mods: []func(*scene){
				func(s *scene) { s.spec.Webhooks[0].OnRefusal = v1alpha1.RefusalRollBack },
				answer(Answer{ID: id, Text: "409 Conflict"}),
			},
			notes: []string{"WebhookRefused: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: webhook gate (BeforeStep) answered 409 Conflict"},
		},
		"no yes until the deadline": {
			mods: []func(*scene){func(s *scene) {
				s.status.Gates[0].Since, s.status.PhaseSince = ago(61*time.Second), ago(5*time.Minute)
			}},
			notes: []string{"WebhookRefused: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: webhook gate (BeforeStep) has not answered yet, and said no yes for 1m1s"},
		},
		"a person's pause stops the deadline": {
			mods: []func(*scene){func(s *scene) {
				s.status.Gates[0].Since = ago(2 * time.Minute)
				s.status.Phase, s.status.Pause = v1alpha1.PhasePaused, &v1alpha1.PauseStatus{Reason: v1alpha1.PauseCommand, Since: ago(time.Minute)}
			}},
			weight: 25, state: v1alpha1.GateAsked, call: &Call{ID: id},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := gated(tc.mods...)
			plan := s.decide()
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if plan.Weights.Candidate() != tc.weight {
				t.Errorf("weight %d, want %d", plan.Weights.Candidate(), tc.weight)
			}
			if tc.state != "" && plan.Status.Gates[0].State != tc.state {
				t.Errorf("state %s, want %s", plan.Status.Gates[0].State, tc.state)
			}
			var got *Call
			if len(plan.Calls) > 0 {
				got = &Call{ID: plan.Calls[0].ID, Ask: plan.Calls[0].Ask, Wait: plan.Calls[0].Wait}
			}
			if diff := cmp.Diff(tc.call, got); diff != "" {
				t.Errorf("asks (-want +got):\n%s", diff)
			}
		})
	}
}
