package analysis

import (
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
)

func say(verb v1alpha1.Verb) *v1alpha1.Command {
	return &v1alpha1.Command{ID: "7", Verb: verb, By: "jane", Reason: "looks fine"}
}

// Each verb in each phase: the phase it leads to, or the sentence with which it is refused.
func TestEachCommandInEachPhase(t *testing.T) {
	const (
		initializing = v1alpha1.PhaseInitializing
		progressing  = v1alpha1.PhaseProgressing
		paused       = v1alpha1.PhasePaused
		promoting    = v1alpha1.PhasePromoting
		succeeded    = v1alpha1.PhaseSucceeded
		rollingBack  = v1alpha1.PhaseRollingBack
		rolledBack   = v1alpha1.PhaseRolledBack
	)
	carriedOut := map[v1alpha1.Verb]map[v1alpha1.Phase]v1alpha1.Phase{
		v1alpha1.VerbAbort:       {progressing: rollingBack, paused: rollingBack, promoting: rollingBack},
		v1alpha1.VerbPromote:     {progressing: progressing, paused: progressing},
		v1alpha1.VerbPromoteFull: {progressing: promoting, paused: promoting},
		v1alpha1.VerbApprove:     {progressing: progressing, paused: paused},
		v1alpha1.VerbPause:       {progressing: paused},
		v1alpha1.VerbResume:      {paused: progressing},
		v1alpha1.VerbRetry:       {rolledBack: progressing},
	}
	for verb, leads := range carriedOut {
		for _, phase := range []v1alpha1.Phase{initializing, progressing, paused, promoting, succeeded, rollingBack, rolledBack} {
			t.Run(string(verb)+" in "+string(phase), func(t *testing.T) {
				s := in(phase)
				s.seen.Command = say(verb)
				plan := s.decide()
				record := plan.Status.LastCommand
				want, fits := leads[phase]
				if !fits {
					refused := string(verb) + " does not fit phase " + string(phase)
					note := "CommandRefused: " + string(verb) + " by jane: looks fine was not carried out: " + refused
					if diff := cmp.Diff([]string{refused, string(phase), note},
						append([]string{record.Refused, string(plan.Status.Phase)}, notes(plan)...)); diff != "" {
						t.Errorf("refused, phase, notes (-want +got):\n%s", diff)
					}
					return
				}
				if record.Refused != "" || plan.Status.Phase != want || len(plan.Notes) == 0 {
					t.Errorf("phase %s, want %s; refused %q, notes %q", plan.Status.Phase, want, record.Refused, notes(plan))
				}
				wantRecord := &v1alpha1.CommandRecord{Command: *say(verb), At: v1alpha1.At(noon)}
				if diff := cmp.Diff(wantRecord, record); diff != "" {
					t.Errorf("record (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestCommands(t *testing.T) {
	waits := func(s *scene) { s.status.Pause.Reason = v1alpha1.PauseApproval }
	unready := func(s *scene) { s.seen.Versions["v2"] = Backend{Endpoints: 1, Replicas: 3} }
	cases := map[string]struct {
		reason string
		in     v1alpha1.Phase
		mod    func(*scene)
		verb   v1alpha1.Verb
		phase  v1alpha1.Phase
		weight int32
		notes  []string
	}{
		"abort takes the weight at once": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbAbort, phase: v1alpha1.PhaseRollingBack,
			notes: []string{"Aborted: rolling back v2 (shop:2) to v1 (shop:1), weight 25% -> 0%: abort by jane: looks fine"},
		},
		"promote leaves the step without evidence": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbPromote, phase: v1alpha1.PhaseProgressing, weight: 50,
			mod:   func(s *scene) { s.status.Step.Passed, s.status.Step.LastWindow, s.status.Checks = 0, nil, nil },
			notes: []string{"WeightRaised: weight 25% -> 50%: promote by jane: looks fine"},
		},
		"promote out of a pause": {
			in: v1alpha1.PhasePaused, verb: v1alpha1.VerbPromote, mod: waits, phase: v1alpha1.PhaseProgressing, weight: 50,
			notes: []string{
				"Resumed: promote by jane: looks fine",
				"WeightRaised: weight 25% -> 50%: promote by jane: looks fine",
			},
		},
		"promote while endpoints are missing": {
			in: v1alpha1.PhaseProgressing, mod: unready, verb: v1alpha1.VerbPromote, phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{"CommandRefused: promote by jane: looks fine was not carried out: waiting for the pods of v2: 1 of 3 endpoints ready"},
		},
		"promote-full while endpoints are missing": {
			in: v1alpha1.PhaseProgressing, mod: unready, verb: v1alpha1.VerbPromoteFull, phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{"CommandRefused: promote-full by jane: looks fine was not carried out: waiting for the pods of v2: 1 of 3 endpoints ready"},
		},
		"promote while suspended": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.spec.Suspend = true }, verb: v1alpha1.VerbPromote,
			phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{"CommandRefused: promote by jane: looks fine was not carried out: spec.suspend is set"},
		},
		"promote while the target is missing": {
			in: v1alpha1.PhaseProgressing, mod: func(s *scene) { s.seen.Target = Target{} }, verb: v1alpha1.VerbPromote,
			phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{"CommandRefused: promote by jane: looks fine was not carried out: " +
				`Deployment "shop" does not exist in this namespace: make it, or point spec.targetRef at one that does`},
		},
		"promote before the first step gives the first weight": {
			reason: "the endpoints became ready in the same look",
			in:     v1alpha1.PhaseProgressing, verb: v1alpha1.VerbPromote, phase: v1alpha1.PhaseProgressing, weight: 5,
			mod:   func(s *scene) { s.status.Step, s.status.Candidate.Weight = nil, 0 },
			notes: []string{"WeightRaised: weight 0% -> 5%: promote by jane: looks fine"},
		},
		"promote-full goes to all traffic": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbPromoteFull, phase: v1alpha1.PhasePromoting, weight: 100,
			notes: []string{
				"Promoting: promoting v2: promote-full by jane: looks fine",
				"WeightRaised: weight 25% -> 100%: 3 of 3 endpoints ready",
			},
		},
		"approve ends a pause that waited for it, and evidence at hand counts": {
			in: v1alpha1.PhasePaused, verb: v1alpha1.VerbApprove, phase: v1alpha1.PhaseProgressing, weight: 50,
			mod: func(s *scene) {
				waits(s)
				s.spec.Steps[1].Approval = v1alpha1.ApprovalRequired
				s.status.Step.LandedAt = ago(3 * time.Hour)
			},
			notes: []string{
				"Resumed: approve by jane: looks fine",
				"WeightRaised: weight 25% -> 50%: 1 window passed and the dwell of 20s is over",
			},
		},
		"approve after hours without evidence does not run into the timeout": {
			in: v1alpha1.PhasePaused, verb: v1alpha1.VerbApprove, phase: v1alpha1.PhaseProgressing, weight: 25,
			mod: func(s *scene) {
				waits(s)
				s.spec.Steps[1].Approval = v1alpha1.ApprovalRequired
				s.status.Step.LandedAt, s.seen.MetricsError = ago(3*time.Hour), "no answer"
			},
			notes: []string{"Resumed: approve by jane: looks fine"},
		},
		"approve in time is remembered, and told": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbApprove, phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{"Resumed: approve by jane: looks fine"},
		},
		"approve does not end a pause that a person asked for": {
			in: v1alpha1.PhasePaused, verb: v1alpha1.VerbApprove, phase: v1alpha1.PhasePaused, weight: 25,
			notes: []string{"Resumed: approve by jane: looks fine"},
		},
		"approve before there is a step": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbApprove, phase: v1alpha1.PhaseProgressing,
			mod: func(s *scene) {
				s.status.Step, s.status.Candidate.Weight, s.status.Candidate.NotReadySince = nil, 0, ago(time.Second)
				unready(s)
			},
			notes: []string{"CommandRefused: approve by jane: looks fine was not carried out: the candidate has not reached a step yet"},
		},
		"resume does not stand in for approve": {
			in: v1alpha1.PhasePaused, mod: waits, verb: v1alpha1.VerbResume, phase: v1alpha1.PhasePaused, weight: 25,
			notes: []string{"CommandRefused: resume by jane: looks fine was not carried out: the step waits for approval: use approve"},
		},
		"resume after a timeout gives the step its time again": {
			in: v1alpha1.PhasePaused, verb: v1alpha1.VerbResume, phase: v1alpha1.PhaseProgressing, weight: 25,
			mod: func(s *scene) {
				s.status.Pause.Reason, s.status.Step.LandedAt = v1alpha1.PauseTimeout, ago(time.Hour)
				s.status.Step.Passed, s.status.Checks = 0, nil
			},
			notes: []string{"Resumed: resume by jane: looks fine"},
		},
		"retry starts the revision as a new version": {
			in: v1alpha1.PhaseRolledBack, verb: v1alpha1.VerbRetry, phase: v1alpha1.PhaseProgressing,
			notes: []string{
				"Resumed: retry by jane: looks fine",
				"NewRevision: new revision: starting v3 (shop:2) beside v1 (shop:1)",
			},
		},
		"a verb that is none": {
			in: v1alpha1.PhaseProgressing, verb: "shout", phase: v1alpha1.PhaseProgressing, weight: 25,
			notes: []string{`CommandRefused: shout by jane: looks fine was not carried out: "shout" is no command: ` +
				"use promote, promote-full, abort, pause, resume, retry or approve"},
		},
		"a command about another revision": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbAbort, phase: v1alpha1.PhaseProgressing, weight: 25,
			mod:   func(s *scene) { s.seen.Command.Revision = "rev-9" },
			notes: []string{"CommandRefused: abort by jane: looks fine was not carried out: it is about revision rev-9, not rev-2"},
		},
		"a command about a revision while none is under test": {
			in: v1alpha1.PhaseSucceeded, verb: v1alpha1.VerbAbort, phase: v1alpha1.PhaseSucceeded,
			mod:   func(s *scene) { s.seen.Command.Revision = "rev-9" },
			notes: []string{"CommandRefused: abort by jane: looks fine was not carried out: it is about revision rev-9, and none is under test"},
		},
		"a command about the revision under test": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbPause, phase: v1alpha1.PhasePaused, weight: 25,
			mod:   func(s *scene) { s.seen.Command.Revision = "rev-2" },
			notes: []string{"Paused: pause by jane: looks fine"},
		},
		"a command about the revision that was rolled back": {
			in: v1alpha1.PhaseRolledBack, verb: v1alpha1.VerbRetry, phase: v1alpha1.PhaseProgressing,
			mod: func(s *scene) { s.seen.Command.Revision = "rev-2"; s.seen.Command.By, s.seen.Command.Reason = "", "" },
			notes: []string{
				"Resumed: retry by someone",
				"NewRevision: new revision: starting v3 (shop:2) beside v1 (shop:1)",
			},
		},
		"a command that was carried out before": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbAbort, phase: v1alpha1.PhaseProgressing, weight: 25,
			mod: func(s *scene) { s.status.LastCommand = &v1alpha1.CommandRecord{Command: *say(v1alpha1.VerbPause)} },
		},
		"a command without an ID is none": {
			in: v1alpha1.PhaseProgressing, verb: v1alpha1.VerbAbort, phase: v1alpha1.PhaseProgressing, weight: 25,
			mod: func(s *scene) { s.seen.Command.ID = "" },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := in(tc.in)
			s.seen.Command = say(tc.verb)
			if tc.mod != nil {
				tc.mod(s)
			}
			plan := s.decide()
			if diff := cmp.Diff(tc.notes, notes(plan)); diff != "" {
				t.Errorf("%s notes (-want +got):\n%s", tc.reason, diff)
			}
			if plan.Status.Phase != tc.phase || plan.Weights.Candidate() != tc.weight {
				t.Errorf("%s at %d%%, want %s at %d%%", plan.Status.Phase, plan.Weights.Candidate(), tc.phase, tc.weight)
			}
		})
	}
}
