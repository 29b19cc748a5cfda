package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/serin-dev/serin/api/v1alpha1"
)

// Every sentence that a user can see is made here, with its numbers.

func adopting(version, image string, replicas int32) string {
	return fmt.Sprintf("adopting the target as %s (%s, %s)", version, image, count(replicas, "pod"))
}

func readopting(version, old string) string {
	return fmt.Sprintf("the target changed before %s served: adopting it as %s", old, version)
}

func adopted(version, image string, endpoints int32) string {
	return fmt.Sprintf("%s (%s) serves with %s", version, image, count(endpoints, "ready endpoint"))
}

func newRevision(candidate, stable v1alpha1.VersionStatus) string {
	return fmt.Sprintf("new revision: starting %s (%s) beside %s (%s)",
		candidate.Version, candidate.Image, stable.Version, stable.Image)
}

func allReady(endpoints, replicas int32) string {
	return fmt.Sprintf("%d of %s ready", endpoints, count(replicas, "endpoint"))
}

func raised(from, to int32, why string) string {
	return fmt.Sprintf("weight %d%% -> %d%%: %s", from, to, why)
}

func landedAfter(weight int32, took time.Duration) string {
	return fmt.Sprintf("weight %d%% is applied by the data plane after %s", weight, span(took))
}

func passedStep(windows int32, dwell time.Duration) string {
	return fmt.Sprintf("%s passed and the dwell of %s is over", count(windows, "window"), span(dwell))
}

func waitsForApproval(position string, weight int32) string {
	return fmt.Sprintf("step %s at %d%% passed and waits for approval", position, weight)
}

func promoting(version, why string) string {
	return fmt.Sprintf("promoting %s: %s", version, why)
}

func promoted(candidate, old v1alpha1.VersionStatus, took time.Duration) string {
	return fmt.Sprintf("%s (%s) is promoted after %s; %s (%s) retires",
		candidate.Version, candidate.Image, span(took), old.Version, old.Image)
}

func rollingBack(candidate, stable v1alpha1.VersionStatus, weight int32, why string) string {
	taken := fmt.Sprintf("weight %d%% -> 0%%", weight)
	if weight == 0 {
		taken = "it had no traffic"
	}
	return fmt.Sprintf("rolling back %s (%s) to %s (%s), %s: %s",
		candidate.Version, candidate.Image, stable.Version, stable.Image, taken, why)
}

func rolledBackAfter(stable v1alpha1.VersionStatus, took time.Duration) string {
	return fmt.Sprintf("%s (%s) has all traffic again after %s", stable.Version, stable.Image, span(took))
}

func rolledBackUnseen(took time.Duration) string {
	return fmt.Sprintf("weight 0%% is written; nobody reported for %s that it is applied", span(took))
}

func reverted(candidate, stable v1alpha1.VersionStatus) string {
	return fmt.Sprintf("the target asks for %s (%s) again: %s (%s) gets no more traffic",
		stable.Version, stable.Image, candidate.Version, candidate.Image)
}

func recovered(stable v1alpha1.VersionStatus) string {
	return fmt.Sprintf("the target asks for %s (%s) again, which serves", stable.Version, stable.Image)
}

func superseded(candidate v1alpha1.VersionStatus, image string) string {
	return fmt.Sprintf("the target asks for %s now: %s (%s) gets no more traffic", image, candidate.Version, candidate.Image)
}

func notReady(version string, endpoints, replicas int32, late time.Duration) string {
	return fmt.Sprintf("%s had %s for %s", version, allReady(endpoints, replicas), span(late))
}

func notLanded(wanted, applied map[string]int64, late time.Duration) string {
	return fmt.Sprintf("the data plane applies %s instead of %s for %s", shares(applied), shares(wanted), span(late))
}

func tookTooLong(position string, took, timeout time.Duration, holding string) string {
	return fmt.Sprintf("step %s took %s, more than its timeout of %s: %s", position, span(took), span(timeout), holding)
}

func failedChecks(checks []v1alpha1.CheckStatus, candidate v1alpha1.VersionStatus) string {
	var parts []string
	for _, c := range checks {
		if c.Verdict == v1alpha1.VerdictFail && !c.DryRun {
			parts = append(parts, fmt.Sprintf("%s %s %s", label(c.Name), c.Value, broken(c)))
		}
	}
	if len(parts) == 0 {
		return noRequests(candidate.Version, checks[0].Window.Of())
	}
	return fmt.Sprintf("%s of %s over %d requests in %s",
		strings.Join(parts, " and "), candidate.Version, checks[0].Requests, span(checks[0].Window.Of()))
}

