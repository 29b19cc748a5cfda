package analysis

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// storiesOfOthers are those in which people, the calendar, other Canaries, webhooks, autoscalers or pods have a say.
var storiesOfOthers = map[string]story{
	"crash loop":                     {"The new pods crash: the release is rolled back as soon as Kubernetes says so.", storyCrash},
	"crash loop at 25 percent":       {"A pod begins to crash under load: its traffic is taken in one write.", storyCrashLater},
	"webhook before the rollout":     {"A webhook says no for a while: no pod is made, one message is sent, and it goes on by itself.", storyGate},
	"webhook that never says yes":    {"A webhook says no until its deadline: the rollout ends.", storyGateDeadline},
	"webhook refuses promotion":      {"A test suite behind a webhook fails before promotion: the release is rolled back.", storyGateRefuses},
	"window":                         {"The last window of the day closes mid-rollout; the weight stays until the next opens.", storyWindow},
	"rollback outside the window":    {"A release turns bad while no window is open: it is rolled back all the same.", storyWindowRollback},
	"freeze":                         {"A freeze stops a new release from starting, and lets it start when it is lifted.", storyFreeze},
	"freeze mid-rollout":             {"A freeze longer than the step's timeout holds a rollout; the timeout stands still.", storyFreezeMid},
	"queue":                          {"Two other rollouts run, and a policy allows two.", storyQueue},
	"dependency":                     {"A Canary waits for the one it depends on.", storyDependency},
	"revert inside scaleDownDelay":   {"A promoted release is reverted while the old pods are up: they get their traffic back at once.", storyRevertSoon},
	"revert outside scaleDownDelay":  {"A promoted release is reverted when the old pods are gone: the old image climbs the steps.", storyRevertLate},
	"revert during a freeze":         {"Going back to what was stable a moment ago is allowed in a freeze.", storyRevertFrozen},
	"stable down":                    {"Stable lost its pods: the fix gets through, although stable answers nothing.", storyStableDown},
	"bad fix while stable is down":   {"A fix fails too, but stable has no pods: its traffic is taken when stable is back.", storyStableDownBad},
	"steps edited mid-rollout":       {"The steps 10, 20, 50 become 5, 25, 50 at 10%: the next is 25.", storyEdit},
	"autoscaler sees a half-idle v1": {"An autoscaler shrinks the Canary at 50%: neither version gets smaller before the end.", storyAutoscaler},
	"scaled up mid-rollout":          {"An autoscaler doubles the Canary at 25%: both versions grow, the weight stays.", storyScaleUp},
	"scaled to 0 and back":           {"A person scales to 0 mid-rollout and back: the rollout stands where it was.", storyScaleZero},
	"capacity full":                  {"A candidate with capacity Full has all its pods before its first request.", storyFull},
	"promote one step":               {"A person promotes: exactly one step is left.", storyPromote},
	"promote full":                   {"A person promotes fully: the candidate gets its pods, then all traffic.", storyPromoteFull},
	"abort after promote full":       {"Abort wins after promote --full, while the pods start.", storyAbortPromote},
	"config is missing":              {"The target refers to a ConfigMap that does not exist yet.", storyConfig},
	"access is missing":              {"A caller of v1 lacks a rule for v2: v2 has its pods and gets no request, until the rule is there.", storyAccess},
	"access is unknown":              {"Nobody can say who calls v1: the weight stays, also past progressDeadline; abort wins.", storyAccessUnknown},
	"clock set by an hour":           {"Somebody sets the controller's clock forward by an hour mid-step, and right again later.", storyClock},
	"gateway good release":           {"A release of a Canary with a Gateway: each weight counts from when the route is accepted.", storyGateway},
	"gateway says why not":           {"The Gateway does not accept the route: nothing is tested, and the bridge's sentence is shown.", storyGatewayRefuses},
	"gateway CRD comes later":        {"The Gateway API is installed after the Canary was made: it goes on by itself.", storyGatewayLater},
	"gateway deleted":                {"A Canary with a Gateway is deleted: the route leads to the apex again before any version goes.", storyGatewayDeleted},
	"a service is told":              {"A service is told of what it wants, once each, also what happened while it was away.", storyTold},
}

func storyCrash() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{crashes: true})
	t.run(time.Minute)
	return t
}

