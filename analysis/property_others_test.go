package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What people, the calendar, other Canaries and webhooks say is obeyed, whatever else happens; and people can say anything at
// any point.

// No rollout starts while something holds it: a freeze, a closed window, spec.suspend, a dependency or a full queue.
func TestNothingStartsWhileHeld(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		if !hasNote(l.plan, v1alpha1.ReasonNewRevision) {
			return
		}
		h := l.seen.Holds
		waits := slices.ContainsFunc(h.Dependencies, func(d Dependency) bool { return !d.Ready })
		if restrained(l) || waits || (h.Slots != nil && h.Slots.Running >= h.Slots.Limit) {
			c.t.Fatalf("%v with %+v", l.plan.Notes, h)
		}
	})
}

// No pod is made, no weight of a step and no last weight is given before every webhook of that point said yes.
func TestWebhooksAreObeyed(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		after, before := l.plan.Status.Candidate, l.before.Candidate
		if after == nil || after.Returning || l.seen.Deleting {
			return
		}
		if before == nil || before.Version != after.Version {
			before = &v1alpha1.CandidateStatus{}
		}
		must := func(when v1alpha1.WebhookPoint, weight string) {
			for _, w := range l.spec.Webhooks {
				id := after.Version + "/" + string(when) + weight + "/" + w.Name
				open := slices.ContainsFunc(l.plan.Status.Gates, func(g v1alpha1.GateStatus) bool {
					return g.ID == id && g.State == v1alpha1.GateOpen
				})
				if w.When == when && !open {
					c.t.Fatalf("%s was not answered with yes: %v", id, l.plan.Status.Gates)
				}
			}
		}
		if after.Share > 0 && before.Share == 0 {
			must(v1alpha1.BeforeRollout, "")
		}
		switch {
		case after.Weight <= before.Weight:
		case l.plan.Status.Phase == v1alpha1.PhasePromoting:
			must(v1alpha1.BeforePromotion, "")
		default:
			must(v1alpha1.BeforeStep, fmt.Sprintf("/%d", after.Weight))
		}
	})
}

// Only what was stable a moment ago gets its traffic back without steps.
func TestOnlyWhatWasStableReturns(t *testing.T) {
	property(t, func(c *chaos) {
		stable := map[string]bool{}
		c.every = append(c.every, func(c *chaos, l look) {
			if s := l.plan.Status.Stable; s != nil {
				stable[s.Version] = true
			}
			if candidate := l.plan.Status.Candidate; candidate != nil && candidate.Returning && !stable[candidate.Version] {
				c.t.Fatalf("%s returns and never was stable", candidate.Version)
			}
		})
		c.story()
	})
}

// Each service is told of every transition that it wants, in order and once, whatever crashes and however long it was away.
func TestServicesAreToldOnceAndInOrder(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete", "stale cache")
		c.others.sinks = []Sink{{ID: "all"}, {ID: "problems", MinSeverity: Problem}}
		wanted, known := map[string][]string{}, false
		c.every = append(c.every, func(c *chaos, l look) {
			if !l.recorded {
				return
			}
			for _, n := range l.plan.Notes {
				if n.Transition && known {
					wanted["all"] = append(wanted["all"], n.Reason)
				}
				if n.Transition && known && n.Severity == Problem {
					wanted["problems"] = append(wanted["problems"], n.Reason)
				}
			}
			known = true
		})
		c.look() // from now on the services are known
		c.story()
		c.heal()
		c.run(time.Minute)
		for sink, reasons := range wanted {
			if told := c.others.told[sink]; !slices.IsSorted(told) || len(slices.Compact(slices.Clone(told))) != len(told) {
				c.t.Fatalf("%s was told %v", sink, told)
			}
			if told := len(c.others.told[sink]); len(reasons) <= maxAnnouncements && told < len(reasons)-missing(c) {
				c.t.Fatalf("%s was told %d of %d: %v", sink, told, len(reasons), reasons)
			}
		}
	})
}

// missing counts what is recorded and not told yet.
func missing(c *chaos) int { return len(c.status.Announcements) }