func failedWindow(why string, failed, limit int32) string {
	return fmt.Sprintf("%s: failed window %d of %d in a row", why, failed, limit)
}

func failedWindows(why string, failed, limit int32, position string) string {
	return fmt.Sprintf("%s at step %s: %s in a row failed, limit %d", why, position, count(failed, "window"), limit)
}

func restoredTarget(ready int32) string {
	return fmt.Sprintf("the target serves again with %s", count(ready, "ready pod"))
}

func byPerson(c v1alpha1.Command) string {
	who := c.By
	if who == "" {
		who = "someone"
	}
	if c.Reason == "" {
		return fmt.Sprintf("%s by %s", c.Verb, who)
	}
	return fmt.Sprintf("%s by %s: %s", c.Verb, who, c.Reason)
}

func commandRefused(c v1alpha1.Command, why string) string {
	return fmt.Sprintf("%s was not carried out: %s", byPerson(c), why)
}

func otherRevision(asked, subject string) string {
	if subject == "" {
		return fmt.Sprintf("it is about revision %s, and none is under test", asked)
	}
	return fmt.Sprintf("it is about revision %s, not %s", asked, subject)
}

func unknownVerb(verb v1alpha1.Verb) string {
	return fmt.Sprintf("%q is no command: use promote, promote-full, abort, pause, resume, retry or approve", verb)
}

// Why a command cannot be carried out now.
const (
	notReached    = "the candidate has not reached a step yet"
	needsApproval = "the step waits for approval: use approve"
)

func notNow(verb v1alpha1.Verb, phase v1alpha1.Phase) string {
	return fmt.Sprintf("%s does not fit phase %s", verb, phase)
}

// label is a check's name in a sentence.
func label(name string) string {
	switch name {
	case v1alpha1.CheckSuccessRate:
		return "success rate"
	case v1alpha1.CheckLatencyP99:
		return "p99"
	case v1alpha1.CheckBaseline:
		return "failure rate"
	default:
		return name
	}
}

// broken turns a bound into its breach: ">= 99%" reads "< 99%".
func broken(c v1alpha1.CheckStatus) string {
	sign, bound, _ := strings.Cut(c.Threshold, " ")
	switch {
	case strings.HasSuffix(c.Value, " slower"):
		return "than " + bound
	case sign == ">=":
		return "< " + bound
	default:
		return "> " + bound
	}
}

// What a check says instead of a number.
const (
	unusable     = "unusable counts"
	notMeasured  = "not measured"
	stableSilent = "stable had no requests"
)

func targetNotFound(name string) string {
	return fmt.Sprintf("Deployment %q does not exist in this namespace: make it, or point spec.targetRef at one that does", name)
}

func waitingForTarget(name string) string { return fmt.Sprintf("waiting for Deployment %q", name) }

func waits(image, why string) string {
	return fmt.Sprintf("the target asks for %s, and its rollout waits: %s", image, why)
}

func heldAt(version string, weight int32, why string) string {
	return fmt.Sprintf("%s stays at %d%%: %s", version, weight, why)
}

func serves(v v1alpha1.VersionStatus) string {
	return fmt.Sprintf("%s (%s) serves", v.Version, v.Image)
}

func scaledByOther(name, owner string, replicas int32) string {
	return fmt.Sprintf("%s of Deployment %q get no traffic, because %s owns its spec.replicas: take spec.replicas out of "+
		"what %s applies, so that Serin can scale it to 0", count(replicas, "pod"), name, owner, owner)
}

func rolledBackBecause(stable v1alpha1.VersionStatus, why string) string {
	return fmt.Sprintf("rolled back, %s (%s) serves: %s", stable.Version, stable.Image, why)
}

func waitingForEndpoints(version string, endpoints, replicas int32) string {
	return fmt.Sprintf("waiting for the pods of %s: %s", version, allReady(endpoints, replicas))
}

func noPods(version string) string {
	return fmt.Sprintf("%s has 0 pods, as asked: nothing can be tested before there is one", version)
}

func noDataPlane(version, said string) string {
	if said != "" {
		return fmt.Sprintf("%s is ready; the TrafficSplit is not applied yet: %s", version, said)
	}
	return fmt.Sprintf("%s is ready; no data plane reports yet that it applies the TrafficSplit", version)
}