func storyCrashLater() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("a pod of v2 is killed for its memory, over and over", func() {
		t.versions["v2"].ready, t.versions["v2"].trouble = 0, &Trouble{
			Pod: "shop-v2-abc12", Reason: "CrashLoopBackOff", Kind: TroubleLasting,
			Message: "container app exited with 137 (OOMKilled), 3 restarts", Since: t.now,
		}
		t.versions["v2"].readyAt = t.now.Add(time.Hour)
	})
	t.run(45 * time.Second)
	return t
}

func enforced(s *v1alpha1.CanarySpec) { s.Access.Mode = v1alpha1.AccessEnforce }

func storyAccess() *teller {
	t := adoptedShop(shopSpec(enforced))
	t.do("the next release runs as another ServiceAccount, which web may not call", func() {
		t.others.access.Missing = []string{"no TrafficTarget in namespace shop allows shop/web to call shop/next on port 8080 " +
			"by match all of HTTPRouteGroup shop, as TrafficTarget shop/web allows it for shop/shop"}
	})
	release(t, "2", app{})
	t.run(20 * time.Minute)
	t.do("the TrafficTarget is there", func() { t.others.access = Access{} })
	t.run(50 * time.Second)
	return t
}

func storyAccessUnknown() *teller {
	t := adoptedShop(shopSpec(enforced))
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("the TrafficMetrics of deployments fail", func() {
		t.others.access.Problem = "TrafficMetrics did not answer within 2s"
	})
	t.run(20 * time.Minute)
	t.do("jane aborts", func() {
		t.command = &v1alpha1.Command{ID: "1", Verb: v1alpha1.VerbAbort, By: "jane", Reason: "it is late"}
	})
	t.run(20 * time.Second)
	return t
}

func gate(name string, when v1alpha1.WebhookPoint, onRefusal v1alpha1.RefusalAction) func(*v1alpha1.CanarySpec) {
	return func(s *v1alpha1.CanarySpec) {
		s.Webhooks = append(s.Webhooks, v1alpha1.Webhook{
			Name: name, When: when, URL: "https://gate.example", Deadline: v1alpha1.Dur(2 * time.Minute), OnRefusal: onRefusal,
		})
	}
}

func says(text string, yes map[string]bool) func(Call) (Answer, time.Duration) {
	return func(c Call) (Answer, time.Duration) {
		return Answer{Yes: yes[c.Webhook.Name], Text: text}, 300 * time.Millisecond
	}
}

func storyGate() *teller {
	t := adoptedShop(shopSpec(gate("change-board", v1alpha1.BeforeRollout, v1alpha1.RefusalWait)))
	t.others.webhook = says("403 Forbidden: not before noon", nil)
	release(t, "2", app{})
	t.run(25 * time.Second)
	t.do("the change board says yes", func() { t.others.webhook = nil })
	t.run(40 * time.Second)
	return t
}

func storyGateDeadline() *teller {
	t := adoptedShop(shopSpec(
		gate("load-test", v1alpha1.BeforeStep, v1alpha1.RefusalWait), gate("pager", v1alpha1.OnRollback, ""),
		gate("diary", v1alpha1.AfterRollout, "")))
	t.others.webhook = func(c Call) (Answer, time.Duration) {
		return Answer{Yes: c.Webhook.Name != "load-test" || c.Subject.NextWeight < 25, Text: "503 Service Unavailable"}, time.Second
	}
	release(t, "2", app{})
	t.run(4 * time.Minute)
	return t
}

func storyGateRefuses() *teller {
	t := adoptedShop(shopSpec(gate("smoke-test", v1alpha1.BeforePromotion, v1alpha1.RefusalRollBack)))
	t.others.webhook = says("409 Conflict: 3 of 120 tests failed", nil)
	release(t, "2", app{})
	t.run(2 * time.Minute)
	return t
}

func storyWindow() *teller {
	t := adoptedShop(shopSpec())
	t.others.holds.Window = &Opening{Open: true}
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("the window closes until the next morning", func() {
		t.others.holds.Window = &Opening{Next: t.now.Add(15 * time.Hour)}
	})
	t.run(15 * time.Hour)
	t.do("the window opens", func() { t.others.holds.Window = &Opening{Open: true} })
	t.run(2 * time.Minute)
	return t
}

