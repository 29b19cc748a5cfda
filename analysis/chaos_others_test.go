package analysis

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"

	"pgregory.net/rapid"
)

// What people, the calendar, other Canaries, webhooks and services do to a rollout.

// someWebhooks are none, or one per point, and two before a step.
func someWebhooks(t *rapid.T) []v1alpha1.Webhook {
	if rapid.IntRange(0, 2).Draw(t, "webhooks") < 2 {
		return nil
	}
	var all []v1alpha1.Webhook
	for i, when := range []v1alpha1.WebhookPoint{
		v1alpha1.BeforeRollout, v1alpha1.BeforeStep, v1alpha1.BeforePromotion, v1alpha1.OnRollback, v1alpha1.AfterRollout,
		v1alpha1.BeforeStep,
	} {
		all = append(all, v1alpha1.Webhook{
			Name: fmt.Sprintf("hook-%d", i), When: when, URL: "http://hook",
			Deadline:  seconds(rapid.SampledFrom([]int{30, 600}).Draw(t, "deadline")),
			OnRefusal: rapid.SampledFrom([]v1alpha1.RefusalAction{v1alpha1.RefusalWait, v1alpha1.RefusalRollBack}).Draw(t, "onRefusal"),
		})
	}
	return all
}

func (c *chaos) freeze() {
	c.others.holds.Freeze = &Freeze{Policy: `RolloutPolicy "freeze"`, Reason: "no"}
	c.passing(func() { c.others.holds.Freeze = nil })
}

func (c *chaos) closeWindow() {
	c.others.holds.Window = &Opening{}
	c.passing(func() { c.others.holds.Window = &Opening{Open: true} })
}

func (c *chaos) depend() {
	c.others.holds.Dependencies = []Dependency{{Name: "other", Found: true}}
	c.passing(func() { c.others.holds.Dependencies = nil })
}

func (c *chaos) queue() {
	c.others.holds.Slots = &Slots{Policy: `RolloutPolicy "few"`, Limit: 2, Running: 2}
	c.passing(func() { c.others.holds.Slots = nil })
}

// shutOut has a caller of stable lack a rule for the candidate for a while, or has nobody know whether one does.
func (c *chaos) shutOut() {
	c.others.access = rapid.SampledFrom([]Access{{Missing: []string{"no TrafficTarget allows it"}}, {Problem: "no answer"}}).Draw(c.t, "access")
	c.passing(func() { c.others.access = Access{} })
}

// disturbWebhooks lets webhooks say no, or nothing, for a while.
func (c *chaos) disturbWebhooks() {
	yes := rapid.Bool().Draw(c.t, "yes")
	after := time.Duration(rapid.SampledFrom([]int{0, 3, 50}).Draw(c.t, "after")) * time.Second
	c.others.webhook = func(Call) (Answer, time.Duration) { return Answer{Yes: yes, Text: "answer"}, after }
	c.passing(func() { c.others.webhook = nil })
}

func (c *chaos) changeCapacity() {
	c.spec.Capacity = rapid.SampledFrom([]v1alpha1.Capacity{v1alpha1.CapacityFull, v1alpha1.CapacityProportional}).Draw(c.t, "capacity")
}

func (c *chaos) mute() {
	c.others.muted = true
	c.passing(func() { c.others.muted = false })
}

// failReadiness lets one pod of a version fail its readiness probe for a while.
func (c *chaos) failReadiness() {
	if len(c.versions) == 0 || c.calm["pods"] {
		return
	}
	name := rapid.SampledFrom(slices.Sorted(maps.Keys(c.versions))).Draw(c.t, "of")
	v := c.versions[name]
	if v.ready == 0 {
		return
	}
	v.ready--
	v.trouble = &Trouble{Pod: "pod", Reason: "NotReady", Kind: TroubleNotReady, Since: c.clock()}
	v.readyAt = c.now.Add(time.Duration(rapid.SampledFrom([]int{5, 30, 90}).Draw(c.t, "for")) * time.Second)
}
