package analysis

import (
	"fmt"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// The sentences about what holds a rollout: people, the calendar, others, webhooks and pods.

// suspended is what spec.suspend says.
const suspended = "spec.suspend is set"

func frozen(f Freeze) string {
	if f.Until.IsZero() {
		return fmt.Sprintf("%s freezes rollouts: %s", f.Policy, f.Reason)
	}
	return fmt.Sprintf("%s freezes rollouts until %s: %s", f.Policy, moment(f.Until), f.Reason)
}

func windowClosed(o Opening) string {
	switch {
	case o.Problem != "":
		return o.Problem
	case o.Next.IsZero():
		return "no window of spec.windows is open, and none will be"
	default:
		return fmt.Sprintf("no window of spec.windows is open before %s", moment(o.Next))
	}
}

func waitingFor(d Dependency) string {
	switch {
	case !d.Found:
		return fmt.Sprintf("Canary %q of spec.dependsOn does not exist", d.Name)
	case d.Cycle:
		return fmt.Sprintf("Canary %q of spec.dependsOn waits for this one in turn: take one of the two out", d.Name)
	default:
		return fmt.Sprintf("Canary %q of spec.dependsOn does not run what its target asks for yet", d.Name)
	}
}

func queued(s Slots) string {
	return fmt.Sprintf("%d of the %d rollouts run that %s allows at a time", s.Running, s.Limit, s.Policy)
}

func waitsForWebhook(g v1alpha1.GateStatus) string {
	if g.Asked == 0 {
		return fmt.Sprintf("webhook %s (%s) has not answered yet", g.Webhook, g.When)
	}
	return fmt.Sprintf("webhook %s (%s) answered %s", g.Webhook, g.When, g.Answer)
}

func webhookOverdue(g v1alpha1.GateStatus, late time.Duration) string {
	return fmt.Sprintf("%s, and said no yes for %s", waitsForWebhook(g), span(late))
}

func podsFailing(t Trouble, lasted time.Duration) string {
	if t.Kind == TroubleLasting {
		return trouble(t)
	}
	return fmt.Sprintf("%s for %s", trouble(t), span(lasted))
}

func troubled(v v1alpha1.VersionStatus, t Trouble) string {
	return fmt.Sprintf("%s (%s): %s", v.Version, v.Image, trouble(t))
}

func trouble(t Trouble) string {
	if t.Message == "" {
		return fmt.Sprintf("pod %s is in %s", t.Pod, t.Reason)
	}
	return fmt.Sprintf("pod %s is in %s (%s)", t.Pod, t.Reason, t.Message)
}

func noEndpoints(version string) string { return version + " has no ready endpoint" }

func bringingBack(v, stable v1alpha1.VersionStatus) string {
	return fmt.Sprintf("the target asks for %s (%s) again, which was stable before %s and still has its pods: it gets its traffic back at once",
		v.Version, v.Image, stable.Version)
}

func returned(v, old v1alpha1.VersionStatus, took time.Duration) string {
	return fmt.Sprintf("%s (%s) has its traffic back after %s; %s (%s) retires", v.Version, v.Image, span(took), old.Version, old.Image)
}

// moment writes an instant as people read it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