func storyWindowRollback() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("the window closes until the next morning, and v2 begins to fail", func() {
		t.others.holds.Window = &Opening{Next: t.now.Add(15 * time.Hour)}
		t.behave("2", app{fails: 0.2})
	})
	t.run(2 * time.Minute)
	return t
}

func storyFreeze() *teller {
	t := adoptedShop(shopSpec())
	t.do("somebody freezes the namespace", func() {
		t.others.holds.Freeze = &Freeze{Policy: `RolloutPolicy "year-end"`, Reason: "year-end close"}
	})
	release(t, "2", app{})
	t.run(time.Hour)
	t.do("the policy is deleted", func() { t.others.holds.Freeze = nil })
	t.run(30 * time.Second)
	return t
}

func storyFreezeMid() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("somebody freezes the cluster for an hour", func() {
		t.others.holds.Freeze = &Freeze{Policy: `ClusterRolloutPolicy "incident"`, Reason: "incident 4711", Until: t.now.Add(time.Hour)}
		t.others.holds.Changes = t.now.Add(time.Hour)
	})
	t.run(time.Hour)
	t.do("the freeze is over", func() { t.others.holds = Holds{} })
	t.run(2 * time.Minute)
	return t
}

func storyQueue() *teller {
	t := adoptedShop(shopSpec())
	t.others.holds.Slots = &Slots{Policy: `ClusterRolloutPolicy "two-at-a-time"`, Limit: 2, Running: 2}
	release(t, "2", app{})
	t.run(time.Minute)
	t.do("one of the others ends", func() {
		t.others.holds.Slots = &Slots{Policy: `ClusterRolloutPolicy "two-at-a-time"`, Limit: 2, Running: 1}
	})
	t.run(20 * time.Second)
	return t
}

func storyDependency() *teller {
	t := adoptedShop(shopSpec())
	t.others.holds.Dependencies = []Dependency{{Name: "database", Found: true}}
	release(t, "2", app{})
	t.run(time.Minute)
	t.do("the database is promoted", func() { t.others.holds.Dependencies[0].Ready = true })
	t.run(20 * time.Second)
	return t
}

// promotedShop is a shop whose second release was just promoted; the first one's pods are still up.
func promotedShop() *teller {
	t := adoptedShop(shopSpec())
	t.onLook = nil
	t.ask("2")
	t.runUntil(5*time.Minute, func() bool { return t.status.Stable.Version == "v2" })
	t.run(10 * time.Second)
	t.onLook, t.wrote = t.watch, nil
	t.text.Reset()
	t.watch(look{before: t.status, seen: t.observe(), plan: Plan{Status: t.status}})
	return t
}

func storyRevertSoon() *teller {
	t := promotedShop()
	t.do("the target asks for shop:1 again", func() { t.ask("1") })
	t.run(time.Minute)
	return t
}

func storyRevertLate() *teller {
	t := promotedShop()
	t.run(time.Minute)
	t.do("the target asks for shop:1 again", func() { t.ask("1") })
	t.run(30 * time.Second)
	return t
}

func storyRevertFrozen() *teller {
	t := promotedShop()
	t.do("somebody freezes the namespace because of v2, and the target asks for shop:1 again", func() {
		t.others.holds.Freeze = &Freeze{Policy: `RolloutPolicy "incident"`, Reason: "v2 loses orders"}
		t.ask("1")
	})
	t.run(time.Minute)
	return t
}

func storyStableDown() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Analysis.Baseline = &v1alpha1.BaselineCheck{MaxRatio: "1.5"} }))
	t.do("every pod of v1 dies", func() {
		t.versions["v1"].ready, t.versions["v1"].readyAt = 0, t.now.Add(time.Hour)
	})
	t.run(5 * time.Second)
	release(t, "2", app{})
	t.run(2 * time.Minute)
	return t
}

func storyStableDownBad() *teller {
	t := adoptedShop(shopSpec())
	t.do("every pod of v1 dies", func() {
		t.versions["v1"].ready, t.versions["v1"].readyAt = 0, t.now.Add(100*time.Second)
	})
	t.run(5 * time.Second)
	release(t, "2", app{fails: 0.1})
	t.run(150 * time.Second)
	return t
}