func waitingForApex(version string) string {
	return fmt.Sprintf("%s is ready; waiting for the apex to lead to the data plane", version)
}

func landing(version string, weight int32, silence string) string {
	if silence != "" {
		return fmt.Sprintf("%s: weight %d%% is written, and nobody says whether it is applied: %s", version, weight, silence)
	}
	return fmt.Sprintf("%s: weight %d%% is not applied by the data plane yet", version, weight)
}

func testingAt(version string, weight int32, holding string) string {
	return fmt.Sprintf("testing %s at %d%%: %s", version, weight, holding)
}

func failedSoFar(failed, limit int32) string {
	return fmt.Sprintf("%s in a row failed, limit %d", count(failed, "window"), limit)
}

func passedSoFar(passed int32) string { return count(passed, "window") + " passed" }

func underTest(v v1alpha1.VersionStatus) string {
	return fmt.Sprintf("%s (%s) is under test", v.Version, v.Image)
}

func pausedFor(pause *v1alpha1.PauseStatus, weight int32) string {
	reason := v1alpha1.PauseCommand
	if pause != nil {
		reason = pause.Reason
	}
	switch reason {
	case v1alpha1.PauseApproval:
		return fmt.Sprintf("paused at %d%%: waiting for approval", weight)
	case v1alpha1.PauseTimeout:
		return fmt.Sprintf("paused at %d%%: the step took longer than its timeout", weight)
	case v1alpha1.PauseCommand:
	}
	return fmt.Sprintf("paused at %d%% by a person", weight)
}

func promotingAt(v v1alpha1.VersionStatus, weight int32) string {
	return fmt.Sprintf("promoting %s (%s), weight %d%% is not applied by the data plane yet", v.Version, v.Image, weight)
}

func promotionHeld(v v1alpha1.VersionStatus, why string) string {
	return fmt.Sprintf("promoting %s (%s): %s", v.Version, v.Image, why)
}

// How far the removal of a Canary has come.
const (
	restoringNothing = "the Canary is being deleted: there is nothing to restore"
	restoringApex    = "the Canary is being deleted: leading the apex back to the target's pods"
	restoringRoute   = "the Canary is being deleted: the target serves; waiting until the route leads to the apex again and the TrafficSplit may go"
	restoringTraffic = "the Canary is being deleted: the target serves; waiting until no version has traffic"
)

// restoringAlone says which versions have to go before the apex has its own selector back.
func restoringAlone(versions []string) string {
	return fmt.Sprintf("the Canary is being deleted: waiting until %s has no pods, which callers would reach by the apex's own selector",
		strings.Join(versions, " and "))
}

// deletedUnderTest says why the rollout of a candidate ended.
func deletedUnderTest(candidate v1alpha1.VersionStatus) string {
	return fmt.Sprintf("the Canary is being deleted: %s (%s) gets no more traffic", candidate.Version, candidate.Image)
}

func restoringPods(name string, ready, replicas int32) string {
	return fmt.Sprintf("the Canary is being deleted: waiting for the pods of Deployment %q, %d of %d ready", name, ready, replicas)
}

// undecided says what the newest window lacks: its first check that did not pass.
func undecided(checks []v1alpha1.CheckStatus, passed int32) string {
	i := slices.IndexFunc(checks, func(c v1alpha1.CheckStatus) bool { return c.Verdict != v1alpha1.VerdictPass && !c.DryRun })
	if i < 0 {
		return unansweredCheck("")
	}
	what := label(checks[i].Name) + " " + checks[i].Value
	if checks[i].Verdict == v1alpha1.VerdictNoData {
		what = "no requests"
	}
	return fmt.Sprintf("%s in the newest window, %s", what, passedSoFar(passed))
}

func rollingBackNow(v v1alpha1.VersionStatus) string {
	return fmt.Sprintf("rolling back %s (%s): weight 0%% is not applied by the data plane yet", v.Version, v.Image)
}

func appliedBy(w Weights) string {
	return fmt.Sprintf("the data plane applies stable %d%%, candidate %d%%", w.Stable(), w.Candidate())
}

func notAppliedYet(w Weights) string {
	return fmt.Sprintf("the data plane does not apply stable %d%%, candidate %d%% yet", w.Stable(), w.Candidate())
}