// Every command at every point is carried out or refused with a sentence, once; a refused one changes nothing else.
func TestCommandsAtEveryPoint(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete")
		c.part()
		if c.gone {
			return
		}
		seen := c.observe()
		verb := rapid.SampledFrom([]v1alpha1.Verb{
			v1alpha1.VerbPromote, v1alpha1.VerbPromoteFull, v1alpha1.VerbAbort, v1alpha1.VerbPause, v1alpha1.VerbResume,
			v1alpha1.VerbRetry, v1alpha1.VerbApprove,
		}).Draw(c.t, "verb")
		seen.Command = nil
		without := Decide(c.spec, c.status, seen, c.clock())
		seen.Command = &v1alpha1.Command{ID: "now", Verb: verb}
		plan := Decide(c.spec, c.status, seen, c.clock())
		if last := plan.Status.LastCommand; last == nil || last.ID != "now" {
			c.t.Fatalf("%s was not heard", verb)
		}
		again := Decide(c.spec, plan.Status, recorded(seen), c.clock())
		again.Notes = plan.Notes
		mustEqualPlan(c, plan, again)
		if plan.Status.LastCommand.Refused == "" {
			return
		}
		plan.Status.LastCommand = without.Status.LastCommand
		if diff := cmp.Diff(without.Status, plan.Status, cmpopts.EquateEmpty()); diff != "" {
			c.t.Fatalf("a refused %s changes something:\n%s", verb, diff)
		}
	})
}

// An edit of the spec at any point never jumps a planned weight: the next weight is the one of now, the least step above it,
// all traffic when there is none, or nothing.
func TestEditsAtEveryPoint(t *testing.T) {
	property(t, func(c *chaos) {
		c.calms("delete", "steps")
		c.part()
		candidate := c.status.Candidate
		if c.gone || candidate == nil {
			c.t.Skip("nothing to edit under")
		}
		before := someSpec(c.t)
		c.spec.Steps, c.spec.Capacity, c.spec.Webhooks = before.Steps, before.Capacity, before.Webhooks
		c.spec.Analysis, c.spec.Replicas = before.Analysis, before.Replicas
		seen := c.observe() // once: what goes wrong on the way from the metrics server differs each time
		plan := Decide(c.spec, c.status, seen, c.clock())
		again := Decide(c.spec, plan.Status, recorded(seen), c.clock())
		again.Notes = plan.Notes
		mustEqualPlan(c, plan, again)
		after := plan.Status.Candidate
		if after == nil || after.Version != candidate.Version || after.Weight <= candidate.Weight || after.Returning {
			return
		}
		next := int32(100)
		if i := slices.IndexFunc(c.spec.Steps, func(s v1alpha1.Step) bool { return s.Weight > candidate.Weight }); i >= 0 {
			next = c.spec.Steps[i].Weight
		}
		full := c.status.Phase == v1alpha1.PhasePromoting || (c.command != nil && strings.HasPrefix(string(c.command.Verb), "promote"))
		if after.Weight != next && !full {
			c.t.Fatalf("weight %d%% -> %d%% under steps %v", candidate.Weight, after.Weight, c.spec.Steps)
		}
	})
}

// A rollout that nothing but time holds is not timed out for it: the clock of a step stands still while it is held.
func TestHeldStepsDoNotTimeOut(t *testing.T) {
	holds(t, func(c *chaos, l look) {
		timedOut := slices.ContainsFunc(l.plan.Notes, func(n Note) bool { return strings.Contains(n.Message, "more than its timeout") })
		if timedOut && (restrained(l) || (NeedsAccess(l.spec, l.plan.Status) && shutsOut(l))) {
			c.t.Fatalf("%v while held by %+v, %+v", l.plan.Notes, l.seen.Holds, l.seen.Access)
		}
	})
}

// While a rollout runs, no version gets smaller than it was at its beginning, unless a person scales to 0.
func TestAutoscalersDoNotShrinkARollout(t *testing.T) {
	property(t, func(c *chaos) {
		var floor int32
		c.every = append(c.every, func(c *chaos, l look) {
			if l.before.FloorReplicas == nil && l.plan.Status.FloorReplicas != nil && l.recorded {
				floor = askedOf(l)
			}
			if l.plan.Status.Candidate == nil || askedOf(l) == 0 || !l.recorded {
				return
			}
			for _, v := range l.plan.Versions {
				if v.Role == RoleStable && v.Replicas < floor {
					c.t.Fatalf("stable has %d pods, %d when the rollout began", v.Replicas, floor)
				}
			}
		})
		c.story()
	})
}

// askedOf is the size that the spec or the target asks for.
func askedOf(l look) int32 {
	switch {
	case l.spec.Replicas != nil:
		return *l.spec.Replicas
	case l.plan.Status.TargetReplicas != nil:
		return *l.plan.Status.TargetReplicas
	default:
		return 1
	}
}