func weights(of ...int32) func(*v1alpha1.CanarySpec) {
	return func(s *v1alpha1.CanarySpec) {
		s.Steps = nil
		for _, w := range of {
			s.Steps = append(s.Steps, v1alpha1.Step{Weight: w, Dwell: v1alpha1.Dur(20 * time.Second)})
		}
	}
}

func storyEdit() *teller {
	t := adoptedShop(shopSpec(weights(10, 20, 50)))
	release(t, "2", app{})
	t.run(15 * time.Second)
	t.do("steps: 5, 25, 50", func() { weights(5, 25, 50)(&t.spec) })
	t.run(90 * time.Second)
	return t
}

func sized(n int32) func(*v1alpha1.CanarySpec) {
	return func(s *v1alpha1.CanarySpec) { s.Replicas = &n }
}

func storyAutoscaler() *teller {
	t := adoptedShop(shopSpec(sized(10), weights(50)))
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("an autoscaler that sees a half-idle v1 writes spec.replicas: 5", func() { sized(5)(&t.spec) })
	t.run(90 * time.Second)
	return t
}

func storyScaleUp() *teller {
	t := adoptedShop(shopSpec(sized(4), weights(25, 50)))
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("an autoscaler writes spec.replicas: 8", func() { sized(8)(&t.spec) })
	t.run(40 * time.Second)
	return t
}

func storyScaleZero() *teller {
	t := adoptedShop(shopSpec(sized(3)))
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("kubectl scale canary shop --replicas=0", func() { sized(0)(&t.spec) })
	t.run(3 * time.Minute)
	t.do("kubectl scale canary shop --replicas=3", func() { sized(3)(&t.spec) })
	t.run(30 * time.Second)
	return t
}

func storyFull() *teller {
	t := adoptedShop(shopSpec(func(s *v1alpha1.CanarySpec) { s.Capacity = v1alpha1.CapacityFull }))
	release(t, "2", app{})
	t.run(20 * time.Second)
	return t
}

func storyPromote() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("jane says promote", func() { t.say(v1alpha1.VerbPromote) })
	t.run(10 * time.Second)
	return t
}

func storyPromoteFull() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("jane says promote --full", func() { t.say(v1alpha1.VerbPromoteFull) })
	t.run(10 * time.Second)
	return t
}

func storyAbortPromote() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(10 * time.Second)
	t.do("jane says promote --full", func() { t.say(v1alpha1.VerbPromoteFull) })
	t.run(time.Second)
	t.do("jane says abort", func() { t.say(v1alpha1.VerbAbort) })
	t.run(40 * time.Second)
	return t
}

func storyConfig() *teller {
	t := adoptedShop(shopSpec())
	t.do("the target asks for shop:2 and refers to a ConfigMap that does not exist", func() {
		t.ask("2")
		t.target.Problem = `Deployment "shop" refers to what does not exist: ConfigMap "settings"`
	})
	t.run(20 * time.Second)
	t.do("the ConfigMap is made", func() { t.target.Problem = "" })
	t.run(20 * time.Second)
	return t
}

func storyTold() *teller {
	t := adoptedShop(shopSpec())
	t.others.sinks = []Sink{{ID: "slack/shop/slack#shop"}, {ID: "webhook/shop/pager", MinSeverity: Problem}}
	t.run(time.Second)
	release(t, "2", app{fails: 0.2})
	t.run(20 * time.Second)
	t.do("no service answers any more", func() { t.others.muted = true })
	t.run(time.Minute)
	t.do("they answer again", func() { t.others.muted = false })
	t.run(time.Minute)
	for _, sink := range t.others.sinks {
		fmt.Fprintf(&t.text, "%s was told announcements %v\n", sink.ID, t.others.told[sink.ID])
	}
	return t
}

func storyClock() *teller {
	t := adoptedShop(shopSpec())
	release(t, "2", app{})
	t.run(30 * time.Second)
	t.do("somebody sets the controller's clock forward by an hour", func() { setControllersClock(t.sim, time.Hour) })
	t.run(2 * time.Minute)
	t.do("somebody sets it right", func() { setControllersClock(t.sim, 0) })
	t.run(2 * time.Minute)
	return t
}
